#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the tests and sums their lines; `make check` comes here.
#
# Each directory with a Makefile below unit, fuzz, native, api, guest, system and
# boot has the targets `all` and `check`; its programs print `ok NAME`,
# `not ok NAME: why` or `skip NAME: why`. A directory whose check fails without
# saying which test failed, or that ran nothing, counts as a failure itself.
# The last line is `N passed, N failed, N skipped`; the status is 0 only if
# something passed and nothing failed.
#
#   run.sh [PART...]		unit fuzz native selftests boots lint
#   run.sh deep [ITEM]		what takes hours; finished items are remembered
#				under build/check/deep until the sources change, and
#				build/check/deep/record has a line for each run
#   run.sh items		the names of those
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../.." && pwd)
out=$top/build/check
mkdir -p "$out"
passed=0 failed=0 skipped=0 result=0
declare -a broken=() times=()

# Each part's share of an hour on two cores, in minutes, and its directories.
share_of() {
	case $1 in
	unit) echo 6 ;; fuzz) echo 4 ;; native) echo 8 ;; selftests) echo 14 ;;
	boots) echo 18 ;; lint) echo 6 ;; *) echo 60 ;;
	esac
}
folders_of() {
	case $1 in
	selftests) echo "api guest system hostile kselftest" ;;
	boots) echo boot ;;
	lint) echo series ;;
	*) echo "$1" ;;
	esac
}

# sum NAME STATUS LOG: counts a log's lines and says what went wrong.
sum() {
	local name=$1 status=$2 log=$3 p f s
	result=0
	p=$(grep -ac '^ok ' "$log")
	f=$(grep -ac '^not ok ' "$log")
	s=$(grep -ac '^skip ' "$log")
	# Who has only this output, as CI does, must see why, and not only what.
	awk '/^skip / { print; next }
	     /^ok / { next }
	     /^not ok / { for (i = n > 45 ? n - 45 : 0; i < n && told < 5; i++) print said[i]
			  told++; n = 0; print; next }
	     { said[n++] = "    " substr($0, 1, 300) }' "$log"
	if [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then
		echo "not ok $name: ended with status $status; the end of its output:"
		tail -15 "$log" | sed 's/^/    /'
		f=1
	elif [ $((p + f + s)) -eq 0 ]; then
		echo "not ok $name: ran no test"
		f=1
	fi
	[ "$f" -eq 0 ] || { broken+=("$name: $log"); result=1; }
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '   %-28s %4d passed %3d failed %3d skipped\n' "$name" "$p" "$f" "$s"
}

check_folder() {	# check_folder DIR TARGET SECONDS
	local dir=$1 target=$2 limit=$3 name log t0=$SECONDS status turn
	name=${dir#"$here"/}
	log=$out/${name//\//-}.log
	[ "$target" = check ] || { name=$name:$target; log=${log%.log}-$target.log; }
	# Not ours: the variables of the make that called, KERNEL among them.
	# Where a test host ran a breakpoint that QEMU had kept (testing.rst), by the proof
	# that testhost asks for, nothing was tested: once more, and not more often.
	for turn in first again; do
		: > "$out/stale"
		( unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KERNEL HOST
		  export TESTHOST_STALE=$out/stale
		  make -C "$dir" -j2 all && timeout -k 10 "$limit" make -C "$dir" "$target" ) \
			> "$log" 2>&1 < /dev/null
		status=$?
		[ "$status" -ne 0 ] && [ -s "$out/stale" ] && [ $turn = first ] || break
		cp "$log" "$log.stale"
		echo "   $name: once more, QEMU ran a breakpoint that was gone ($log.stale)"
	done
	[ "$status" -ne 124 ] || echo "not ok $name: not done after $limit s" >> "$log"
	sum "$name" "$status" "$log"
	[ $((SECONDS - t0)) -lt 60 ] || printf '   %-28s %d s\n' "" $((SECONDS - t0))
	return $result
}

makefiles() {		# the folders of a part that can check something
	local f
	for f in $(folders_of "$1"); do
		[ -d "$here/$f" ] || continue
		find "$here/$f" -name Makefile -exec grep -lE '^check *:' {} + |
			sort | xargs -r -n1 dirname
	done
}

part() {
	local name=$1 t0=$SECONDS d share minutes
	share=$(share_of "$name")
	echo "== $name"
	if [ "$name" = lint ]; then
		"$top/scripts/lint.sh" > "$out/lint.log" 2>&1
		sum lint $? "$out/lint.log"
	fi
	for d in $(makefiles "$name"); do
		check_folder "$d" check 3000
	done
	minutes=$(awk -v s=$((SECONDS - t0)) 'BEGIN { printf "%.1f", s / 60 }')
	times+=("$(printf '%-10s %5s minutes of %s' "$name" "$minutes" "$share")")
	if [ $((SECONDS - t0)) -gt $((share * 120)) ]; then
		times+=("  $name took more than twice its share")
	fi
}

deep_folders() {
	find "$here" -name Makefile -exec grep -lE '^list-deep *:' {} + | sort |
		xargs -r -n1 dirname
}

# A line of what an item came to: for the table in Documentation/vmbt/testing.rst.
# A test whose outcome hangs on chance prints `# seed N`.
record() {		# record ITEM STATUS SECONDS LOG
	local commit seed
	commit=$(git -C "$top" rev-parse --short HEAD 2> /dev/null || echo none)
	[ -z "$(git -C "$top" status --porcelain -uno 2> /dev/null)" ] || commit+=+
	seed=$(grep -aoE '^# ([^:]*: )?(first )?seed [0-9x]+' "$4" | grep -oE '[0-9x]+$' | sort -u | xargs)
	printf '%s %s %s: %s ok, %s not ok, %s skip, seed %s, %s s\n' "$(date -u +%F)" \
		"$commit" "$1" "$(grep -ac '^ok ' "$4")" "$(grep -ac '^not ok ' "$4")" \
		"$(grep -ac '^skip ' "$4")" "${seed:--}" "$3" >> "$out/deep/record"
	return "$2"
}

# Long checks: each folder's deep items, `make list-deep` prints their targets.
deep() {
	local d item mark key found= t0 name
	key=$(cd "$top" && cat $(git ls-files arch drivers include tools/vmbt-run) |
	      cksum | cut -d' ' -f1)
	mkdir -p "$out/deep/$key"
	for d in $(deep_folders); do
		for item in $(make -s -C "$d" list-deep); do
			[ -z "${1:-}" ] || [ "$1" = "$item" ] || continue
			found=1
			mark=$out/deep/$key/$item
			if [ -e "$mark" ] && [ -z "${1:-}" ]; then
				echo "   $item: done before ($(< "$mark"))"
				passed=$((passed + 1))
				continue
			fi
			echo "== $item"
			t0=$SECONDS name=${d#"$here"/}
			check_folder "$d" "$item" 7200
			record "$item" $? $((SECONDS - t0)) "$out/${name//\//-}-$item.log" &&
				date > "$mark"
		done
	done
	[ -n "$found" ] || echo "no item ${1:-}: see ITEM= in make help"
}

if [ "${1:-}" = items ]; then
	for d in $(deep_folders); do
		make -s -C "$d" list-deep
	done | xargs
	exit 0
fi
if [ "${1:-}" = deep ]; then
	deep "${2:-}"
else
	[ $# -ne 0 ] || set -- unit fuzz native selftests boots lint
	for p in "$@"; do
		case $p in
		unit|fuzz|native|selftests|boots|lint) part "$p" ;;
		*) echo "not ok $p: no such part"; failed=$((failed + 1)) ;;
		esac
	done
	echo
	printf '%s\n' "${times[@]}"
fi
if [ ${#broken[@]} -ne 0 ]; then
	echo
	echo "the whole output of what failed:"
	printf '  %s\n' "${broken[@]}"
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -ne 0 ]
