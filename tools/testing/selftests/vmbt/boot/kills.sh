#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In one test host: boots in a row, then vmbt-run killed at random moments.
# Afterwards the kernel's log has no complaint, memory is back, and the module
# unloads. Page counts settle in the background, hence the waiting and a bound
# that is far below what one leaked guest per round would be.
#
#   kills.sh BOOTS KILLS
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
boots=$1 kills=$2 guest=debian-686
w=$(mktemp -d "$top/build/run.XXXXXX")
trap 'rm -rf "$w"' EXIT
"$top/scripts/guest-initrd" "$w/initrd" 'true'
cat > "$w/inside" <<EOF
run() {
	exec vmbt-run -m 64 -kernel $top/build/guest/$guest/vmlinuz -initrd $w/initrd \
		-append 'console=ttyS0 acpi=off nolapic noisapnp quiet panic=-1' \
		-serial stdio -nographic -no-reboot --exit-line vmbt-exit: > /tmp/out 2>&1 < /dev/null
}
# Free memory plus caches, in kB, after everything pending has been given back.
memory() {
	sync; echo 3 > /proc/sys/vm/drop_caches; sleep 3; echo 3 > /proc/sys/vm/drop_caches
	echo 1 > /proc/sys/vm/compact_memory	# drains the lists of each CPU, tens of MB
	awk '/^MemFree/ { print \$2 }' /proc/meminfo
}
(run)			# so that what is allocated once is there
before=\$(memory)
bad=0
for i in \$(seq $boots); do
	(run) || { bad=\$((bad + 1)); tail -n 3 /tmp/out; }
done
[ \$bad -eq 0 ] && echo "ok boots-$boots" || echo "not ok boots-$boots: \$bad failed"
for i in \$(seq $kills); do
	run & pid=\$!
	sleep \$((RANDOM % 8)).\$((RANDOM % 10))
	kill -9 \$pid; wait \$pid
done 2> /dev/null
echo "ok kills-$kills"
after=\$(memory)
if [ \$((before - after)) -lt 8192 ]; then
	echo "ok memory"
else
	echo "not ok memory: \$before kB free before, \$after kB after"
fi
if rmmod vmbt; then echo "ok unload"; else echo "not ok unload"; fi
if dmesg | grep -E 'BUG|WARNING|Oops|leak' > /tmp/bad; then
	echo "not ok log: \$(head -1 /tmp/bad)"
else
	echo "ok log"
fi
EOF
TIMEOUT=7000 "$top/scripts/testhost" "bash $w/inside" | tee "$w/out"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || echo "not ok kills: the test host ended with $status"
! grep -q '^not ok' "$w/out" && [ "$status" -eq 0 ]
