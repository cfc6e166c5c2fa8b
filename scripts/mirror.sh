#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes DIR a tree of links to the sources of the module, for kbuild, which
# writes its output beside them. Several such trees can exist: one for each
# kernel, and one for each test that builds a module that is broken on purpose.
#
#   scripts/mirror.sh DIR
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
dir=$1
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$top"

find Kbuild arch drivers include -path '*/vmm-build' -prune -o -type f \
	\( -name '*.[chS]' -o -name '*.sh' -o -name 'Makefile*' -o -name 'Kbuild' \
	   -o -name 'Kconfig' -o -name '*.lds.S' \) ! -name '*.mod.c' -print > "$dir/.files"
while read -r f; do
	[ -L "$dir/$f" ] && continue
	mkdir -p "$dir/$(dirname "$f")"
	ln -sfn "$top/$f" "$dir/$f"
done < "$dir/.files"
# A source that is gone must not be built any more.
find "$dir" -xtype l -delete
