# SPDX-License-Identifier: GPL-2.0
#
# For commands that run in the test host: a guest there, and how much CPU time
# a process has used. Sourced; the caller sets K (kernel) and I (initrd).

A="console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1"

# guest [OPTION]...: vmbt-run becomes this shell; its output goes to stdout.
guest() {
	exec vmbt-run -m 256 -kernel "$K" -initrd "$I" -append "$A" -nographic -no-reboot \
		-serial stdio "$@" < /dev/null 2>&1
}

# used PID: CPU time of all its threads in milliseconds, by the scheduler's own
# account, which sees what clock ticks miss.
used() {
	cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { printf "%d\n", s / 1000000 }'
}

now() {
	echo $(($(date +%s%N) / 1000000))
}

# until_line FILE TEXT SECONDS
until_line() {
	local n
	for ((n = 0; n < $3 * 5; n++)); do
		grep -aq "$2" "$1" && return 0
		sleep 0.2
	done
	echo "failed: no '$2' after $3 s"
	tail -n 5 "$1"
	return 1
}
