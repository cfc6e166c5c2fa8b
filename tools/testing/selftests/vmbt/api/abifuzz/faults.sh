#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the test host: allocations and accesses to user memory can fail where a
# task asks for it (/proc/self/fail-nth), silently.
#
#   faults.sh PROGRAM...	those that have the module on their stack
#   faults.sh -a PROGRAM...	all
d=/sys/kernel/debug
if [ ! -d $d/failslab ] || [ ! -d $d/fail_usercopy ]; then
	echo "skip abifuzz-faults: no fault injection in this kernel (KERNEL=debug)"
	exit 0
fi
all=
[ "$1" != -a ] || { all=1; shift; }
read -r size start <<EOF
$(awk '$1 == "vmbt" { print $2, $6 }' /proc/modules)
EOF
for f in failslab fail_page_alloc fail_usercopy; do
	echo 0 > $d/$f/verbose
	echo -1 > $d/$f/times
	echo 64 > $d/$f/stacktrace-depth
	if [ -z "$all" ]; then
		echo "$start" > $d/$f/require-start
		printf '0x%x\n' $((start + size)) > $d/$f/require-end
	else
		echo 0 > $d/$f/require-start
		echo 0xffffffffffffffff > $d/$f/require-end
	fi
done
echo 0 > $d/failslab/ignore-gfp-wait
echo 0 > $d/fail_page_alloc/ignore-gfp-wait
echo 0 > $d/fail_page_alloc/ignore-gfp-highmem
echo 0 > $d/fail_page_alloc/min-order
exec "$@"
