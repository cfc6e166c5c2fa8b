#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots each guest natively (qemu-system-i386) and under vmbt, lets both do the
# same work, and compares what they say: busybox programs first, then each test
# of guestprog/ by its digest. What may differ (clocks, addresses, interrupt
# counts) is not asked for.
#
# The CPU is the same, less what vmbt does not offer (AVX and XSAVE, SYSENTER on
# AMD) and what would change the kernel's behaviour (SMAP, SMEP, UMIP; with SMAP,
# QEMU's far calls at ring 3 fault on their own stack).
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
status=0
export CPU32=max,-smap,-smep,-umip,-xsave,-avx,-sep
export FILES=${GUESTPROG:-$top/build/boot/guestprog}

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
guestprog
exit 42
'

for guest in "$@"; do
	n=$out/$guest.native
	v=$out/$guest.vmbt
	TIMEOUT=600 "$top/scripts/guest-native" "$guest" "$work" \
		> "$n" 2> "$n.err"
	got=$?
	if [ $got -ne 42 ] || ! grep -q '^signal 143' "$n"; then
		echo "not ok native-$guest: status $got from qemu-system-i386"
		status=1
		continue
	fi
	echo "ok native-$guest"
	t0=$SECONDS
	EXEC="$work" TIMEOUT=1200 "$top/scripts/run" "$guest" > "$v" 2> "$v.err"
	got=$?
	if [ $got -ne 42 ]; then
		echo "not ok boot-$guest: status $got instead of 42"
		cat "$v" "$v.err" | tail -n 5 | sed 's/^/    /'
		status=1
		continue
	fi
	# Each test of guestprog is a result of its own.
	grep -aE '^(not ok|ok|skip) ' "$n" > "$n.tests"
	while read -r line; do
		read -r word name digest <<< "${line/#not ok/notok}"
		name=${name%:}
		if [ "$word" != ok ]; then
			echo "not ok native-$guest-$name: $digest"
			status=1
		elif ! grep -qxF "$line" "$v"; then
			echo "not ok $guest-$name: natively $digest, under vmbt" \
				"$(grep -aE "^(not )?ok $name[: ]" "$v" || echo nothing)"
			status=1
		else
			echo "ok $guest-$name"
		fi
	done < "$n.tests"
	if [ "$(wc -l < "$n.tests")" -lt 40 ]; then
		echo "not ok native-$guest-guestprog: $(wc -l < "$n.tests") tests"
		status=1
	fi
	if ! cmp -s <(grep -avE '^(not )?ok ' "$n") <(grep -avE '^(not )?ok ' "$v"); then
		echo "not ok boot-$guest: answers differ from the native ones"
		diff "$n" "$v" | head -10 | sed 's/^/    /'
		status=1
	else
		echo "ok boot-$guest"
		echo "$guest: $((SECONDS - t0)) s with the test host's boot"
	fi
done
exit $status
