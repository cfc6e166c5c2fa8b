#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Feed real 32- and 16-bit code to realcode: Debian's i386 kernel with its
# modules, and the real-mode part of its image. Arguments: the directory of the
# program, the top of the tree.

O=$1
TOP=$2
fail=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

kernel=$(ls "$TOP"/build/guest/*/boot/vmlinuz-* 2>/dev/null | head -n 1)
if [ -z "$kernel" ]; then
	echo "skip decode/realcode: no guest kernel (scripts/fetch.sh guest)"
	exit 0
fi

# The kernel proper: an ELF file, compressed inside the image.
off=$(LC_ALL=C grep -obUaP '\xFD7zXZ\x00' "$kernel" | head -n 1 | cut -d: -f1)
if [ -n "$off" ]; then
	tail -c +$((off + 1)) "$kernel" | xz -dc --single-stream \
		> "$tmp/vmlinux" 2>/dev/null
	objdump -d -z --insn-width=16 -j .text "$tmp/vmlinux" |
		"$O/realcode" 32 kernel || fail=1
fi

mods=$(find "${kernel%/boot/*}/lib/modules" -name '*.ko' -size +40k 2>/dev/null |
	sort | head -n 60)
if [ -n "$mods" ]; then
	# shellcheck disable=SC2086
	objdump -d -z --insn-width=16 $mods | "$O/realcode" 32 modules || fail=1
fi

# Real mode: the sectors before the protected-mode code, byte 0x1f1 of them.
sectors=$(od -An -tu1 -j497 -N1 "$kernel" | tr -d ' ')
head -c $(((sectors + 1) * 512)) "$kernel" | tail -c +1025 > "$tmp/setup"
objdump -D -z --insn-width=16 -b binary -m i8086 "$tmp/setup" |
	"$O/realcode" 16 setup || fail=1
exit $fail
