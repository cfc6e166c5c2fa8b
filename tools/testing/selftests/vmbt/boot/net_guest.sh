# SPDX-License-Identifier: GPL-2.0
#
# What the guest of net.py does: the part its kernel's command line names.

digest() {
	sha256sum | cut -d ' ' -f 1
}

# What udhcpc calls: nothing but the address and the route.
cat > /tmp/dhcp <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route replace default via "$router" dev "$interface"
echo "address: $ip"
END
chmod +x /tmp/dhcp

# up CARD: by DHCP.
up() {
	ip link set "$1" up
	udhcpc -i "$1" -s /tmp/dhcp -q -n -t 10 -T 2 > /tmp/log 2>&1
	grep '^address' /tmp/log || echo "address: none"
}

value() {
	sed "s/.*$1=\([^ ]*\).*/\1/" /proc/cmdline
}

lookup() {
	nslookup a.vmbt.test 10.0.2.3 2> /dev/null | sed -n 's/^Address.*[: ]\(192[0-9.]*\)$/\1/p'
}

case $(value part) in
user)
	echo "card: $(dmesg | sed -n 's/.*pcnet32: \(PCnet[^,]*\) at .*/\1/p')"
	echo "mac: $(cat /sys/class/net/eth0/address)"
	up eth0
	ping -c 3 -W 5 10.0.2.2 > /tmp/log
	echo "ping: $(sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p' /tmp/log)"
	echo "download: $(wget -q -O - "http://10.0.2.2:$(value port)/file" | digest)"
	seq 1 "$(value numbers)" | nc 10.0.2.2 "$(value sink)"
	echo "upload: done"
	nc -l -p 7777 > /tmp/forwarded &
	until grep -qs ':1E61 .* 0A ' /proc/net/tcp /proc/net/tcp6; do
		usleep 100000
	done
	echo "forwarded: ready"
	wait
	echo "forwarded: $(digest < /tmp/forwarded)"
	echo "missed: $(cat /sys/class/net/eth0/statistics/rx_missed_errors)"
	echo "errors: $(($(cat /sys/class/net/eth0/statistics/rx_errors) + $(cat /sys/class/net/eth0/statistics/tx_errors)))"
	;;
packets)
	up eth0
	before=$(cat /sys/class/net/eth0/statistics/tx_packets)
	packets 10.0.2.2 "$(value port)" "$(value count)"
	after=$(cat /sys/class/net/eth0/statistics/tx_packets)
	# Those that say something are a handful; rounds are thousands.
	echo "packets: $(((after - before) / 1000 * 1000))"
	echo "errors: $(($(cat /sys/class/net/eth0/statistics/tx_errors) + $(cat /sys/class/net/eth0/statistics/tx_dropped)))"
	;;
names)
	up eth0
	first=$(lookup)
	echo "name: $first"
	for i in $(seq 100); do
		second=$(lookup)
		[ "$second" = "$first" ] || [ -z "$second" ] || break
		sleep 1
	done
	echo "name: $second"
	;;
three)
	for n in 0 1 2; do
		echo "mac: $(cat /sys/class/net/eth$n/address)"
		up eth$n
		ping -c 1 -W 5 -I eth$n 10.0.2.2 > /tmp/log
		echo "ping: $(sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p' /tmp/log)"
		ip addr flush dev eth$n
		ip link set eth$n down
	done
	echo "interrupts: $(grep -c 'eth' /proc/interrupts)"
	;;
tap)
	ip addr add 192.168.77.2/24 dev eth0
	ip link set eth0 up
	ping -c 3 -W 5 192.168.77.1 > /tmp/log
	echo "ping: $(sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p' /tmp/log)"
	echo "download: $(wget -q -O - "http://192.168.77.1:$(value port)/file" | digest)"
	;;
esac
