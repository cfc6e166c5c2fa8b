#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots each guest several times and wants the same answer each time: what
# works nine times of ten is a race.
#
#   repeat.sh TIMES GUEST...
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
times=$1
shift
status=0
for guest in "$@"; do
	release=$(< "$top/build/guest/$guest/release")
	for ((i = 1; i <= times; i++)); do
		got=$(EXEC='uname -r; cat /proc/interrupts > /dev/null; exit 7' TIMEOUT=240 \
			"$top/scripts/run" "$guest" 2>&1)
		s=$?
		if [ $s -eq 7 ] && [ "$got" = "$release" ]; then
			echo "ok boot-$guest-$i"
		else
			echo "not ok boot-$guest-$i: status $s"
			tail -n 5 <<< "$got" | sed 's/^/    /'
			status=1
		fi
	done
done
exit $status
