#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# State get and set is complete: a Debian guest is moved to a new VM in a new
# process at random moments of its boot and its work (moves.c), and ends with
# the same answers and status as one that is not moved. The moves find the guest
# in user space, in its kernel, halted, and with an interrupt that waits.
#
#   moves.sh MOVES [GUEST[:user]]...	user: interrupt controllers and timer in
#					user space instead of the VMM
#
# Once its answers are there the guest works and sleeps on until all moves are
# done: how fast anything is does not matter.
#
# Environment: SEED (printed; by default another each time).
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
B=$top/build
times=$1
shift
seed=${SEED:-$RANDOM$RANDOM}
out=$B/check/boot
mkdir -p "$out"
status=0

work='
stty -echo < /dev/ttyS0
uname -srm
yes vmbt | head -c 300000 | sha256sum
for i in 1 2 3 4 5; do sleep 0.1; seq $i 300 | md5sum; done
awk "BEGIN { s = 0; for (i = 1; i < 20000; i++) s += 1 / (i * i); printf \"%.12f\n\", s }"
echo "scale=60; 4*a(1)" | bc -l
for i in 1 2 3 4 5 6 7 8; do (sleep 0.1; seq $i 400 | md5sum) & done | sort; wait
dd if=/dev/zero of=/tmp/z bs=64k count=64 2> /dev/null; md5sum < /tmp/z
sh -c "kill -TERM \$\$"; echo "signal $?"
(while :; do seq 1 3000 | md5sum; sleep 0.05; done > /dev/null) & load=$!
read line < /dev/ttyS0
kill $load; wait $load 2> /dev/null
dmesg | grep -E "BUG|Oops|WARNING|lockup|stall"
test $(awk "/XT-PIC.*timer/ { print \$2 }" /proc/interrupts) -gt 100 && echo ticks
exit 42
'

for spec in "$@"; do
	guest=${spec%%:*} chips=vmm
	[ "$guest" = "$spec" ] || chips=${spec#*:}
	name=moves-$guest-$chips-chips
	log=$out/$name
	run=$(mktemp -d "$B/check/boot/moves.XXXXXX")
	"$top/scripts/guest-initrd" "$run/initrd" "$work" || exit 1
	# It forks, and opens the device in the new process.
	common="-sandbox off -m 128 -kernel '$B/guest/$guest/vmlinuz' -initrd '$run/initrd'
		-serial stdio -nographic -no-reboot --exit-line vmbt-exit: --chips $chips
		-append 'console=ttyS0 acpi=off nolapic noisapnp quiet panic=-1'"
	TIMEOUT=${TIMEOUT:-1200} "$top/scripts/testhost" "
		cd /tmp
		t0=\$(date +%s%N)
		MOVES=0 $B/boot/moves ${common//$'\n'/ } > still 2> still.err
		echo \"still \$? \$(( (\$(date +%s%N) - t0) / 1000000 ))\" > status
		MOVES=$times MOVES_SEED=$seed MOVES_LOG=log \
			MOVES_SPAN=\$(cut -d' ' -f3 status) \
			$B/boot/moves ${common//$'\n'/ } > moved 2> moved.err
		echo \"moved \$?\" >> status
		for f in status log still moved still.err moved.err; do
			echo \"== \$f\"; cat \$f; done" > "$log" 2>&1
	got=$?
	rm -rf "$run"
	# What stands in the section of this name; the guest's words once it is ready.
	section() { sed -n "/^== $1\$/,/^== /p" "$log" | grep -v '^== '; }
	answers() { section "$1" | sed '1,/vmbt-guest: ready/d' | tr -d '\r' |
		grep -v '^$'; }
	moved=$(section log | grep -c '^move ')
	echo "# $name: seed $seed, $moved moves:$(for s in direct kernel halted pending; do
		echo " $(section log | grep -c "^move .* $s") $s"; done | tr '\n' ,)" \
		"$(section status | xargs)"
	if [ $got -ne 0 ]; then
		echo "not ok $name: status $got of the test host ($log)"
	elif ! section status | grep -q '^still 42 '; then
		echo "not ok $name: the guest that is not moved fails ($log)"
	elif ! section status | grep -q '^moved 42$'; then
		echo "not ok $name: ends otherwise when moved ($log)"
	elif ! answers still | grep -q '^ticks$'; then
		echo "not ok $name: the guest's answers are not complete ($log)"
	elif [ "$(answers still)" != "$(answers moved)" ]; then
		echo "not ok $name: other answers when moved ($log)"
		diff <(answers still) <(answers moved) | head -5 | sed 's/^/    /'
	elif [ "$moved" -ne "$times" ]; then
		echo "not ok $name: $moved moves instead of $times ($log)"
	elif section log | grep '^not the same'; then
		echo "not ok $name: state that is set does not read back ($log)"
	else
		echo "ok $name"
		for s in direct kernel halted pending; do
			if section log | grep -q "^move .* $s"; then
				echo "ok $name-$s"
			elif [ "$times" -ge 4 ]; then
				echo "not ok $name-$s: no move found the guest there ($log)"
				status=1
			fi
		done
		continue
	fi
	status=1
done
exit $status
