# SPDX-License-Identifier: GPL-2.0
#
# What the guest of disks.py does: the part its kernel's command line names.

# data LAST: the same numbers that the host expects.
data() {
	seq 1 "$1"
}

# digest FILE [OPTION OF dd]...: not from memory.
digest() {
	file=$1
	shift
	echo 3 > /proc/sys/vm/drop_caches
	dd if="$file" bs=64k "$@" 2> /dev/null | sha256sum | cut -d ' ' -f 1
}

# written FILE BLOCK LENGTH: the digest of LENGTH bytes from a block of 64 KiB on.
written() {
	echo 3 > /proc/sys/vm/drop_caches
	dd if="$1" bs=64k skip="$2" 2> /dev/null | head -c "$3" | sha256sum | cut -d ' ' -f 1
}

# drive N: master and slave of the first cable are 0 and 1. Linux names them in
# the order in which it happens to find them.
drive() {
	n=0
	until dev=$(echo /sys/class/block/*) && dev=$(for d in $dev; do
			readlink -f "$d"
		done | sed -n "s|.*/ata$(($1 / 2 + 1))/host.*/[0-9]*:0:$(($1 % 2)):0/block/\([a-z]*\)\$|/dev/\1|p") &&
		[ -b "$dev" ]; do
		usleep 100000
		n=$((n + 1))
		[ $n -lt 100 ] || break
	done
	echo "mode: $(cat "/sys/class/ata_device/dev$(($1 / 2 + 1)).$(($1 % 2))/xfer_mode")"
}

part=$(sed 's/.*part=\([a-z]*\).*/\1/' /proc/cmdline)
size=$(data 200000 | wc -c)
case $part in
four)
	drive 0; a=$dev
	drive 1; b=$dev
	drive 2; c=$dev
	drive 3; d=$dev
	echo "read: $(digest "$a" count=64)"
	if mount -t ext4 "$b" /mnt 2> /dev/null; then
		echo "after reboot: $(written "$a" 128 "$size")"
		echo "copied after reboot: $(digest "$d" count=16)"
		echo "file after reboot: $(sha256sum < /mnt/numbers | cut -d ' ' -f 1)"
		echo "errors: $(dmesg | grep -c 'ata[0-9].*\(exception\|error\)')"
		exit
	fi
	data 200000 | dd of="$a" bs=64k seek=128 conv=fsync,notrunc 2> /dev/null
	echo "written: $(written "$a" 128 "$size")"
	if data 1000 | dd of="$c" bs=512 conv=fsync,notrunc 2> /dev/null; then
		echo "fixed: written"
	else
		echo "fixed: refused"
	fi
	echo "fixed digest: $(digest "$c")"
	data 200000 | head -c 1048576 | dd of="$d" bs=64k conv=fsync,notrunc 2> /dev/null
	echo "copied: $(digest "$d" count=16)"
	mke2fs "$b" > /dev/null
	mount -t ext4 "$b" /mnt
	data 200000 > /mnt/numbers
	umount /mnt
	mount -t ext4 "$b" /mnt
	echo "file: $(sha256sum < /mnt/numbers | cut -d ' ' -f 1)"
	umount /mnt
	;;
killed)
	drive 0
	data 50000 | dd of="$dev" bs=64k seek=256 conv=notrunc oflag=direct 2> /dev/null
	echo "unflushed digest: $(written "$dev" 256 "$(data 50000 | wc -c)")"
	dd if=/dev/null of="$dev" conv=fsync,notrunc 2> /dev/null
	echo "flushed: $?"
	sleep 1000
	;;
lost)
	rmmod ata_piix libata
	insmod /modules/libata.ko dma=0
	insmod /modules/ata_piix.ko
	drive 0
	echo "read: $(digest "$dev" count=32)"
	data 50000 | dd of="$dev" bs=64k seek=256 conv=notrunc oflag=direct 2> /dev/null
	echo "unflushed digest: $(written "$dev" 256 "$(data 50000 | wc -c)")"
	sleep 1000
	;;
esac
