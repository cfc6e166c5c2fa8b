#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# host.py in a test host that has drives and ports: a Debian guest on them.
#
#   host.sh [NAME...]	the tests of those names
#
# The test host's QEMU gives it a CD-ROM drive and a floppy drive, both empty, a printer
# port that leads to a file, and a fourth serial port. Two wires of virtio lead back: to the
# emulator's own monitor, with which host.py changes the media as a person would, and to
# the far end of the serial port.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
# Sockets have short names.
work=$(mktemp -d "${TMPDIR:-/tmp}/host.XXXXXX")
trap 'rm -rf "$work"' EXIT
MODULES="ata_piix sr_mod floppy parport_pc lp" "$top/scripts/guest-initrd" "$work/initrd" \
	"$(cat "$here/media_guest.sh" "$here/host_guest.sh")" || exit 1

# image NAME KIB: random contents.
image() {
	head -c "$2k" /dev/urandom > "$work/$1"
}
image cd-a 200; image cd-b 300
image fd-a 1440; image fd-b 1440; image fd-c 720
seq 1 2000 > "$work/numbers"
head -c 1440k /dev/urandom > "$work/fd-written"
cp "$work/fd-written" "$work/fd-expected"
dd if="$work/numbers" of="$work/fd-expected" bs=1024 seek=100 conv=notrunc status=none

export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd MEDIA=$work
wire() {
	echo "-chardev socket,id=$1,path=$work/$1,server=on,wait=off" \
		"-chardev socket,id=$1-far,path=$work/$1" \
		"-device virtserialport,chardev=$1-far,name=$1"
}
export QEMU_EXTRA="-drive if=none,id=cd,media=cdrom -device ide-cd,drive=cd,id=hostcd
	-drive if=floppy,id=fd,index=0 -parallel file:$work/paper -device virtio-serial
	$(wire qmp) -mon chardev=qmp,mode=control $(wire line) -serial chardev:line"
QEMU_EXTRA=$(tr -s '\n\t' ' ' <<< "$QEMU_EXTRA")
status=0
MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-1800} PASSENV="GUEST_KERNEL INITRD MEDIA" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/host.py" "$@")" || status=1

# found NAME FILE EXPECTED: what reached this side of the emulator; once for each test.
found() {
	if cmp "$2" "$3"; then
		echo "ok host-$1"
	else
		echo "not ok host-$1: not what the guest wrote"
		status=1
	fi
}
case " ${*:-floppy_written printer} " in *" floppy_written "*)
	found floppy-image "$work/fd-written" "$work/fd-expected" ;;
esac
case " ${*:-floppy_written printer} " in *" printer "*)
	seq 1 300 > "$work/paper-expected"
	seq 1 300 >> "$work/paper-expected"
	found paper "$work/paper" "$work/paper-expected" ;;
esac
exit $status
