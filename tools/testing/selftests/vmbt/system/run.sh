#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the guests one way and has judge.py compare the results with the table
# of that way and version.
#
#   run.sh WAY OUT GROUP...
#
# WAY is qemu or bochs (the guest directly on it), vmbt, vmbt-intel, vmbt-no-de or
# vmbt-no-offers (under vmbt in the test host on QEMU: on the model that is there, on
# Intel's, which has SYSENTER, without direct execution, with nothing left to the ring-1
# runtime that VMBT_OFFER_* names), or vmbt-bochs or vmbt-bochs-floating (in the test host
# on Bochs, with the monitor area fixed at the top or floating).
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
way=$1 out=$2
shift 2
logs=$out/$way
rm -rf "$logs"
mkdir -p "$logs"

# Some deviations end in a CPU that stands still: nobody waits for that.
on_qemu() {
	local pid size last=-1 still=0

	"${QEMU32:-qemu-system-i386}" -accel tcg -m 16 \
		-cpu max,-smap,-smep,-umip,-xsave,-avx,-avx2,-fma,-f16c,-vaes,-vpclmulqdq,-pku,-sep -display none -nodefaults \
		-no-user-config -no-reboot -device isa-debug-exit,iobase=0xf4 \
		-chardev "file,id=text,path=$logs/$1" \
		-device isa-debugcon,iobase=0xe9,chardev=text \
		-kernel "$out/$1.elf" > "$logs/$1.err" 2>&1 &
	pid=$!
	while kill -0 $pid 2> /dev/null; do
		sleep 0.1
		size=$(stat -c %s "$logs/$1" 2> /dev/null || echo 0)
		[ "$size" = "$last" ] && still=$((still + 1)) || still=0
		last=$size
		[ $still -lt 100 ] || kill -9 $pid
	done
	wait $pid 2> /dev/null
}

on_bochs() {
	local model=${BOCHS_CPU:-corei7_icelake_u}

	# The group that wants a CPU without AVX.
	[ "$1" != avx ] || model=corei5_arrandale_m520
	cat > "$logs/$1.rc" <<-EOT
		config_interface: textconfig
		display_library: rfb, options="timeout=0"
		romimage: file=/usr/share/bochs/BIOS-bochs-latest
		vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
		megs: 32
		cpu: model=$model, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
		clock: sync=none, time0=local
		sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
		speaker: enabled=1, mode=none
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata0-master: type=disk, mode=flat, path="$out/$1.disk", cylinders=2, heads=16, spt=63
		boot: disk
		port_e9_hack: enabled=1
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
	EOT
	# A Bochs that was killed leaves its lock behind.
	rm -f "$out/$1.disk.lock"
	echo c > "$logs/go"
	(cd "$logs" && timeout 60 bochs -q -f "$1.rc" -rc go) > "$logs/$1" \
		2> "$logs/$1.err" < /dev/null
}

# The groups one after the other, in one test host, each for so many seconds at
# most; their output is cut apart. A group's own status is in its output, so that
# one of the host's is the host's: what it said then would be in no group.
hosted() {
	local host=$1 seconds=$2 cmd g status
	shift 2
	cmd="for g in $*; do echo \"== \$g\"; timeout $seconds $out/\$g $out/\$g.bin; done; true"
	LOG=$logs/host.log TIMEOUT=${TIMEOUT:-$((seconds * 6))} "$top/scripts/$host" "$cmd" \
		> "$logs/all" 2> "$logs/host.err"
	status=$?
	[ $status = 0 ] || {
		echo "not ok $way/host: the test host ended with status $status; it said:"
		head -40 "$logs/host.err"
		tail -n 5 "$logs/all"
	}
	for g in "$@"; do
		awk -v g="$g" '/^== / { on = $2 == g; next } on' "$logs/all" > "$logs/$g"
	done
}

qemu_version() {
	"$1" --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p'
}
bochs_version() {
	dpkg-query -W -f '${Version}' bochs | sed -n 's/^\([0-9]*\.[0-9]*\).*/\1/p'
}

case $way in
qemu)	table=qemu-$(qemu_version "${QEMU32:-qemu-system-i386}") ;;
bochs)	"$top/scripts/deps.sh" bochs bochsbios vgabios 1>&2 || exit 125
	table=bochs-$(bochs_version) ;;
vmbt-intel|vmbt-no-offers) table=vmbt-on-qemu-$(qemu_version "${QEMU:-qemu-system-x86_64}") ;;
vmbt|vmbt-no-de)
	table=$way-on-qemu-$(qemu_version "${QEMU:-qemu-system-x86_64}") ;;
vmbt-bochs) table=vmbt-on-bochs-$(bochs_version) ;;
vmbt-bochs-floating) table=vmbt-floating-on-bochs-$(bochs_version) ;;
*)	echo "not ok system: no way $way"; exit 1 ;;
esac
if [ ! -e "$here/deviations/$table" ]; then
	echo "skip $way: no table of deviations for this version, $table"
	exit 0
fi

case $way in
qemu)	for g in "$@"; do on_qemu "$g"; done ;;
bochs)	for g in "$@"; do on_bochs "$g"; done ;;
vmbt)	hosted testhost 100 "$@" ;;
vmbt-intel) CPU=max,vendor=GenuineIntel hosted testhost 100 "$@" ;;
vmbt-no-de) MODPARAMS='force=1 no_de=1' hosted testhost 100 "$@" ;;
vmbt-no-offers) MODPARAMS='force=1 no_offers=0xffffffff' hosted testhost 100 "$@" ;;
vmbt-bochs|vmbt-bochs-floating)
	[ "$way" = vmbt-bochs ] || export MODPARAMS=monitor=0
	files=
	for g in "$@"; do
		files+=" $out/$g $out/$g.bin"
	done
	HOSTFILES=$files hosted bochshost 600 "$@" ;;
esac
args=()
for g in "$@"; do
	args+=("$g=$logs/$g")
done
"$here/judge.py" "$way" "$here/deviations/$table" "${args[@]}"
