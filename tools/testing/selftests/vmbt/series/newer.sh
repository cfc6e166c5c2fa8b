#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The series for a kernel newer than any that Debian 12 has sources of: 7.x, with
# what patches/7.x changes.
#
#   - it is made for a stand-in: 6.12's own files, changed around the places that
#     the series touches as they are in 7.x, and headers with what 7.x's have.
#     All of patches/7.x must be wanted there and apply, and nothing that
#     patches/7.x/gone names be left in the host's half of vmbt
#   - for each build/source/linux-source-7.*.tar.xz it is made, applied and
#     compiled. Without one that is skipped, so that nothing of it has been
#     compiled against a 7.x kernel yet
#
#   newer.sh DIR		after scripts/series.sh, which leaves 6.12's files
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)
O=$1
F=$O/linux-source-7.0
base=(git -C "$top/build/series/tree")
status=0
ok() { echo "ok series-7.x-$1"; }
bad() { echo "not ok series-7.x-$1"; status=1; }

# change FILE SED...: a file of 6.12's, as the newer kernel has it
change() {
	local f=$1
	shift
	mkdir -p "$F/$(dirname "$f")"
	"${base[@]}" show "base:$f" | sed "$@" > "$F/$f"
	! "${base[@]}" show "base:$f" | cmp -s - "$F/$f" || bad "stand-in: $f is 6.12's"
}
# has FILE LINE: a header, of which this line is all that matters here
has() {
	mkdir -p "$F/$(dirname "$1")"
	echo "$2" > "$F/$1"
}
stand_in() {
	rm -rf "$F"
	change arch/x86/Kbuild '1a\\nobj-y += boot/startup/'
	change arch/x86/Kconfig '/^source .*\/kvm\/Kconfig/a\\nsource "arch/x86/Kconfig.cpufeatures"'
	change MAINTAINERS '1a\\nthousands of lines more\n'
	change Documentation/virt/index.rst '/^\.\. only::/,$d'
	change Documentation/userspace-api/ioctl/ioctl-number.rst \
		-e '/^0xB8  01-02/a0xBA  00-0F  uapi/linux/liveupdate.h' \
		-e '/^0xCA  00-0F/s/$/ Dead since 6.15/'
	change tools/testing/selftests/Makefile '/^TARGETS += mm$/aTARGETS += vfio'
	has include/linux/hrtimer.h 'void hrtimer_setup(struct hrtimer *timer);'
	has include/linux/mmu_notifier.h 'bool (*clear_young)(void);'
	has arch/x86/include/asm/cpufeatures.h '#define X86_FEATURE_CLEAR_BHB_VMEXIT 4'
	tar -C "$O" -cJf "$F.tar.xz" linux-source-7.0
}

# Words of the host's half that 7.x does not have, comments aside.
left() {
	local tree=$1 word
	find "$tree"/{drivers/vmbt,arch/x86/vmbt/{host,include}} -name '*.[ch]' |
		xargs -n1 gcc -fpreprocessed -dD -E -P > "$O/newer.i" 2> /dev/null
	cat "$tree"/arch/x86/vmbt/host/*.S >> "$O/newer.i"
	# A file that says nothing would say that nothing is left.
	grep -q vmbt_world_run "$O/newer.i" || echo "the sources"
	while read -r word _; do
		! grep -qw -- "$word" "$O/newer.i" || echo "$word"
	done < <(grep -v '^#' "$top/patches/7.x/gone")
}

cd "$top" || exit 1
stand_in
if LINUX=7.0 SOURCE=$F.tar.xz WORKTREE=1 scripts/series.sh > "$O/newer.log" 2>&1; then
	ok apply
else
	tail -5 "$O/newer.log" | sed 's/^/    /'
	bad "apply: the series fails for the stand-in"
	exit 1
fi
unused=$(grep -v '^#' patches/7.x/series | while read -r patch _; do
	grep -q "^series: $patch," "$O/newer.log" || echo "$patch"
done)
listed=$(grep -v '^#' patches/7.x/series | awk '{ print $1 }' | sort | xargs)
if [ -n "$unused" ]; then
	bad "changes: not wanted by the stand-in: $unused"
elif [ "$listed" != "$(cd patches/7.x && ls -- *.patch | sort | xargs)" ]; then
	bad "changes: patches/7.x/series and the folder differ"
else
	ok changes
fi
# Only lines more, in the kernel's files, and each file's own.
touched=$(git -C build/series-7.0/tree diff --numstat --diff-filter=M base series |
	awk '$2 != 0 { print "-" $3; next } { n += $1 } END { print NR, n }' | xargs)
[ "$touched" = "6 19" ] && ok files || bad "files: $touched, expected 6 19"
names=$(left build/series-7.0/tree | xargs)
[ -z "$names" ] && ok names || bad "names: 7.x has not: $names"

# The real thing.
newer=$(ls build/source/linux-source-7.*.tar.xz 2> /dev/null)
[ -n "$newer" ] ||
	echo "skip series-7.x-build: no linux-source-7.* (Debian 12 and its backports have 6.1 and 6.12)"
for source in $newer; do
	v=${source##*/linux-source-}
	v=${v%.tar.xz}
	L=build/linux-$v
	if ! LINUX=$v scripts/linux-tree gcc > "$O/newer-$v.log" 2>&1; then
		tail -5 "$O/newer-$v.log" | sed 's/^/    /'
		bad "build: $v: no tree with the series, or not configured"
	elif ! grep -q '^CONFIG_VMBT=' "$L/gcc/.config"; then
		bad "build: $v: the configuration has no vmbt"
	elif make -C "$L/tree" O="$top/$L/gcc" W=1 -k -j2 arch/x86/vmbt/ \
			> "$O/newer-$v.log" 2>&1 &&
	     ! grep -E '(warning|error):' "$O/newer-$v.log"; then
		ok "build $v"
	else
		grep -E '(warning|error):' "$O/newer-$v.log" | sort -u | head -5 | sed 's/^/    /'
		bad "build: $v: series-check/newer-$v.log"
	fi
done
exit $status
