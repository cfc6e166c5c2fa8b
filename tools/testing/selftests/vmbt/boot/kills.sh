#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In one test host: boots in a row, then vmbt-run killed at random moments of a
# boot. Afterwards the kernel's log has no complaint, memory is back (free pages,
# and the kernel's own: slab, page tables, vmalloc), no module is in use, and
# vmbt unloads. Page counts settle in the background, hence the waiting and
# bounds that are below 100 kB for each round. With KERNEL=debug KASAN keeps freed
# memory back, and KMEMLEAK looks for what is lost instead of the bounds.
#
#   kills.sh BOOTS KILLS		SEED= for the moments
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
boots=$1 kills=$2 seed=${SEED:-1} guest=debian-686
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
	awk '/^(MemFree|SUnreclaim|PageTables|VmallocUsed|Percpu):/ { printf "%s ", \$2 }' /proc/meminfo
}
(run)			# so that what is allocated once is there
t0=\$(date +%s%N)
(run)
length=\$(((\$(date +%s%N) - t0) / 1000000))
before=\$(memory)
bad=0
for i in \$(seq $boots); do
	(run) || { bad=\$((bad + 1)); tail -n 3 /tmp/out; }
	[ \$((i % 10)) -ne 0 ] || echo "\$i boots, \$SECONDS s"
done
[ \$bad -eq 0 ] && echo "ok boots-$boots" || echo "not ok boots-$boots: \$bad failed"
RANDOM=$seed
echo "# kills: seed $seed"
for i in \$(seq $kills); do
	run & pid=\$!
	n=\$((RANDOM * 32768 + RANDOM))
	sleep \$(awk "BEGIN { print \$n % \$length / 1000 }")
	kill -9 \$pid; wait \$pid
	sleep 0.2
	left=\$(ls -d /sys/kernel/debug/vmbt/*/ | wc -l)
	[ \$left -eq 0 ] || echo "not ok kill-\$i: \$left VMs are left"
	[ \$((i % 10)) -ne 0 ] || echo "\$i kills, \$SECONDS s"
done 2> /dev/null
echo "ok kills-$kills"
after=\$(memory)
echo "a boot takes \$length ms; kB free, slab, page tables, vmalloc, percpu:" \
	"\$before before, \$after after"
read -r f0 s0 p0 v0 c0 <<< "\$before"
read -r f1 s1 p1 v1 c1 <<< "\$after"
kernel=\$((s1 - s0 + p1 - p0 + v1 - v0 + c1 - c0))
if [ -e /sys/kernel/debug/kmemleak ]; then f1=\$f0 kernel=0; fi
if [ \$((f0 - f1)) -lt 8192 ]; then echo "ok memory"; else echo "not ok memory: \$((f0 - f1)) kB"; fi
if [ \$kernel -lt 2048 ]; then echo "ok kernel-memory"; else echo "not ok kernel-memory: \$kernel kB"; fi
if [ "\$(cat /sys/module/vmbt/refcnt)" = 0 ]; then echo "ok unused"; else echo "not ok unused"; fi
if rmmod vmbt; then echo "ok unload"; else echo "not ok unload"; fi
if dmesg | grep -E 'BUG|WARNING|Oops|KASAN:|suspected memory leak' > /tmp/bad; then
	echo "not ok log: \$(head -1 /tmp/bad)"
else
	echo "ok log"
fi
EOF
TIMEOUT=${TIMEOUT:-7000} "$top/scripts/testhost" "bash $w/inside" | tee "$w/out"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || echo "not ok kills: the test host ended with $status"
! grep -q '^not ok' "$w/out" && [ "$status" -eq 0 ]
