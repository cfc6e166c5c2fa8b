#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Instructions that the interpreter does over a boot, against all that the same
# boot executes natively: less than 1 %.
#
# Natively means qemu-system-i386 -icount shift=0, where each instruction moves
# the virtual clock by one nanosecond and RDTSC reads that clock: the counter at
# the end of the boot is the number of instructions, and the time the guest was
# idle, when the clock moves by itself. The guest's own account of idle time is
# taken off again.
#
#   interpreted.sh [GUEST]
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
mkdir -p "$out"
export FILES=${GUESTPROG:-$top/build/boot/guestprog}
work='cut -d" " -f2 /proc/uptime; guestprog --tsc'

CPU32=max,-smap,-smep,-umip,-xsave,-avx,-sep TIMEOUT=300 \
	NATIVE_OPTS="-icount shift=0,sleep=off -rtc clock=vm" \
	"$top/scripts/guest-native" "$guest" "$work" > "$out/interpreted.native" 2>&1
{ read -r idle; read -r tsc; } < "$out/interpreted.native"
RUN_OPTS=--stats EXEC="$work" TIMEOUT=400 "$top/scripts/run" "$guest" \
	> "$out/interpreted.vmbt" 2>&1
done=$(awk '$1 == "insns_interpreted" { print $2 }' "$out/interpreted.vmbt")
if ! [[ ${idle:-} =~ ^[0-9.]+$ && ${tsc:-} =~ ^[0-9]+$ && ${done:-} =~ ^[0-9]+$ ]]; then
	echo "not ok interpreted-$guest: no numbers"
	tail -n 5 "$out/interpreted.native" "$out/interpreted.vmbt" | sed 's/^/    /'
	exit 1
fi
awk -v g="$guest" -v tsc="$tsc" -v idle="$idle" -v done="$done" 'BEGIN {
	all = tsc - idle * 1e9
	if (all <= 0) {
		print "not ok interpreted-" g ": nothing was executed natively"
		exit 1
	}
	printf "%s: %d instructions interpreted, %.0f million executed natively: %.4f %%\n",
		g, done, all / 1e6, 100 * done / all
	if (done * 100 < all) {
		print "ok interpreted-" g
	} else {
		print "not ok interpreted-" g ": 1 % or more"
		exit 1
	}
}'
