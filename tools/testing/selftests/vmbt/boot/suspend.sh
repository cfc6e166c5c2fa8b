#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The test host is suspended to RAM (ACPI S3), again and again, under two guests: one
# that computes, one that sleeps until it is asked. Firmware and kernel bring the host
# back, its second CPU from nothing; QEMU's monitor wakes it.
#
# Each time the counters of both VMs must have gone on since the time before and go on
# after it, the one must get right results and the other answer, by a timer of its
# own, and the world switch must find all state as it was, on all CPUs. In the end the
# guests' clocks must have run with the host's, and the module unloads.
#
# All files are in the host's RAM (TH_ROOT=ram), since 9p does not survive this. And
# it is entered through the kernel's own unpacker: at a reset QEMU puts an ELF
# kernel's data back to what the file has.
#
#   SEED=N suspend.sh [ROUNDS]	20 unless told
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
rounds=${1:-20}
guest=debian-686
SEED=${SEED:-$RANDOM}
export SEED
w=$(mktemp -d "$top/build/run.XXXXXX")
waker=
trap '[ -z "$waker" ] || kill "$waker" 2> /dev/null; rm -rf "$w"' EXIT

N=4000
sum=$(awk -v n=$N 'BEGIN { for (i = 0; i < n; i++) s = (s * 1103 + i) % 65537; print s }')
# shellcheck disable=SC2016 # the guest expands it
"$top/scripts/guest-initrd" "$w/initrd" '
up() { cut -d" " -f1 /proc/uptime; }
if grep -q load=busy /proc/cmdline; then
	(read -r line; : > /tmp/stop) < /dev/ttyS0 &
	n=0
	while [ ! -e /tmp/stop ]; do
		s=$(awk -v n='$N' "BEGIN { for (i = 0; i < n; i++) s = (s * 1103 + i) % 65537; print s }")
		[ "$s" = '"$sum"' ] || { echo "wrong: $s"; exit 1; }
		n=$((n + 1))
		echo "beat $n $(up)"
	done
else
	echo "beat 0 $(up)"
	while read -r line && [ "$line" != stop ]; do
		sleep 0.1
		echo "beat $line $(up)"
	done < /dev/ttyS0
fi
exit 0' || exit 1

# For busybox's shell.
cat > "$w/inside" <<EOF
mkdir -p /tmp
A="console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1"
bad=0
no() { echo "not ok \$*"; bad=1; }
start() {		# start NAME FD: a guest, fed through that descriptor
	mkfifo /tmp/\$1.in
	vmbt-run -m 128 -kernel $top/build/guest/$guest/vmlinuz -initrd $w/initrd \\
		-append "\$A load=\$1" -nographic -no-reboot -serial stdio \\
		--exit-line vmbt-exit: < /tmp/\$1.in > /tmp/\$1.out 2>&1 &
	eval "\$1=\$!"
}
beats() { tr -d '\\r' < /tmp/\$1.out | awk '/^beat / { n = \$2 } END { print n + 0 }'; }
# What the VM of process \$1 counted so far.
switches() { awk '\$1 ~ /^world_switches/ { print \$2 }' /sys/kernel/debug/vmbt/\$1-*/stats; }
reach() {		# reach GUEST BEAT: within a minute
	i=0
	while [ \$(beats \$1) -lt \$2 ]; do
		i=\$((i + 1))
		[ \$i -lt 600 ] || return 1
		sleep 0.1
	done
}
mono() { awk '/^now at/ { printf "%d\n", \$3 / 1000000000 }' /proc/timer_list; }
boottime() { cut -d. -f1 /proc/uptime; }
guest_time() { tr -d '\\r' < /tmp/\$1.out | awk '/^beat / { n = \$3 } END { printf "%d\n", n }'; }

start busy
exec 8> /tmp/busy.in
start idle
exec 9> /tmp/idle.in
reach busy 1 || no suspend_busy: does not begin
until grep -q '^beat 0' /tmp/idle.out; do sleep 0.1; done
echo "ok suspend_begin"
m0=\$(mono) b0=\$(boottime) gb0=\$(guest_time busy) gi0=\$(guest_time idle)

n=0 sb=0 si=0 oks=0
set -- \$(awk -v n=$rounds 'BEGIN { srand($SEED); while (n--) printf "0.%03d ", rand() * 900 }')
for pause; do
	n=\$((n + 1))
	sleep \$pause
	sb1=\$(switches \$busy) si1=\$(switches \$idle)
	beat=\$(beats busy)
	echo mem > /sys/power/state || { no suspend_round_\$n: no suspend; break; }
	sb2=\$(switches \$busy) si2=\$(switches \$idle)
	why=
	[ \$sb1 -gt \$sb ] && [ \$si1 -gt \$si ] || why="no VM ran before: \$sb \$sb1, \$si \$si1"
	echo \$n >&9
	reach busy \$((beat + 2)) || why="the busy guest stands: \$(tail -n 1 /tmp/busy.out)"
	reach idle \$n || why="the idle guest does not answer: \$(tail -n 1 /tmp/idle.out)"
	sb=\$(switches \$busy) si=\$(switches \$idle)
	[ \$sb -gt \$sb2 ] && [ \$si -gt \$si2 ] || why="no VM ran after: \$sb2 \$sb, \$si2 \$si"
	echo 100 > /sys/kernel/debug/vmbt-switch/selftest ||
		why="state differs: \$(dmesg | grep 'vmbt: selftest' | tail -n 1)"
	[ "\$(cat /sys/devices/system/cpu/online)" = 0-1 ] || why="CPUs: \$(cat /sys/devices/system/cpu/online)"
	if [ -z "\$why" ]; then oks=\$((oks + 1)); else no suspend_round_\$n: "\$why"; fi
done
[ \$oks -eq $rounds ] && echo "ok suspend_rounds"
s=\$(cat /sys/power/suspend_stats/success)
[ "\$s" -eq $rounds ] && [ "\$(dmesg | grep -c 'ACPI: PM: Waking up from system sleep state S3')" -gt 0 ] &&
	echo "ok suspend_counted" || no suspend_counted: "\$s of $rounds"

# How long the host slept is nobody's time or everybody's.
m=\$((\$(mono) - m0)) b=\$((\$(boottime) - b0))
echo 999 >&9
reach idle 999
for g in busy idle; do
	[ \$g = busy ] && t=\$((\$(guest_time busy) - gb0)) || t=\$((\$(guest_time idle) - gi0))
	if [ \$t -ge \$((m - 3)) ] && [ \$t -le \$((b + 3)) ]; then
		echo "ok suspend_clock_\$g"
	else
		no suspend_clock_\$g: "\$t s, of the host \$m, with its sleep \$b"
	fi
	tr -d '\\r' < /tmp/\$g.out | awk '/^beat / { if (\$3 < t) exit 1; t = \$3 }' &&
		echo "ok suspend_forward_\$g" || no suspend_forward_\$g: the clock went back
done
echo stop >&8
echo stop >&9
for g in busy idle; do
	eval "wait \\\$\$g"
	s=\$?
	[ \$s -eq 0 ] && echo "ok suspend_end_\$g" || no suspend_end_\$g: "status \$s, \$(tail -n 1 /tmp/\$g.out)"
done
echo "# seed $SEED, $rounds suspends in \$b s, \$sb and \$si world switches"
rmmod vmbt && echo "ok suspend_unload" || no suspend_unload
exit \$bad
EOF
python3 "$here/wake.py" "$w/qmp" &
waker=$!
SMP=2 TIMEOUT=${TIMEOUT:-900} TH_ROOT=ram KERNEL=$top/build/host/vmlinuz \
	HOSTFILES="$top/build/guest/$guest/vmlinuz $w/initrd" \
	QEMU_EXTRA="-qmp unix:$w/qmp,server=on,wait=off" \
	"$top/scripts/testhost" "$(< "$w/inside")" | tee "$w/out"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || echo "not ok suspend: the test host ended with $status"
! grep -q '^not ok' "$w/out" && grep -q '^ok suspend_end_idle' "$w/out" && [ "$status" -eq 0 ]
