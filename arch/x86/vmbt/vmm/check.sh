#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the linker can't refuse: the last look at the image before it goes into
# the module. A finding here is a hole in the wall between image and host, or
# an instruction where it may not be.
#
# usage: check.sh vmm.elf object...
set -u
elf=$1
shift
bad=0
fail() { echo "image: $*" >&2; bad=1; }

out=$(nm -u "$elf")
[ -z "$out" ] || fail "undefined symbols: $out"

out=$(readelf -rW "$elf" | grep -v '^$' | grep -v 'no relocations')
[ -z "$out" ] || fail "relocations are left: $out"

out=$(nm "$elf" | grep -E '__fentry__|mcount|__x86_(return|indirect)_thunk|__stack_chk|__asan|__ubsan|__kcov|__kcsan|__kmsan|__cfi')
[ -z "$out" ] || fail "instrumentation of the host's: $out"

out=$(readelf -lW "$elf" | awk '$1 == "LOAD" && /W/ && / [R ]WE /')
[ -z "$out" ] || fail "a segment is writable and executable: $out"

# Ring-1 code may be anything; it lies in read-only data and is not seen here. The
# header's page has numbers, which may look like such an instruction.
header=$(nm "$elf" | sed -n 's/000 T metal_header$//p')
[ -n "$header" ] || fail "no page for metal_header"
out=$(objdump -d --no-show-raw-insn "$elf" | grep -v "^ *$header[0-9a-f]\{3\}:" |
      grep -E '%([xyz]mm|st|mm)[0-9(]' | head -3)
[ -z "$out" ] || fail "vector or x87 registers: $out"

priv='(lgdt|lidt|lldt|ltr|lmsw|clts|invd|wbinvd|invlpg|rdmsr|wrmsr|hlt|iretq?|sysret|sysexit|swapgs|cli|sti|vm[a-z]+|in|out|ins[bwl]|outs[bwl]|xsetbv|invpcid|verw)'
for o in "$@"; do
	case $o in
	*/metal/*) continue ;;
	esac
	out=$(objdump -d --no-show-raw-insn "$o" |
	      grep -E "^ *[0-9a-f]+:	$priv( |\$)|%[cd]r[0-9]+" | head -3)
	[ -z "$out" ] || fail "privileged instruction in $o: $out"
done

exit $bad
