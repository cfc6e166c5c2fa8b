#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Random programs by the million, in pieces, over days if need be: each piece is
# some programs of every suite from seeds of its own, and what has been run of
# these very sources is remembered in a file. judge.c, which finds reasons for
# differences and makes none, is not one of them.
#
# A line of the file: seed, programs, the same, seconds of CPU time, status.
#
# usage: millions.sh PROGRAM DIRECTORY GOAL [CASES]
set -uo pipefail
program=$1 dir=$2 goal=$3 cases=${4:-5000}
here=$(cd "$(dirname "$0")" && pwd)
image=$here/../../../../../arch/x86/vmbt
record=$dir/millions-$(find "$image/vmm" "$image/include" "$here" -name '*.[chS]' ! -name judge.c |
	LC_ALL=C sort | xargs cat | cksum | tr ' ' -)
failed=$record.failed
touch "$record" "$failed"
echo "# first seed 10000000"

sum() { awk -v f="$1" '{ n += $f } END { printf "%.0f", n }' "$record"; }

# piece SEED: runs one; a line in the record if all is well.
piece() {
	local seed=$1 start end status n same
	start=$(awk '{ print $14 + $15 + $16 + $17 }' /proc/$$/stat)
	"$program" 100000 "$seed" "$cases" > "$record.out" 2>&1
	status=$?
	end=$(awk '{ print $14 + $15 + $16 + $17 }' /proc/$$/stat)
	read -r _ n _ same _ < <(grep -E '^# [0-9]+ programs, [0-9]+ the same' "$record.out")
	if [ $status -ne 0 ] || [ -z "${n:-}" ]; then
		sed -n '/^# seed/,/^not ok/p' "$record.out"
		return 1
	fi
	echo "$seed $n $same $(((end - start) / $(getconf CLK_TCK))) $status" >> "$record"
}

# What failed before is tried first; the others do not wait for its being mended.
for seed in $(< "$failed"); do
	piece "$seed" && sed -i "/^$seed\$/d" "$failed"
done
while [ "$(sum 2)" -lt "$goal" ] && [ "$(wc -l < "$failed")" -lt 20 ]; do
	# Neither check's seeds nor those of native-random.
	seed=$((10000000 + ($(wc -l < "$record") + $(wc -l < "$failed")) * cases))
	piece "$seed" || echo "$seed" >> "$failed"
done
if [ -s "$failed" ]; then
	echo "not ok native-millions: differences from seeds $(xargs < "$failed"), beside" \
		"$(sum 2) programs without"
	exit 1
fi
echo "ok native-millions # $(sum 2) programs, $(sum 3) the same, $(sum 4) s of CPU time"
