#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does the fuzzer know every ioctl? Those that the driver handles and those that
# the header of user space defines, against what the fuzzer lists.
#
#   known.sh ABIFUZZ
top=$(cd "$(dirname "$0")/../../../../../.." && pwd)
{
	grep -hoE 'case (KVM|VMBT)_[A-Z0-9_]+:' "$top/drivers/vmbt/ioctl.c" |
		sed 's/case //; s/://' | grep -v '_CAP_'
	sed -n 's/^#define[ 	]*\([A-Z0-9_]*\)[ 	]*_IO[WR]*(.*/\1/p' \
		"$top/include/uapi/linux/vmbt.h"
} | sort -u > "$1.driver"
"$1" --list | sort -u > "$1.known"
missing=$(comm -23 "$1.driver" "$1.known" | xargs)
extra=$(comm -13 "$1.driver" "$1.known" | xargs)
n=$(wc -l < "$1.known")
if [ -z "$missing$extra" ] && [ "$n" -gt 40 ]; then
	echo "ok abifuzz-known"
else
	echo "not ok abifuzz-known: of $n ioctls; unknown to the fuzzer: $missing;" \
		"to the driver: $extra"
	exit 1
fi
