#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Guests that take longer than `make check` has: `make check-guests`.
#
#   long.sh [ITEM...]
#
#   memtest	a pass of memtest86+ over 16 MB
#   netboot	iPXE from the network card's ROM, GRUB by TFTP
#   installer	Debian's installer from a CD to its first menu
#   installed	Debian on an IDE disk: login, apt through the NAT, power-off, fsck, again
#   floppy	floppy disks that change, of two kinds
#   host		the host's CD-ROM and floppy drive, printer and serial port
#   xorg	an X server, a window manager and a terminal, against QEMU's screen
#   net		100 MB each way over a network card, by digest (MB=)
#   everything	the machine with all devices at once (devices.sh)
#
# Times are in Documentation/vmbt/runner.rst; a limit is many times that, since the
# emulator that is the test host may have to share its machine.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ $# -ne 0 ] || set -- memtest netboot installer installed floppy host xorg net everything
status=0
for item in "$@"; do
	case $item in
	memtest)	TIMEOUT=1800 "$here/guests.sh" memtest ;;
	netboot)	TIMEOUT=1800 "$here/guests.sh" netboot ;;
	installer)	"$here/debian.sh" installer ;;
	installed)	"$here/debian.sh" installed ;;
	floppy)		TIMEOUT=3600 "$here/media.sh" floppy ;;
	host)		TIMEOUT=3600 "$here/host.sh" ;;
	xorg)		"$here/xorg.sh" ;;
	net)		MB=${MB:-100} TIMEOUT=${TIMEOUT:-14400} "$here/net.sh" user ;;
	everything)	make -s -C "$here" everything ;;
	*)		echo "not ok $item: no such item (see long.sh)"
			false ;;
	esac || status=1
done
exit $status
