#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The patches of `make series`, of the files as they are: applied one after the
# other to the kernel's files, and at each step
#
#   - the message says why, in more than a line, and is signed off
#   - what the patch brings compiles with what is there by then: C files of the
#     image by themselves, the image once all of it is there, vmbt-run. The module
#     as a whole can be built from one patch on (`join the kernel's build`), and
#     none behind it touches it: lint has built it
#   - get_maintainer.pl has an answer for every new file
#
# and at the end the documentation is built alone, without a warning.
#
#   series.sh DIR
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)
O=$1
mkdir -p "$O"
status=0
ok() { echo "ok series-$1"; }
bad() { echo "not ok series-$1"; status=1; }

cd "$top"
if ! WORKTREE=1 scripts/series.sh > "$O/series.log" 2>&1; then
	tail -5 "$O/series.log"
	bad "apply: git am fails"
	exit 1
fi
ok apply

# The image's flags, by its own Makefile.
unset MAKEFLAGS MFLAGS MAKELEVEL
flags=$(make -s --no-print-directory -C arch/x86/vmbt/vmm -f - flags <<< $'include Makefile\nflags:\n\t@echo $(CFLAGS)')
git=(git -C build/series/tree)
tree=$O/tree
rm -rf "$tree"
"${git[@]}" worktree prune
"${git[@]}" worktree add -q --detach "$top/${tree#"$top"/}" base 2> /dev/null ||
	"${git[@]}" worktree add -q --detach "$tree" base || { bad worktree; exit 1; }
joined=
n=0
for c in $("${git[@]}" rev-list --reverse base..series); do
	n=$((n + 1))
	git -C "$tree" checkout -q "$c"
	subject=$(git -C "$tree" log -1 --format=%s)
	why=
	body=$(git -C "$tree" log -1 --format=%b | grep -v '^Signed-off-by' | wc -w)
	[ "$body" -ge 25 ] || why="says why in $body words"
	git -C "$tree" log -1 --format=%b | grep -q '^Signed-off-by: .*@' || why="not signed off"
	while read -r f; do
		case $f in
		arch/x86/vmbt/vmm/*.c)
			(cd "$tree/arch/x86/vmbt/vmm" &&
			 gcc $flags -fsyntax-only "${f#arch/x86/vmbt/vmm/}") > "$O/step.log" 2>&1 ||
				why="does not compile: $f" ;;
		arch/x86/vmbt/vmm/Makefile)
			make -s -C "$tree/arch/x86/vmbt/vmm" O="$O/vmm" > "$O/step.log" 2>&1 ||
				why="the image does not build" ;;
		tools/vmbt-run/Makefile)
			make -s -C "$tree/tools/vmbt-run" O="$O/run" > "$O/step.log" 2>&1 ||
				why="vmbt-run does not build" ;;
		arch/x86/vmbt/Kconfig)
			joined=$c ;;
		esac
	done < <(git -C "$tree" diff --name-only --diff-filter=A HEAD~1 HEAD)
	if [ -z "$why" ]; then ok "patch-$n ${subject%%:*}"; else
		bad "patch-$n: $subject: $why"
		[ ! -s "$O/step.log" ] || head -5 "$O/step.log" | sed 's/^/    /'
	fi
done
if [ -n "$joined" ] &&
   git -C "$tree" diff --quiet "$joined" series -- arch drivers include; then
	ok joined
else
	bad "joined: a patch behind the one that joins the build touches the module"
fi

# Of the whole series: who is asked about each file, and by name. The entry has
# folders, so one file of each folder tells.
"$top/scripts/linux-tree" || { bad tree; exit 1; }
L=$top/build/linux/tree
none=$(cd "$L" && "${git[@]/build/$top/build}" diff --name-only --diff-filter=A base series |
	awk -F/ '{ d = $0; sub(/[^\/]*$/, "", d) } !seen[d]++' | while read -r f; do
		perl scripts/get_maintainer.pl --no-tree --no-git --no-git-fallback \
			--no-rolestats -f "$f" 2> /dev/null | grep -qi "$(git -C "$top" \
			config user.email || echo vmbt@localhost)" || echo "$f"
	done)
if [ -z "$none" ]; then ok maintainers; else bad "maintainers: none for $(head -3 <<< "$none" | xargs)"; fi

# A number of our own, where nobody else's is.
if grep -q '^0xBE  00-1F  linux/vmbt.h' "$L/Documentation/userspace-api/ioctl/ioctl-number.rst" &&
   [ "$(grep -c '^0xBE' "$L/Documentation/userspace-api/ioctl/ioctl-number.rst")" -eq 1 ] &&
   grep -q 'define VMBTIO[[:space:]]*0xbe$' include/uapi/linux/vmbt.h; then
	ok ioctl-number
else
	bad "ioctl-number: 0xBE is not ours, or not VMBTIO"
fi

if make -C "$L" O="$O/docs" SPHINXDIRS=vmbt htmldocs > "$O/docs.log" 2>&1 &&
   ! grep -E 'vmbt.*(WARNING|ERROR)' "$O/docs.log" &&
   [ -s "$O/docs/Documentation/output/vmbt/index.html" ]; then
	ok htmldocs
else
	tail -3 "$O/docs.log" | sed 's/^/    /'
	bad "htmldocs: series-check/docs.log"
fi

# And for a newer kernel.
"$top/tools/testing/selftests/vmbt/series/newer.sh" "$O" || status=1
exit $status
