#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The gates of the sources: checkpatch.pl --strict over every C file, an SPDX
# line in each, no path of a machine, no binary. Prints test lines for run.sh.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
status=0
good() { echo "ok $1"; }
bad() { echo "not ok $1"; status=1; }

checkpatch=build/checkpatch/checkpatch.pl
[ -e "$checkpatch" ] || scripts/fetch.sh checkpatch
mapfile -t code < <(git ls-files -- '*.c' '*.h' '*.S' | while read -r f; do
	[ ! -e "$f" ] || echo "$f"; done)
[ ${#code[@]} -ne 0 ] || bad "checkpatch: found no file"

# kinds [FILE]: what is not asked for anywhere, and in this file.
kinds() {
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' scripts/checkpatch.ignore |
		awk -v f="$1" -F: 'NF == 1 { print $1 } NF == 2 && $1 == f { print $2 }' |
		xargs | tr ' ' ,
}

for f in "${code[@]}"; do
	out=$(perl "$checkpatch" --strict --no-tree --terse --no-summary --show-types \
		--max-line-length=100 --ignore "$(kinds "$f")" -f "$f" 2>&1)
	if [ -z "$out" ]; then
		good "checkpatch $f"
	else
		bad "checkpatch $f: $(wc -l <<< "$out") complaints"
		head -20 <<< "$out"
	fi
done

mapfile -t text < <(git ls-files -- '*.c' '*.h' '*.S' '*.sh' '*.py' '*.rst' '*Makefile' \
		    '*Kconfig' '*Kbuild' '*.mk' scripts .ci | while read -r f; do
	[ -e "$f" ] && [ "${f##*.}" != txt ] && [ "${f##*.}" != ignore ] && echo "$f"; done)
none=$(for f in "${text[@]}"; do
	head -3 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)
if [ -z "$none" ]; then good spdx; else bad "spdx: missing in $(xargs <<< "$none")"; fi

paths=$(git grep -nIE '(^|[^[:alnum:]_./])/(work|root|home)/[[:alnum:]]' -- . \
	':!scripts/lint.sh' ':!scripts/guest-init' | head -5)
if [ -z "$paths" ]; then good paths; else bad "paths: a machine's own: $paths"; fi

bins=$(git ls-files --eol | grep -E '^i/-text' | head -5)
if [ -z "$bins" ]; then good binaries; else bad "binaries: $bins"; fi
exit $status
