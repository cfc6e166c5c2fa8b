#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots each guest several times, asks it who it is and what interrupts it has
# had, and wants a right answer each time: what works nine times of ten is a
# race. The answers of the last boot are printed.
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
		got=$(EXEC='uname -a; cat /proc/interrupts; dmesg | tail -n 3; exit 7' \
			TIMEOUT=400 "$top/scripts/run" "$guest" 2>&1)
		s=$?
		if [ $s -ne 7 ]; then
			why="status $s"
		elif ! grep -qE "^Linux vmbt-guest $release .* i686 " <<< "$got"; then
			why="uname"
		elif ! grep -qE '^ *0: +[1-9][0-9]* .*timer' <<< "$got"; then
			why="no timer interrupt"
		elif [ "$(tail -n 3 <<< "$got" | grep -cE '^\[ *[0-9]+\.[0-9]{6}\] ')" -ne 3 ]; then
			why="dmesg"
		elif grep -qE 'BUG|Oops|WARNING' <<< "$got"; then
			why="the guest's kernel complains"
		else
			why=
		fi
		if [ -z "$why" ]; then
			echo "ok boot-$guest-$i"
		else
			echo "not ok boot-$guest-$i: $why"
			tail -n 5 <<< "$got" | sed 's/^/    /'
			status=1
		fi
	done
	tail -n 40 <<< "$got" | sed 's/^/    /'
done
exit $status
