#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vmbt's directories in the patched tree under several configurations, by gcc and
# by clang, W=1: beside lint's (KASAN, lockdep, IBT, retpolines, a module) without
# any of those, and built in. A warning is a failure, as is a configuration that
# is not what was asked for.
#
#   matrix.sh DIR [CONFIGURATION...]
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)
O=$1
shift
[ $# -ne 0 ] || set -- lint plain open builtin
mkdir -p "$O"
status=0
off() { printf 'CONFIG_%s=n\n' "$@"; }

off KASAN UBSAN PROVE_LOCKING PROVE_RCU DEBUG_ATOMIC_SLEEP DEBUG_KMEMLEAK DEBUG_OBJECTS \
	DEBUG_VM DEBUG_LIST DEBUG_ENTRY > "$O/plain.config"
off KASAN X86_KERNEL_IBT MITIGATION_RETPOLINE MITIGATION_RETHUNK MITIGATION_SLS \
	MITIGATION_PAGE_TABLE_ISOLATION > "$O/open.config"
echo CONFIG_VMBT=y > "$O/builtin.config"
: > "$O/lint.config"

for config; do
	for cc in gcc clang; do
		name=$config-$cc
		if ! CONFIG_EXTRA=$O/$config.config OBJ=$name "$top/scripts/linux-tree" "$cc"; then
			echo "not ok matrix-$name: no such configuration"
			status=1
			continue
		fi
		obj=$top/build/linux/$name
		wrong=$(comm -23 <(sort "$O/$config.config") <(sort "$obj/.config" \
			<(sed -n 's/^# \(CONFIG[^ ]*\) is not set/\1=n/p' "$obj/.config") |
			sort -u) | while IFS='=' read -r k v; do
				[ "$v" = n ] && ! grep -q "^$k=" "$obj/.config" || echo "$k=$v"
			done)
		rm -rf "$obj/arch/x86/vmbt"
		make -C "$top/build/linux/tree" O="$obj" $([ $cc = gcc ] || echo LLVM=1) \
			W=1 -k -j2 arch/x86/vmbt/ > "$O/$name.log" 2>&1
		ret=$?
		if [ -n "$wrong" ]; then
			echo "not ok matrix-$name: not as asked for: $(xargs <<< "$wrong")"
			status=1
		elif [ $ret -ne 0 ] || grep -qE '(warning|error):' "$O/$name.log"; then
			grep -E '(warning|error):' "$O/$name.log" | sort -u | head -5 | sed 's/^/    /'
			echo "not ok matrix-$name: status $ret"
			status=1
		else
			echo "ok matrix-$name"
		fi
	done
done
exit $status
