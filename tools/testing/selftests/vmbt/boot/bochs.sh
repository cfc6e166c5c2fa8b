#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A Debian guest on Bochs, which enforces segment limits: there the monitor area
# stays at the top, where the guest's own mappings are, and every access of the
# guest's to that place is emulated. Each boot has to answer, with its status,
# within fifteen minutes of power-on; the VM's own counters say where the area
# was.
#
#   bochs.sh GUEST MODPARAMS...	one boot for each MODPARAMS
#
# With pcid=1 the counters have to show that PCIDs were used. Bochs takes CR3
# with them as the manual says, but flushes its TLB all the same: that nothing
# stale is kept is unit/mmu's to show.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
guest=$1
shift
release=$(< "$top/build/guest/$guest/release")
status=0
fail() {
	echo "not ok bochs-$guest-$1"
	status=1
}

for i in "$@"; do
	o=$out/bochs-$guest-$i
	t0=$SECONDS
	EXEC='uname -r; dmesg | grep -cE "BUG:|Oops|WARNING: CPU"; exit 7' \
		HOST=bochs MODPARAMS=$i RUN_OPTS=--stats TIMEOUT=900 \
		"$top/scripts/run" "$guest" > "$o" 2> "$o.err"
	s=$?
	took=$((SECONDS - t0))
	value() { awk -v n="$1" '$1 == n { print $2 }' "$o"; }
	if [ $s -eq 7 ] && [ "$(head -n 2 "$o" | xargs)" = "$release 0" ]; then
		echo "ok bochs-$guest-$i"
		echo "$guest on Bochs: $took s from power-on to the guest's status"
	else
		fail "$i: status $s after $took s"
		tail -n 5 "$o" "$o.err" | sed 's/^/    /'
	fi
	# 0xffc00000, and put there once.
	if [ "$(value monitor_base)" = 4290772992 ] && [ "$(value monitor_moves)" = 1 ]; then
		echo "ok bochs-$guest-$i-fixed"
	else
		fail "$i-fixed: monitor area at '$(value monitor_base)', placed '$(value monitor_moves)' times"
	fi
	[ "$i" = pcid=1 ] || continue
	if [ "$(value root_loads_kept)" -gt 100 ] &&
	   [ $(($(value entries_kept) * 10)) -gt $(($(value world_switches) * 9)) ]; then
		echo "ok bochs-$guest-$i-kept"
	else
		fail "$i-kept: $(value entries_kept) of $(value world_switches) entries, $(value root_loads_kept) of $(value root_loads) roots without a flush"
	fi
done
exit $status
