#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the test host: round trips to the VMM world with everything the CPU has
# compared before and after, on all CPUs in turn, while other tasks and the
# clock interrupt; then whose pages the VMM world maps. Expected numbers of
# leaves follow from layout.h alone. Last, tables that the VMM has damaged.
#
# usage: trips.sh ROUNDS
rounds=$1
fail=0
d=/sys/kernel/debug/vmbt-switch
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug

# Something that takes the CPU away, and a task with live SSE and TLS state.
load() { renice -n 19 -p $BASHPID > /dev/null; while :; do awk 'BEGIN { for (i = 0; i < 9999; i++) x += sin(i) }'; done; }
load & l1=$!
load & l2=$!
if echo "$rounds" > $d/selftest; then
	echo "ok switch_trips ($(dmesg | grep -o 'selftest: [0-9].*' | tail -1))"
else
	echo "not ok switch_trips: $(dmesg | grep 'vmbt: selftest' | tail -3)"
	fail=1
fi
kill $l1 $l2
wait 2> /dev/null

declare -A n
while read -r owner count; do
	n[$owner]=$count
done < $d/leaves
expect() {
	if [ "${n[$1]}" = "$2" ]; then
		echo "ok leaves_$1"
	else
		echo "not ok leaves_$1: ${n[$1]:-none}, not $2"
		fail=1
	fi
}
expect unknown 0
expect alias 65536
expect gdt 2
expect cross_text 2
expect cross_data 1
expect stack 20
expect pool 64
expect poolmap 1
expect window 0
# The probe's guest: code at two addresses and a stack.
expect guest 3
if [ "$(cat $d/damaged)" = refused ]; then
	echo "ok damaged_tables"
else
	echo "not ok damaged_tables: followed"
	fail=1
fi
exit $fail
