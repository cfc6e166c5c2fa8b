#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's whole documentation with the series, as `make htmldocs` builds it:
# no warning may name a file that the series adds or changes. Sphinx finds a label
# or a C name that exists twice only where it sees both, so the folder alone, which
# lint builds, does not tell.
#
# Unpacks all of linux-source-6.12 (1.7 GB).
#
#   htmldocs.sh DIR
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)
O=$1/htmldocs
source=$top/build/source/linux-source-6.12.tar.xz
mkdir -p "$O"
[ -e "$source" ] || "$top/scripts/fetch.sh" source >&2

rm -rf "$O/tree" "$O/out"
mkdir -p "$O/tree"
tar -C "$O/tree" -xJf "$source" --strip-components=1 || exit 1
if ! WORKTREE=1 IN_TREE=$O/tree "$top/scripts/series.sh" > "$O/series.log" 2>&1; then
	echo "not ok htmldocs_series: does not apply: $O/series.log"
	exit 1
fi
start=$SECONDS
make -C "$O/tree" O="$O/out" htmldocs > "$O/log" 2>&1
ret=$?
pages=$(find "$O/out/Documentation/output" -name '*.html' | wc -l)
warnings=$(grep -aE '(WARNING|ERROR|SEVERE|CRITICAL|[Ww]arning|[Ee]rror)\b' "$O/log" | sort -u)
echo "# $pages pages, $((SECONDS - start)) s, $(grep -c . <<< "$warnings") warnings in all"
if [ $ret -ne 0 ] || [ "$pages" -lt 3000 ] || [ ! -s "$O/out/Documentation/output/vmbt/status.html" ]; then
	tail -3 "$O/log" | sed 's/^/    /'
	echo "not ok htmldocs_built: status $ret: $O/log"
	exit 1
fi
echo "ok htmldocs_built"
ours=$(grep -aE 'vmbt|ioctl-number\.rst|virt/index\.rst|MAINTAINERS|maintainers\.rst' <<< "$warnings")
if [ -n "$ours" ]; then
	head -20 <<< "$ours" | sed 's/^/    /'
	echo "not ok htmldocs_warnings: $(wc -l <<< "$ours") in files of the series"
	exit 1
fi
echo "ok htmldocs_warnings"
