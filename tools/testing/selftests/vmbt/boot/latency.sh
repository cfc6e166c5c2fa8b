#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# For how long are interrupts off? The VMM notes the longest time that it kept
# host and guest waiting. Under -icount a time stamp is an instruction, whatever
# else the machine has to do, and 200,000 of them are the bound, over a whole boot
# and work that fills the translation cache, rewrites code and tears down tables.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
bound=200000
status=0

for guest in "$@"; do
	o=$out/latency-$guest
	ICOUNT=1 TIMEOUT=600 RUN_OPTS=--stats EXEC='
		for i in 1 2 3 4 5 6 7 8; do (seq $i 400 | md5sum) & done; wait
		dd if=/dev/zero of=/tmp/z bs=64k count=128; md5sum < /tmp/z
		awk "BEGIN { for (i = 0; i < 20000; i++) a[i] = i \"\"; print length(a) }"
		gzip < /tmp/z | gunzip | cksum; rm /tmp/z
		exit 5' "$top/scripts/run" "$guest" > "$o" 2> "$o.err"
	s=$?
	longest=$(awk '$1 == "longest_vmm_tsc" { print $2 }' "$o")
	if [ $s -ne 5 ]; then
		echo "not ok latency-$guest: status $s instead of 5"
		status=1
	elif [ "${longest:-0}" -gt 1000 ] && [ "$longest" -le $bound ]; then
		echo "ok latency-$guest"
		echo "$guest: interrupts were off for $longest instructions at most"
	else
		echo "not ok latency-$guest: '$longest' instructions with interrupts off, not $bound"
		status=1
	fi
done
exit $status
