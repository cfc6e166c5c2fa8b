# SPDX-License-Identifier: GPL-2.0
#
# What the guest of devices.py does: the part its kernel's command line names.

# digest FILE [OPTION OF dd]...: not from memory.
digest() {
	file=$1
	shift
	echo 3 > /proc/sys/vm/drop_caches
	dd if="$file" bs=64k "$@" 2> /dev/null | sha256sum | cut -d ' ' -f 1
}

# scsi ID: the disk of that number on the bus, as $dev.
scsi() {
	n=0
	until dev=$(ls "/sys/bus/scsi/devices/0:0:$1:0/block" 2> /dev/null) && [ -b "/dev/$dev" ]; do
		usleep 100000
		n=$((n + 1))
		[ $n -lt 300 ] || break
	done
	dev=/dev/$dev
}

# sound: with the parameters of a card without plug and play.
sound() {
	rmmod snd_sb16 2> /dev/null
	insmod /modules/snd-sb16.ko isapnp=0 port=0x220 irq=5 dma8=1 dma16=5 mpu_port=0x330
	echo "card: $(sed -n 's/.*\(Sound Blaster 16 at .*\)/\1/p' /proc/asound/cards)"
	echo "fm: $(grep -c 'OPL3' /proc/asound/hwdep 2> /dev/null)"
}

# printer: likewise.
printer() {
	rmmod lp parport_pc
	insmod /modules/parport_pc.ko io=0x378 irq=7
	insmod /modules/lp.ko
	echo "port: $(dmesg | sed -n 's/.*parport0: \(PC-style.*\)/\1/p' | tail -n 1)"
	echo "printer: $(dmesg | sed -n 's/.*lp0: \(using.*\)/\1/p' | tail -n 1)"
}

# value KEY: from the kernel's command line.
value() {
	sed "s/.*$1=\([^ ]*\).*/\1/" /proc/cmdline
}

# ide N: master and slave of the first cable are 0 and 1, as $dev.
ide() {
	dev=$(for d in /sys/class/block/*; do
		readlink -f "$d"
	done | sed -n "s|.*/ata$(($1 / 2 + 1))/host.*/[0-9]*:0:$(($1 % 2)):0/block/\([a-z0-9]*\)\$|/dev/\1|p")
}

# What udhcpc calls: nothing but the address and the route.
cat > /tmp/dhcp <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route replace default via "$router" dev "$interface"
END
chmod +x /tmp/dhcp

# carry CARD: what it carries, by digest.
carry() {
	ip link set "$1" up
	udhcpc -i "$1" -s /tmp/dhcp -q -n -t 10 -T 2 > /tmp/log 2>&1
	wget -q -O - "http://10.0.2.2:$(value port)/file" | sha256sum | cut -d ' ' -f 1
	ip addr flush dev "$1"
	ip link set "$1" down
}

case $(sed 's/.*part=\([a-z]*\).*/\1/' /proc/cmdline) in
scsi)
	echo "adapter: $(dmesg | sed -n 's/.*Configuring BusLogic Model \(BT-958\) PCI.*/\1/p')"
	for id in 0 1 2 3 4 5 6; do
		scsi $id
		echo "disk $id: $(digest "$dev")"
	done
	scsi 2
	seq 1 100000 | dd of="$dev" bs=64k seek=16 conv=fsync,notrunc 2> /dev/null
	echo "written: $(digest "$dev" skip=16 count=8)"
	scsi 5
	if seq 1 1000 | dd of="$dev" bs=512 conv=fsync,notrunc 2> /dev/null; then
		echo "fixed: written"
	else
		echo "fixed: refused"
	fi
	# All at once, so that commands queue up; one is written the while.
	for id in 0 1 3 4 6; do
		scsi $id
		(dd if="$dev" iflag=direct bs=64k 2> /dev/null | sha256sum > /tmp/sum$id) &
	done
	scsi 2
	seq 1 100000 | dd of="$dev" bs=64k seek=24 oflag=direct conv=notrunc 2> /dev/null
	wait
	for id in 0 1 3 4 6; do
		echo "together $id: $(cut -d ' ' -f 1 /tmp/sum$id)"
	done
	echo "errors: $(dmesg | grep -c 'scsi0.*\(Abort\|Reset\|error\)\|I/O error, dev sd[^f]')"
	;;
sound)
	sound
	tone 16 2 44100 440 1000
	echo "tone: $?"
	tone 8 1 11025 1000 1000
	echo "tone: $?"
	echo "interrupts: $(awk '/SoundBlaster/ { print ($2 > 0) }' /proc/interrupts)"
	;;
printer)
	printer
	seq 1 300 > /dev/lp0
	echo "printed: $?"
	echo "interrupt: $(awk '/parport0/ { print $1 }' /proc/interrupts)"
	;;
everything)
	for f in /sys/bus/pci/devices/*; do
		driver=$(readlink "$f/driver")
		echo "pci $(cut -c 3- "$f/vendor"):$(cut -c 3- "$f/device"): ${driver##*/}"
	done
	sound
	printer
	for what in ata_piix BusLogic pcnet32 floppy serial parport0 SoundBlaster MPU401; do
		echo "ports $what: $(grep -c "$what" /proc/ioports)"
	done
	for n in 0 1 2 3; do
		ide $n
		echo "ide $n: $(digest "$dev")"
	done
	for id in 0 1 2 3 4 5 6; do
		scsi $id
		echo "scsi $id: $(digest "$dev")"
	done
	for n in 0 1; do
		echo "floppy $n: $(digest /dev/fd$n)"
	done
	for n in 0 1 2; do
		echo "card $n: $(cat /sys/class/net/eth$n/address) $(carry eth$n)"
	done
	tone 16 2 22050 440 2000
	echo "tone: $?"
	seq 1 300 > /dev/lp0
	echo "printed: $?"
	seq 1 300 > /dev/ttyS1
	stty -F /dev/ttyS1 sane
	echo "sent: $?"
	;;
esac
