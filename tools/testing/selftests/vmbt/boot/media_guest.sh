# SPDX-License-Identifier: GPL-2.0
#
# What the guest of media.py does: it tells what is in its drives, and again whenever
# that has changed. Only the kernel's own notice of a new medium makes it read anew.

# watch NAME DEVICE: a line for each medium, or for there being none.
watch() {
	was=
	while :; do
		# To the end of the medium, or its beginning can't be opened at all.
		if now=$(dd if="$2" bs=64k 2> /dev/null | sha256sum | cut -d ' ' -f 1) &&
		   [ "$now" = "$(printf '' | sha256sum | cut -d ' ' -f 1)" ]; then
			now=none
		fi
		[ "$now" = "$was" ] || echo "$1: $now"
		was=$now
		[ -e /tmp/stop ] && break
		usleep 300000
	done
}

part=$(sed 's/.*part=\([a-z]*\).*/\1/' /proc/cmdline)
case $part in
cd)
	until [ -b /dev/sr0 ]; do usleep 100000; done
	watch cd /dev/sr0
	;;
lock)
	until [ -b /dev/sr0 ]; do usleep 100000; done
	exec 3< /dev/sr0
	echo "held: yes"
	# Until the host has taken it out by force.
	while dd if=/dev/sr0 of=/dev/null bs=2048 count=1 iflag=direct 2> /dev/null; do
		usleep 300000
	done
	echo "held: gone"
	exec 3<&-
	until dd if=/dev/sr0 of=/dev/null bs=2048 count=1 2> /dev/null; do usleep 300000; done
	echo "back: yes"
	# Whoever closes it last opens the tray, and who opens it closes the tray.
	echo 1 > /proc/sys/dev/cdrom/autoeject
	dd if=/dev/sr0 of=/dev/null bs=2048 count=1 2> /dev/null
	echo "ejected: yes"
	echo 0 > /proc/sys/dev/cdrom/autoeject
	# A disc that was changed Linux does not read before the next time it is opened.
	dd if=/dev/sr0 of=/dev/null bs=2048 count=1 2> /dev/null
	echo "loaded: $(sha256sum < /dev/sr0 | cut -d ' ' -f 1)"
	sleep 1000
	;;
floppy)
	until [ -b /dev/fd0 ]; do usleep 100000; done
	watch fd /dev/fd0
	;;
esac
