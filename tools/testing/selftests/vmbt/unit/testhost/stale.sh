#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/stale-breakpoint must know QEMU's breakpoints that are gone from all else a
# test host's kernel may die of: a test that is repeated for the former's sake must not
# hide the latter. The logs are of oopses as arch/x86/kernel/dumpstack.c prints them.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")" || exit 1
stale=../../../../../../scripts/stale-breakpoint
status=0

# oops KIND RIP CODE [KIND RIP CODE]...
oops() {
	while [ $# -ge 3 ]; do
		printf '[    7.26] %s: 0000 [#1] PREEMPT SMP NOPTI\r\n' "$1"
		printf '[    7.26] CPU: 1 UID: 0 PID: 18 Comm: rcu_preempt Not tainted\r\n'
		printf '[    7.26] RIP: 0010:%s\r\n' "$2"
		printf '[    7.26] Code: %s\r\n' "$3"
		printf '[    7.26] RSP: 0018:ffffc9000009bca8 EFLAGS: 00000046\r\n'
		shift 3
	done
}

# expect NAME YES-OR-NO: of the log on standard input.
expect() {
	local said=no log
	log=$(mktemp) || exit 1
	cat > "$log"
	! "$stale" "$log" || said=yes
	rm -f "$log"
	if [ $said = "$2" ]; then
		echo "ok stale-$1"
	else
		echo "not ok stale-$1: $said instead of $2"
		status=1
	fi
}

int3='Oops: int3' at=dequeue_entity+0x86/0x580
oops "$int3" $at '48 89 b3 b0 00 00 00 0f <1f> 44 00 00' | expect nop yes
oops "$int3" $at '89 5d 50 eb <11> 48 8b 43 60' | expect jump yes
oops "$int3" $at '48 89 b3 b0 00 00 00 cc <1f> 44 00 00' | expect there no
oops "$int3" 'bt_flush+0x10/0x20 [vmbt]' '48 0f <1f> 44 00' | expect module no
oops "$int3" $at 'Unable to access opcode bytes at 0xffffffff81000000.' | expect unreadable no
oops "$int3" $at '<0f> 1f 44 00 00' | expect nothing-before no
oops 'Oops' $at '48 89 b3 0f <1f> 44 00 00' | expect other no
oops 'BUG: unable to handle page fault' $at '0f <1f> 44' "$int3" $at '90 cc <1f> 44' |
	expect second-there no
oops "$int3" $at '90 cc <1f> 44' "$int3" $at '90 0f <1f> 44' | expect first-there no
expect empty no < /dev/null
exit $status
