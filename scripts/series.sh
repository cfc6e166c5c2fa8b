#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Writes this tree as a series of patches for Linux, by default 6.12, ready for
# `git send-email`, to build/series/mail, and applies it once to see that it
# does: `git am build/series/mail/0*.patch` in a Linux tree.
#
# A patch for each part of patches/series, in an order in which each builds on
# the last, some with a patch to files of the kernel. The kernel's side of the
# diff is taken from linux-source-6.12.
#
#   LINUX=7.0	is for that kernel, out of build/source/linux-source-7.0.tar.xz, to
#		build/series-7.0. Our own files are changed by those patches of
#		patches/7.x that this kernel asks for (patches/7.x/series)
#   SOURCE=FILE	has that kernel's sources instead
#   IN_TREE=DIR	also copies the result over an unpacked Linux tree; what did
#		not change keeps its time, so that little is built again
#   WORKTREE=1	takes the files as they are, committed or not
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
B=$top/build
linux=${LINUX:-6.12}
S=$B/series${LINUX:+-$LINUX}
source=${SOURCE:-$B/source/linux-source-$linux.tar.xz}
branch=$top/patches/${linux%%.*}.x
touched=(arch/x86/Kconfig arch/x86/Kbuild MAINTAINERS Documentation/virt/index.rst
	Documentation/userspace-api/ioctl/ioctl-number.rst tools/testing/selftests/Makefile)

# Of the branch: "PATCH FILE TEXT" of each line.
changes() {
	[ ! -e "$branch/series" ] || grep -v '^#' "$branch/series"
}
while read -r _ file _; do
	touched+=("$file")
done < <(changes)

rm -rf "$S"
mkdir -p "$S/mail" "$S/tree" "$S/own"
[ -e "$source" ] || [ -n "${LINUX:-}" ] || "$top/scripts/fetch.sh" source
echo "series: the kernel's side of the diff, out of linux-source-$linux"
tar -C "$S/tree" -xJf "$source" --strip-components=1 \
	--occurrence=1 "${touched[@]/#/linux-source-$linux/}"

# Our side: the files as committed or as they are, with the branch's changes.
if [ -z "${WORKTREE:-}" ]; then
	git -C "$top" archive HEAD | tar -C "$S/own" -x
else
	(cd "$top" && git ls-files -z -- |
		while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
		tar --null -T - -c) | tar -C "$S/own" -x
fi
git init -q "$S/own"		# or git apply would look for the files in ours
while read -r patch file text; do
	grep -qF "$text" "$S/tree/$file" || continue
	echo "series: $patch, since $file has $text"
	git -C "$S/own" apply "$branch/$patch"
done < <(changes)

cd "$S/tree"
name=$(git -C "$top" config user.name || echo vmbt)
mail=$(git -C "$top" config user.email || echo vmbt@localhost)
git init -q -b series .
git config user.name "$name"
git config user.email "$mail"
git add -A
git commit -q -m "Linux $linux"
git tag base

copy() {		# our files below the given paths
	local f
	git -C "$top" ls-files -z -- "$@" | while IFS= read -r -d '' f; do
		if [ -e "$S/own/$f" ] && [ ! -e "$f" ]; then
			mkdir -p "$(dirname "$f")"
			cp "$S/own/$f" "$f"
		fi
	done
}
one_part() {		# what was read of one part
	[ -n "$subject" ] || return 0
	copy "${paths[@]}"
	git add -A
	if [ -n "$patch" ]; then
		sed "s/@MAINTAINER@/$name <$mail>/" "$top/patches/$patch" | git apply --index -
	fi
	git diff --cached --quiet ||
		printf '%s\n\n%s\n' "$subject" "${body#$'\n'}" | git commit -q -s -F -
}
subject='' paths=() patch='' body=''
while IFS= read -r line; do
	case $line in
	"#"*) ;;
	"Subject: "*)
		one_part
		subject=${line#Subject: } paths=() patch='' body='' ;;
	"Paths: "*) read -ra paths <<< "${line#Paths: }" ;;
	"Patch: "*) patch=${line#Patch: } ;;
	*) body+=$line$'\n' ;;
	esac
done < "$top/patches/series"
one_part
git format-patch -q --cover-letter --subject-prefix='PATCH RFC' -o "$S/mail" base..HEAD
perl -0pi -e '
	s/\*\*\* SUBJECT HERE \*\*\*/vmbt: virtual machines by binary translation/;
	s/\*\*\* BLURB HERE \*\*\*/A hypervisor without VT-x and AMD-V: guest user code runs directly, guest\nkernel code is translated, in an address space without the host'"'"'s memory.\nDocumentation\/vmbt\/index.rst is the way in, status.rst what is missing./' \
	"$S"/mail/0000-*.patch

echo "series: applying it to a fresh tree"
git checkout -q -b check base
for f in "$S"/mail/*.patch; do
	case $f in
	*/0000-*) ;;
	*) git am -q "$f" ;;
	esac
done
git diff --quiet series check
if [ -n "${IN_TREE:-}" ]; then
	# What an earlier series brought and this one does not must go.
	list=$IN_TREE/.vmbt-files
	git diff --name-only base check | sort > "$S/files"
	[ ! -e "$list" ] || (cd "$IN_TREE" && comm -23 "$list" "$S/files" | xargs -r rm -f)
	while read -r f; do
		cmp -s "$f" "$IN_TREE/$f" && continue
		mkdir -p "$(dirname "$IN_TREE/$f")"
		cp -p "$f" "$IN_TREE/$f.new"
		touch "$IN_TREE/$f.new"
		mv "$IN_TREE/$f.new" "$IN_TREE/$f"
	done < "$S/files"
	cp "$S/files" "$list"
fi
ls "$S"/mail/*.patch | sed "s,^$top/,,"
