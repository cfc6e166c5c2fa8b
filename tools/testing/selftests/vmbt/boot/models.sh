#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same little on many hosts: CPUs of Intel and AMD, page tables of four and
# five levels, page-table isolation on and off, KASLR, one CPU and four. On each
# the world switch, a guest, and a few hundred hostile programs.
#
# Each host is asked whether it is what its name says.
#
#   models.sh [NAME...]
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
guest=debian-686
HOSTILE=${HOSTILE:-$top/build/hostile/hostile}
w=$(mktemp -d "$top/build/run.XXXXXX")
trap 'rm -rf "$w"' EXIT

# AMD's models lack a way that Linux wants to report, with a warning, hence "off".
# NAME | scripts/testhost's environment | what must hold there
hosts=$(cat <<'EOF'
nehalem		CPU=Nehalem			grep -q 'vendor_id.*Intel' /proc/cpuinfo
haswell		CPU=Haswell-noTSX		grep -q 'vendor_id.*Intel' /proc/cpuinfo
icelake		CPU=Icelake-Server		grep -q 'vendor_id.*Intel' /proc/cpuinfo
milan		CPU=EPYC-Milan,APPEND=spec_rstack_overflow=off	grep -q 'vendor_id.*AMD' /proc/cpuinfo
epyc		CPU=EPYC,APPEND=spec_rstack_overflow=off	grep -q 'vendor_id.*AMD' /proc/cpuinfo
levels4		APPEND=no5lvl,KERNEL=VMLINUZ	! grep -qw la57 /proc/cpuinfo
levels5		KERNEL=VMLINUZ			grep -qw la57 /proc/cpuinfo
kpti		CPU=Haswell-noTSX,APPEND=pti=on	grep -qw pti /proc/cpuinfo
nokpti		CPU=Haswell-noTSX,APPEND=pti=off	! grep -qw pti /proc/cpuinfo
kaslr		KASLR=1,KERNEL=VMLINUZ		! grep -q '^ffffffff81000000 T _text' /proc/kallsyms
cpus1		SMP=1				[ $(nproc) = 1 ]
cpus4		SMP=4				[ $(nproc) = 4 ]
EOF
)

"$top/scripts/guest-initrd" "$w/initrd" 'uname -r; head -c 1000000 /dev/zero | md5sum' || exit 1
sum=$(head -c 1000000 /dev/zero | md5sum)
release=$(< "$top/build/guest/$guest/release")

cat > "$w/inside" <<EOF
K=$top/build/guest/$guest/vmlinuz I=$w/initrd
. $here/inhost.sh
d=/sys/kernel/debug
mountpoint -q \$d || mount -t debugfs none \$d
eval "\$HOLDS" && echo "ok \${NAME}_is" || echo "not ok \${NAME}_is: the host is none"
echo 2000 > \$d/vmbt-switch/selftest && echo "ok \${NAME}_switch" ||
	echo "not ok \${NAME}_switch: \$(dmesg | grep vmbt: | tail -n 1)"
(guest --exit-line vmbt-exit:) | tr -d '\\r' > /tmp/out
if [ \${PIPESTATUS[0]} -eq 0 ] && grep -q '^$sum' /tmp/out && grep -q '^${release%%-*}' /tmp/out; then
	echo "ok \${NAME}_boot"
else
	echo "not ok \${NAME}_boot: \$(tail -n 1 /tmp/out)"
fi
if $HOSTILE -n 650 > /tmp/hostile.out 2>&1; then
	echo "ok \${NAME}_isolation"
else
	echo "not ok \${NAME}_isolation: \$(grep -m1 '^not ok' /tmp/hostile.out)"
fi
EOF
while read -r NAME vars HOLDS; do
	[ $# -eq 0 ] || [[ " $* " == *" $NAME "* ]] || continue
	# What unpacks the kernel also chooses where, and the levels of page tables.
	IFS=, read -ra vars <<< "${vars/VMLINUZ/$top/build/host/vmlinuz}"
	export NAME HOLDS
	env "${vars[@]}" PASSENV="NAME HOLDS" MODPARAMS="force=1 hostile=1" TIMEOUT=900 \
		"$top/scripts/testhost" "bash $w/inside" < /dev/null
	s=$?
	[ $s -eq 0 ] || echo "not ok ${NAME}: the test host ended with $s"
done <<< "$hosts" | tee "$w/out"
! grep -q '^not ok' "$w/out" && grep -q '^ok' "$w/out"
