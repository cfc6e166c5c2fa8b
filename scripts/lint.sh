#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The gates of the sources, with test lines for run.sh:
#
#   checkpatch.pl --strict and kernel-doc for every C file
#   gcc and clang: W=1, in a Linux tree that the series was applied to, with
#	KASAN, lockdep, IBT and retpolines (scripts/linux-tree), the image and
#	the programs as well; sparse beside gcc
#   Coccinelle: the kernel's own scripts
#   the header of user space alone, as C and as C++
#   an SPDX line in each file, no path of a machine, no binary, and each list of
#	exceptions with at most ten lines, each with its reason
#
# What was found clean is remembered by content under build/lint, for files and
# for parts: the second run takes seconds. FRESH=1 forgets it.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
top=$PWD
L=$top/build/lint
status=0
good() { echo "ok $1"; }
bad() { echo "not ok $1"; status=1; }
indent() { head -"${1:-20}" | sed 's/^/    /'; }
[ -z "${FRESH:-}" ] || rm -rf "$L" build/linux/{gcc,clang}/{arch/x86/vmbt,.lint}
mkdir -p "$L/clean"

checkpatch=build/checkpatch/checkpatch.pl
[ -e "$checkpatch" ] || scripts/fetch.sh checkpatch
here() { while read -r f; do [ ! -e "$f" ] || echo "$f"; done; }
mapfile -t code < <(git ls-files -- '*.c' '*.h' '*.S' | here)
[ ${#code[@]} -ne 0 ] || bad "checkpatch: found no file"

# What is not asked for: a kind of complaint, or one for a file or a folder.
for f in scripts/checkpatch.ignore scripts/coccinelle.ignore; do
	if [ "$(wc -l < "$f")" -le 10 ] && ! grep -v '[^[:space:]].*# .' "$f"; then
		good "exceptions ${f#scripts/}"
	else
		bad "exceptions ${f#scripts/}: ten lines, each with its reason"
	fi
done
kinds() {
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' scripts/checkpatch.ignore |
		awk -v f="$1" -F: 'NF == 1 { print $1 } NF == 2 && index(f, $1) == 1 { print $2 }' |
		xargs | tr ' ' ,
}

# One file, in a process of its own: two at a time.
check_file() {
	local f=$1 out
	out=$(perl "$checkpatch" --strict --no-tree --terse --no-summary --show-types \
		--max-line-length=100 --ignore "$(kinds "$f")" -f "$f" 2>&1
	      perl "$tree/scripts/kernel-doc" -none "$f" 2>&1)
	if [ -z "$out" ]; then
		echo "ok checkpatch $f"
		: > "$L/clean/$2"
	else
		printf 'not ok checkpatch %s: %s complaints\n%s\n' "$f" "$(wc -l <<< "$out")" "$out"
	fi
}

scripts/linux-tree || { bad "tree: the series does not apply"; exit 1; }
tree=build/linux/tree
tools=$(cat "$checkpatch" "$tree/scripts/kernel-doc" scripts/checkpatch.ignore | cksum | tr ' ' -)
todo=()
while read -r sum _ f; do
	if [ -e "$L/clean/$sum-$tools-${f//\//-}" ]; then
		good "checkpatch $f"
	else
		todo+=("$f $sum-$tools-${f//\//-}")
	fi
done < <(printf '%s\0' "${code[@]}" | xargs -0 cksum)
export -f check_file kinds
export checkpatch tree L
[ ${#todo[@]} -eq 0 ] ||
	printf '%s\n' "${todo[@]}" | xargs -P2 -L1 bash -c 'check_file "$1" "$2"' _ > "$L/checkpatch.out"
[ ${#todo[@]} -eq 0 ] || cat "$L/checkpatch.out"
! grep -q '^not ok' "$L/checkpatch.out" 2> /dev/null || [ ${#todo[@]} -eq 0 ] || status=1

# part NAME FILE...: is there anything new to say about these files?
key=
part() {
	key=$L/clean/part-$1-$(cat scripts/lint.sh scripts/linux-tree scripts/debug.config \
		scripts/coccinelle.ignore "${@:2}" | cksum | tr ' ' -)
	[ ! -e "$key" ] || { good "$1"; return 1; }
}
done_part() { good "$1"; rm -f "$L/clean/part-$1"-*; : > "$key"; }
mapfile -t kernel < <(git ls-files -- arch drivers include patches | here)
mapfile -t prog < <(git ls-files -- tools include '*.h' | grep '\.[ch]$' | here | sort -u)

# In the tree: objects of vmbt's directories, all of them new. A warning leaves
# none behind, so that the next run sees it again.
build() {
	local cc=$1 obj=build/linux/$1
	shift
	scripts/linux-tree "$cc" || { bad "$cc: no tree to build in"; return; }
	rm -rf "$obj/arch/x86/vmbt"
	make -C "$tree" O="$top/$obj" "$@" W=1 -k -j2 arch/x86/vmbt/ > "$L/$cc.log" 2>&1
	local ret=$?
	# The tree is not built as a whole: nothing is known of other symbols.
	if [ $ret -ne 0 ] || grep -qE '(warning|error):' "$L/$cc.log"; then
		bad "$cc: status $ret, $(grep -cE 'warning:' "$L/$cc.log") warnings: build/lint/$cc.log"
		grep -E '(warning|error):' "$L/$cc.log" | sort -u | indent
	else
		done_part "$cc"
	fi
}
ccache=
! command -v ccache > /dev/null || ccache="ccache "
if part gcc "${kernel[@]}"; then
	build gcc CC="${ccache}gcc" HOSTCC="${ccache}gcc" C=1 CHECK=sparse
fi
if part clang "${kernel[@]}"; then
	build clang LLVM=1 CC="${ccache}clang" HOSTCC="${ccache}clang"
fi

# The image has flags of its own, and sparse does not see it there.
if part sparse-image "${kernel[@]}"; then
	out=$(git ls-files 'arch/x86/vmbt/vmm/*.c' | here | xargs sparse -m64 -std=gnu11 \
		-D__x86_64__ -Wall -Wno-decl -ffreestanding 2>&1)
	if [ -z "$out" ]; then done_part sparse-image; else
		bad "sparse-image: $(wc -l <<< "$out") lines"
		indent <<< "$out"
	fi
fi

# Programs and tests: gcc builds them with -Werror; here clang reads them. Not modules.
if part clang-programs "${prog[@]}"; then
	t=tools/testing/selftests/vmbt
	flags=(-fsyntax-only -std=gnu11 -D_GNU_SOURCE= -Wall -Wextra
		-Wno-missing-field-initializers -Wno-gnu-variable-sized-type-not-at-end
		-Itools/vmbt-run -Itools/vmbt-run/chip -Itools/vmbt-run/backend
		-Itools/vmbt-run/display -Itools/vmbt-run/frontend
		-I$t/unit/runner -I$t/lib -I$t/api -Iarch/x86/vmbt/vmm/chip
		-Iarch/x86/vmbt/include -idirafter include/uapi)
	out=$(git ls-files 'tools/*.c' | grep -v -e fakehost -e '_mod\.c$' | here | while read -r f; do
		m=
		case $f in */guestprog/*|*/system/*|*/compat.c|*/bare.c) m=-m32 ;; esac
		# Two headers are called monitor.h.
		first=arch/x86/vmbt/include
		[[ $f != tools/vmbt-run/* ]] || first=tools/vmbt-run
		clang $m -I"$first" "${flags[@]}" -I"$(dirname "$f")" \
			${m:+-idirafter /usr/include/$(gcc -print-multiarch)} "$f" 2>&1
	done)
	if [ -z "$out" ]; then done_part clang-programs; else
		bad "clang-programs: $(grep -c 'warning:' <<< "$out") warnings"
		grep -E 'warning:|error:' <<< "$out" | indent
	fi
fi

# The kernel's scripts, as `make coccicheck MODE=report` runs them, a folder at a
# time; an exception is for a script, or for a script in a file.
skip=" $(sed 's/[[:space:]]*#.*//' scripts/coccinelle.ignore | xargs) "
mapfile -t cocci < <(find "$tree/scripts/coccinelle" -name '*.cocci' | sort)
[ ${#cocci[@]} -gt 60 ] || bad "coccinelle: ${#cocci[@]} scripts"
for d in arch/x86/vmbt drivers/vmbt tools/vmbt-run; do
	what=coccinelle-${d##*/}
	[ "$d" != arch/x86/vmbt ] || what=coccinelle-x86
	mapfile -t files < <(git ls-files -- "$d" | here)
	part "$what" "${files[@]}" || continue
	for c in "${cocci[@]}"; do
		name=${c#"$tree"/scripts/coccinelle/}
		[[ $skip != *" ${name%.cocci} "* ]] || continue
		but=$(sed -n "s,^${name%.cocci}:\([^[:space:]]*\).*,\1:,p" scripts/coccinelle.ignore)
		opt=$(sed -n 's,^// Options: *,,p' "$c" | head -1)
		# shellcheck disable=SC2086
		{ spatch -D report --very-quiet --no-show-diff --use-coccigrep \
			--cocci-file "$c" $opt --dir "$tree/$d" \
			-I "$tree/arch/x86/include" -I "$tree/include" \
			-I "$tree/include/uapi" 2> "$L/coccinelle.err" ||
			echo "$c: $(tail -1 "$L/coccinelle.err")"
		} | grep -vF "${but:-no such file}"
	done > "$L/$what.out"
	if [ -s "$L/$what.out" ]; then
		bad "$what: $(wc -l < "$L/$what.out") lines"
		indent < "$L/$what.out"
	else
		done_part "$what"
	fi
done

# As `make headers` installs it, without any other of this tree.
uapi=$L/uapi
mkdir -p "$uapi/linux" "$uapi/scripts"
[ -x "$uapi/scripts/unifdef" ] || cc -w -o "$uapi/scripts/unifdef" "$tree/scripts/unifdef.c"
for f in include/uapi/linux/*.h; do
	(cd "$uapi" && sh "$top/$tree/scripts/headers_install.sh" "$top/$f" \
		"${f#include/uapi/}") 2>&1 | indent
done
for l in c c++; do
	bad_headers=$([ -s "$uapi/linux/vmbt.h" ] || echo "it was not installed")
	for f in "$uapi"/linux/*.h; do
		for std in $([ $l = c ] && echo c99 gnu11 || echo c++11 c++17); do
			out=$(echo "#include <linux/$(basename "$f")>" |
				clang -x $l -std=$std -fsyntax-only -Wall -Wextra -Werror \
					-idirafter "$uapi" - 2>&1) || bad_headers+="$out"
		done
	done
	if [ -z "$bad_headers" ]; then good "uapi $l"; else
		bad "uapi $l: does not compile alone"
		indent <<< "$bad_headers"
	fi
done

mapfile -t text < <(git ls-files -- '*.c' '*.h' '*.S' '*.sh' '*.py' '*.rst' '*Makefile' \
		    '*Kconfig' '*Kbuild' '*.mk' scripts .ci | while read -r f; do
	[ -e "$f" ] && [ "${f##*.}" != txt ] && [ "${f##*.}" != ignore ] && echo "$f"; done)
none=$(for f in "${text[@]}"; do
	head -3 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)
if [ -z "$none" ]; then good spdx; else bad "spdx: missing in $(xargs <<< "$none")"; fi

paths=$(git grep -nIE '(^|[^[:alnum:]_./])/(work|root|home)/[[:alnum:]]' -- . \
	':!scripts/lint.sh' ':!scripts/guest-init' | head -5)
if [ -z "$paths" ]; then good paths; else bad "paths: a machine's own: $paths"; fi

bins=$(git ls-files --eol | grep -E '^i/-text' | head -5)
if [ -z "$bins" ]; then good binaries; else bad "binaries: $bins"; fi
exit $status
