#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where the time of a compute loop goes: while a guest process computes for ten
# seconds, at least 99 of 100 host interrupts must find the guest in direct
# execution. With direct execution switched off the same measure must not say
# so, or it would measure nothing.
#
# The test host runs under -icount, one instruction a nanosecond, as a machine
# does that is not busy with something else. Its own clock ticks keep step with
# the guest's, so a process there that wakes up each 1.003 ms makes interrupts
# that do not.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
guest=debian-686
status=0

initrd=$out/profile.initrd
"$top/scripts/guest-initrd" "$initrd" '
echo loop-begins
timeout 10 awk "BEGIN { while (1) s += 1 }"
echo loop-ends
sleep 5
' || exit 1

# In the test host: the counters at either marker, from debugfs.
load=${HOSTLOAD:-$top/build/boot/hostload}
inner='
'$load' wake 1003 &
shot() {
	awk -v at=$1 "{ v[\$1] = \$2 } END { print \"shot\", at, v[\"prof_de\"],
		v[\"prof_tc1\"], v[\"prof_tc3\"], v[\"prof_vmm\"], v[\"prof_interp\"] }" \
		/sys/kernel/debug/vmbt/*/stats
}
vmbt-run -m 256 -kernel '$top/build/guest/$guest/vmlinuz' -initrd '$initrd' \
	-serial stdio -nographic -no-reboot \
	-append "console=ttyS0 acpi=off nolapic noisapnp quiet panic=-1" \
	< /dev/null 2>&1 | while IFS= read -r line; do
	case $line in
	*loop-begins*)	(shot begin) ;;
	*loop-ends*)	(shot end) ;;
	esac
done
'

# share NAME MODPARAMS: sets $share, in hundredths of a percent.
share() {
	local log=$out/profile-$1
	ICOUNT=1 SMP=1 MODPARAMS=$2 TIMEOUT=600 "$top/scripts/testhost" "$inner" > "$log" 2>&1
	share=$(awk '$1 == "shot" { for (i = 3; i <= 7; i++) v[$2, i] = $i; n++ }
		END {
			if (n != 2) exit
			for (i = 3; i <= 7; i++) all += v["end", i] - v["begin", i]
			if (all < 100) exit
			printf "%d", 10000 * (v["end", 3] - v["begin", 3]) / all
		}' "$log")
}

force=${MODPARAMS:-force=1}
share on "$force"
if [ -z "$share" ]; then
	echo "not ok profile-de: no two shots with 100 interrupts between"
	tail -5 "$out/profile-on" | sed 's/^/    /'
	exit 1
fi
if [ "$share" -ge 9900 ]; then
	echo "ok profile-de"
else
	echo "not ok profile-de: $((share / 100)) % of the loop was direct execution"
	status=1
fi
echo "direct execution in a compute loop: $((share / 100)).$((share % 100 / 10)) %"

share off "$force no_de=1"
if [ -n "$share" ] && [ "$share" -lt 9900 ]; then
	echo "ok profile-without-de"
else
	echo "not ok profile-without-de: the measure says '$share' of 10000 with direct execution off"
	status=1
fi
exit $status
