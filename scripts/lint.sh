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

checkpatch=$(find build/headers/usr/ build/source/tree/scripts -name checkpatch.pl \
	     -print -quit 2> /dev/null)
mapfile -t code < <(git ls-files -- '*.c' '*.h' '*.S' | while read -r f; do
	[ -e "$f" ] && echo "$f"; done)
if [ -z "$checkpatch" ]; then
	for f in "${code[@]}"; do
		echo "skip checkpatch $f: no checkpatch.pl under build/"
	done
else
	# FILE_PATH_CHANGES and the like speak of patches; the rest are this
	# tree's: a tests' printf, user-space types, and the length of a line.
	for f in "${code[@]}"; do
		if out=$(perl "$checkpatch" --strict --no-tree --terse --no-summary \
			--max-line-length=100 --ignore "${IGNORE:-$(sed -e 's/#.*//' \
			scripts/checkpatch.ignore | tr -s '[:space:]' , | sed 's/^,//; s/,$//')}" \
			-f "$f" 2>&1) && [ -z "$out" ]; then
			good "checkpatch $f"
		else
			bad "checkpatch $f: $(wc -l <<< "$out") complaints"
			head -20 <<< "$out"
		fi
	done
fi

mapfile -t text < <(git ls-files -- '*.c' '*.h' '*.S' '*.sh' '*.py' '*.rst' '*Makefile' \
		    '*Kconfig' '*Kbuild' '*.mk' scripts .ci | while read -r f; do
	[ -e "$f" ] && [ "${f##*.}" != txt ] && [ "${f##*.}" != ignore ] && echo "$f"; done)
none=$(for f in "${text[@]}"; do
	head -3 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)
if [ -z "$none" ]; then good spdx; else bad "spdx: missing in $(xargs <<< "$none")"; fi

paths=$(git grep -nIE '(^|[^[:alnum:]_./])/(work|root|home)/[[:alnum:]]' -- . \
	':!scripts/lint.sh' ':!scripts/guest-init' | head -5)
if [ -z "$paths" ]; then good paths; else bad "paths: a machine's own: $paths"; fi

bins=$(git ls-files -z | xargs -0 -r file --mime-encoding 2> /dev/null |
       grep -E ': +binary$' | head -5)
if [ -z "$bins" ]; then good binaries; else bad "binaries: $bins"; fi
exit $status
