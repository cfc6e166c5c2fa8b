#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots each guest natively (qemu-system-i386) and under vmbt, lets both do the
# same work, and compares what they say: compute, processes, pipes, memory.
# What may differ (clocks, addresses, interrupt counts) is not asked for.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
status=0

work='
uname -srm
yes vmbt | head -c 300000 | sha256sum
seq 1 3000 | md5sum
awk "BEGIN { s = 0; for (i = 1; i < 3000; i++) s += 1 / (i * i); printf \"%.12f\n\", s }"
echo "scale=30; 4*a(1)" | bc -l
for i in 1 2 3 4 5 6 7 8; do (seq $i 400 | md5sum) & done | sort; wait
dd if=/dev/zero of=/tmp/z bs=64k count=64 2> /dev/null; md5sum < /tmp/z
sh -c "kill -TERM \$\$"; echo "signal $?"
false; echo "false $?"
dmesg | grep -cE "BUG|Oops|WARNING"
exit 42
'

for guest in "$@"; do
	n=$out/$guest.native
	v=$out/$guest.vmbt
	CPU32=max TIMEOUT=120 "$top/scripts/guest-native" "$guest" "$work" \
		> "$n" 2> "$n.err"
	got=$?
	if [ $got -ne 42 ] || ! grep -q '^signal 143' "$n"; then
		echo "not ok native-$guest: status $got from qemu-system-i386"
		status=1
		continue
	fi
	echo "ok native-$guest"
	t0=$SECONDS
	EXEC="$work" TIMEOUT=240 "$top/scripts/run" "$guest" > "$v" 2> "$v.err"
	got=$?
	if [ $got -ne 42 ]; then
		echo "not ok boot-$guest: status $got instead of 42"
		cat "$v" "$v.err" | tail -n 5 | sed 's/^/    /'
		status=1
	elif ! cmp -s "$n" "$v"; then
		echo "not ok boot-$guest: answers differ from the native ones"
		diff "$n" "$v" | head -10 | sed 's/^/    /'
		status=1
	else
		echo "ok boot-$guest"
		echo "$guest: $((SECONDS - t0)) s with the test host's boot"
	fi
done
exit $status
