#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The test host's side of nmi.py: round trips until it has injected its NMIs or
# machine checks, and how many of them the host's handler counted.
#
#   nmi.sh NMI|MCE	the line of /proc/interrupts
d=/sys/kernel/debug/vmbt-switch
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
events() { awk -v row="$1:" '$1 == row { n = 0; for (i = 2; $i ~ /^[0-9]/; i++) n += $i; print n }' /proc/interrupts; }

symbols() {
	grep -E ' (vmbt_cross_(enter|leave)|asm_exc_nmi|do_machine_check)\b' /proc/kallsyms |
	while read -r addr _ name _; do
		echo "symbol $addr $name"
	done
}
stty -echo
symbols
echo "ready $(events "$1")"
# Until the debugger says that it has detached: how long it takes is its business.
while ! read -r -t 0; do
	echo 300 > $d/selftest || { echo "not ok nmi_state: $(dmesg | grep 'vmbt: selftest' | tail -2)"; break; }
done
read -r
echo "counted $(events "$1")"

# A world that had a fault is not entered again: a fresh module for each.
for n in 0 1; do
	symbols
	echo "fault $n"
	# 64: the last one of them is ended by an interrupt.
	while echo 64 > $d/selftest; do :; done 2> /dev/null
	echo "faulted $n $(dmesg | grep 'fault in the world switch' | tail -1)"
	/run/busybox rmmod vmbt
	/run/busybox insmod "$MODULE" force=1 mitigate=31
done
echo end
