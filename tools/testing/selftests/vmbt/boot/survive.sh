#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a host does to the processes on it, under a guest that computes: CPUs
# that go and come, signals that stop it, a debugger, the freezer of suspend, and
# no memory.
#
# The guest says a number after each piece of work whose result was right. It
# must go on with the next ones after each of these, and end with status 0 when
# it is told to. Whoever is killed for want of memory leaves nothing behind. The
# host's log stays clean, which scripts/testhost sees to, and the module unloads.
#
#   survive.sh [ROUNDS]	how often each is done, 20 unless told; SEED= for the moments
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
rounds=${1:-20}
seed=${SEED:-1}
guest=debian-686
load=${HOSTLOAD:-$top/build/boot/hostload}
w=$(mktemp -d "$top/build/run.XXXXXX")
trap 'rm -rf "$w"' EXIT

# The guest's busybox has its own implementation.
sum=$(head -c 1000000 /dev/zero | md5sum)
# shellcheck disable=SC2016 # the guest expands it
"$top/scripts/guest-initrd" "$w/initrd" '
(read -r line; : > /tmp/stop) < /dev/ttyS0 &
n=0
while [ ! -e /tmp/stop ]; do
	s=$(head -c 1000000 /dev/zero | md5sum)
	[ "$s" = "'"$sum"'" ] || { echo "wrong: $s"; exit 1; }
	n=$((n + 1))
	echo "beat $n"
done
exit 0' || exit 1

cat > "$w/inside" <<EOF
K=$top/build/guest/$guest/vmlinuz I=$w/initrd
. $here/inhost.sh
rounds=$rounds
RANDOM=$seed
echo "# survive: seed $seed"
mkfifo /tmp/in
vmbt-run -m 256 -kernel "\$K" -initrd "\$I" -append "\$A" -nographic -no-reboot \
	-serial stdio --exit-line vmbt-exit: < /tmp/in > /tmp/out 2>&1 &
pid=\$!
exec 9> /tmp/in

beats() { tr -d '\\r' < /tmp/out | awk '/^beat / { n = \$2 } END { print n + 0 }'; }

# goes_on NAME: three more pieces of work.
goes_on() {
	local from=\$(beats) i
	for ((i = 0; i < 900; i++)); do
		[ "\$(beats)" -lt \$((from + 3)) ] || { echo "ok \$1"; return; }
		kill -0 \$pid 2> /dev/null || break
		sleep 0.1
	done
	echo "not ok \$1: stands at piece \$(beats), \$from before: \$(tail -n 1 /tmp/out)"
}
pause() { sleep 0.0\$((RANDOM % 90 + 10)); }

goes_on survive_begin

cpu=/sys/devices/system/cpu/cpu1/online
for ((i = 0; i < rounds; i++)); do
	echo 0 > \$cpu && pause && echo 1 > \$cpu || { echo "not ok survive_hotplug: \$cpu"; break; }
	pause
done
goes_on survive_hotplug

for ((i = 0; i < rounds; i++)); do
	kill -STOP \$pid; pause; kill -CONT \$pid; pause
done
goes_on survive_stop

$load trace \$pid \$rounds || echo "not ok survive_trace: hostload"
goes_on survive_trace

# As far as suspend goes on a host whose root is on 9p, which does not come back
# from it: tasks are frozen, in the VMM world or not, and thawed.
echo 0 > /sys/module/suspend/parameters/pm_test_delay
echo freezer > /sys/power/pm_test
for ((i = 0; i < rounds; i++)); do
	echo mem > /sys/power/state || { echo "not ok survive_freeze: round \$i"; break; }
	pause
done
goes_on survive_freeze

echo stop >&9
wait \$pid
s=\$?
[ \$s -eq 0 ] && echo "ok survive_end" || echo "not ok survive_end: status \$s, \$(tail -n 1 /tmp/out)"

# Less memory than the guest takes, and no swap: the kernel kills it.
mkdir -p /tmp/cg && mount -t cgroup2 none /tmp/cg
echo +memory > /tmp/cg/cgroup.subtree_control
mkdir /tmp/cg/small && echo 40M > /tmp/cg/small/memory.max
for ((i = 0; i < 3; i++)); do
	(echo \$BASHPID > /tmp/cg/small/cgroup.procs; guest --exit-line vmbt-exit:) > /tmp/out2
	s=\$?
	[ \$s -eq 137 ] || echo "not ok survive_oom_\$i: status \$s, \$(tail -n 1 /tmp/out2)"
done
left=\$(ls -d /sys/kernel/debug/vmbt/*/ 2> /dev/null | wc -l)
if grep -q '^oom_kill [3-9]' /tmp/cg/small/memory.events && [ \$left -eq 0 ]; then
	echo "ok survive_oom"
else
	echo "not ok survive_oom: \$left VMs are left, \$(grep kill /tmp/cg/small/memory.events)"
fi
rmmod vmbt && echo "ok survive_unload" || echo "not ok survive_unload"
EOF
SMP=2 TIMEOUT=${TIMEOUT:-900} "$top/scripts/testhost" "bash $w/inside" | tee "$w/out"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || echo "not ok survive: the test host ended with $status"
! grep -q '^not ok' "$w/out" && [ "$status" -eq 0 ]
