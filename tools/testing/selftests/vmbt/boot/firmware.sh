#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SeaBIOS, as Debian packages it, under vmbt in the test host: through its
# power-on self test to the end of what it can boot, with what it found on its
# debug port. With --chips user as well, where other code serves its timer.
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)

post() {
	local name=$1 out seen
	shift
	# There is nothing to boot: it says so, and waits to be stopped.
	out=$(MEM=768 TIMEOUT=600 "$top/scripts/testhost" "
		vmbt-run -m 32 -boot c -display none -serial null -debugcon stdio --pidfile /tmp/pid $* \
			< /dev/null > /tmp/log 2>&1 &
		for i in \$(seq 600); do
			grep -q 'No bootable device\|vmbt-run:' /tmp/log && break
			sleep 0.5
		done
		kill \$(cat /tmp/pid)
		wait
		cat /tmp/log")
	for seen in 'SeaBIOS (version' 'Running on QEMU (i440fx)' 'Found QEMU fw_cfg' \
		    'Copying ACPI RSDP' 'Start SeaVGABIOS' 'Turning on vga text mode' \
		    'PS2 keyboard initialized' 'Booting from Hard Disk' 'No bootable device'; do
		case $out in
		*"$seen"*)	;;
		*)	echo "not ok $name: no '$seen' in:"
			tail -n 20 <<< "$out" | sed 's/^/    /'
			return 1 ;;
		esac
	done
	case $out in
	*vmbt-run:*)
		echo "not ok $name: $(grep -a -m1 vmbt-run: <<< "$out")"
		return 1 ;;
	esac
	echo "ok $name"
}

[ -e /usr/share/seabios/bios-256k.bin ] || {
	echo "skip firmware-post: no SeaBIOS (Debian package seabios)"
	exit 0
}
s=0
post firmware-post || s=1
post firmware-post-user-chips --chips user || s=1
exit $s
