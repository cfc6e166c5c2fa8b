#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# debian.py in the test host: Debian's installer, and Debian on a disk. Makes the CD
# (the installer's kernel and initial RAM disk behind GRUB, since the package has
# no CD) and the disk (scripts/guest-disk), if they are not there.
#
#   debian.sh [installer] [installed]
#
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
B=$top/build/guest
[ $# -ne 0 ] || set -- installer installed
DI=/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386
mkdir -p "$B"
status=0

make_cd() {
	local w
	[ ! "$B/installer.iso" -nt $DI/initrd.gz ] || return 0
	w=$(mktemp -d "$B/installer.XXXXXX")
	mkdir -p "$w/boot/grub"
	cp $DI/linux $DI/initrd.gz "$w/"
	cat > "$w/boot/grub/grub.cfg" <<-'END'
		serial --unit=0 --speed=115200
		terminal_output console serial
		echo "Loading the installer"
		linux /linux console=ttyS0 TERM=vt102 DEBIAN_FRONTEND=newt ---
		initrd /initrd.gz
		boot
	END
	if grub-mkrescue -d /usr/lib/grub/i386-pc --locales= --fonts= --themes= \
			-o "$w.iso" "$w" > "$w.log" 2>&1; then
		mv "$w.iso" "$B/installer.iso"
	else
		echo "not ok debian-installer: no CD: $(tail -n 3 "$w.log" | xargs)"
		status=1
	fi
	rm -rf "$w" "$w.log" "$w.iso"
	return $status
}

for what in "$@"; do
	case $what in
	installer)
		if [ ! -e $DI/initrd.gz ]; then
			echo "skip debian-installer: no Debian package debian-installer-12-netboot-i386"
		elif make_cd; then
			export INSTALLER=$B/installer.iso
		fi ;;
	installed)
		if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap > /dev/null; then
			echo "skip debian-installed: needs root and mmdebstrap to make the disk"
		elif "$top/scripts/guest-disk"; then
			export INSTALLED=$B/debian-disk
		else
			echo "not ok debian-installed: no disk"
			status=1
		fi ;;
	*)	echo "usage: debian.sh [installer] [installed]" >&2; exit 2 ;;
	esac
done
[ -n "${INSTALLER:-}${INSTALLED:-}" ] || exit $status
MEM=${MEM:-1536} TIMEOUT=${TIMEOUT:-7200} PASSENV="INSTALLER INSTALLED MINUTES SHOW" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/debian.py" "$@")" || status=1
exit $status
