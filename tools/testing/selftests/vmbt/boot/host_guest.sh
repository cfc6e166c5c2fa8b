# SPDX-License-Identifier: GPL-2.0
#
# What the guest of host.py does beyond media_guest.sh.

case $part in
written)
	until dd if=/dev/fd0 of=/dev/null bs=512 count=1 2> /dev/null; do usleep 300000; done
	seq 1 2000 | dd of=/dev/fd0 bs=1024 seek=100 conv=fsync,notrunc 2> /dev/null
	echo "written: $?"
	# The next disk is one that can't be written.
	echo "next: please"
	n=0
	while seq 1 100 | dd of=/dev/fd0 bs=512 conv=fsync,notrunc 2> /dev/null; do
		usleep 300000
		n=$((n + 1))
		[ $n -lt 200 ] || break
	done
	echo "protected: $((n < 200))"
	;;
printer)
	seq 1 300 > /dev/lp0
	echo "printed: $?"
	;;
serial)
	stty -F /dev/ttyS1 raw -echo 115200
	exec 3<> /dev/ttyS1
	seq 1 100 >&3
	echo "sent: $?"
	read -r line <&3
	echo "got: $line"
	;;
esac
