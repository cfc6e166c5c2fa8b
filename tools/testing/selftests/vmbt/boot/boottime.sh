#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same guest in the same test host, booted by qemu-system-i386 (TCG) and by
# vmbt-run, from the program's start to its end after the guest's reset. vmbt
# must take less than a fifth of the time.
#
# Both read their files beforehand, so that neither pays for the 9p file system.
# QEMU is measured once, vmbt three times, of which the middle counts: the
# longer run averages over what else the machine does by itself.
#
#   boottime.sh [GUEST]
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
mkdir -p "$out"
initrd=$out/boottime.initrd
log=$out/boottime.log
"$top/scripts/guest-initrd" "$initrd" 'true' || exit 1

inner='
K='$top/build/guest/$guest/vmlinuz' I='$initrd'
A="console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1"
by_qemu() {
	qemu-system-i386 -accel tcg -cpu max -m 256 -kernel $K -initrd $I -append "$A" \
		-display none -nodefaults -no-user-config -no-reboot -serial stdio
}
by_vmbt() {
	vmbt-run -m 256 -kernel $K -initrd $I -append "$A" -nographic -no-reboot -serial stdio
}
clock() {
	local t0 t1
	t0=$(date +%s%N)
	$1 < /dev/null > /tmp/out 2>&1
	t1=$(date +%s%N)
	grep -aq "vmbt-exit: 0" /tmp/out || { echo "failed $1"; tail -n 5 /tmp/out; }
	echo "time $1 $(((t1 - t0) / 1000000))"
}
cat $K $I > /dev/null
qemu-system-i386 -accel help > /dev/null
vmbt-run --version > /dev/null 2>&1
clock by_vmbt; clock by_vmbt; clock by_vmbt
clock by_qemu
'
MEM=1536 TIMEOUT=900 "$top/scripts/testhost" "$inner" > "$log" 2>&1
status=$?
v=$(awk '$1 == "time" && $2 == "by_vmbt" { print $3 }' "$log" | sort -n | sed -n 2p)
q=$(awk '$1 == "time" && $2 == "by_qemu" { print $3 }' "$log")
if [ $status -ne 0 ] || [ -z "$v" ] || [ -z "$q" ] || grep -q '^failed' "$log"; then
	echo "not ok boottime-$guest: a boot failed (test host: $status)"
	tail -n 8 "$log" | sed 's/^/    /'
	exit 1
fi
echo "$guest in the test host: qemu-system-i386 $q ms, vmbt-run $v ms," \
	"$((1000 * v / q)) thousandths"
if [ $((5 * v)) -lt "$q" ]; then
	echo "ok boottime-$guest"
else
	echo "not ok boottime-$guest: $v ms is not less than a fifth of $q ms"
	exit 1
fi
