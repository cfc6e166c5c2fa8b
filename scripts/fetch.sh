#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Brings the kernels and i386 programs that tests run, and unpacks them
# under build/. Nothing is installed on this machine.
#
#   build/host/	 the newest stock Debian 6.12 amd64 kernel: the test host
#   build/headers/	 the headers to build vmbt.ko for that kernel
#   build/guest/NAME/	 the newest Debian i386 kernels: the guests
#   build/i386/		 the guests' busybox
#   build/amd64/	 the test host's busybox
#   build/source/	 linux-source-6.12 (only `fetch.sh source`)
#   build/checkpatch/	 checkpatch.pl out of it
#
# Versions are looked up, never fixed: a version that is named here is gone
# from the mirrors in a few weeks. The look-up uses apt with package lists of
# its own under build/apt, for amd64 and i386 together, so that the machine's
# apt learns of no foreign architecture. What is there already is kept and the
# network is left alone; UPDATE=1 looks again.
#
# usage: fetch.sh [host] [headers] [guest] [source] [checkpatch] [i386:PACKAGE]
#
# i386:PACKAGE prints the path of a package's file, for scripts/guest-disk.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
B=$top/build
mkdir -p "$B/apt/state/lists/partial" "$B/apt/cache/archives/partial" "$B/deb"

# Two makes at once must not unpack into the same place.
exec 9> "$B/apt/lock"
flock 9

arch_opts() {
	printf '%s\n' -o "Dir::State=$B/apt/state" -o "Dir::Cache=$B/apt/cache" \
		-o "Dir::State::status=$B/apt/status" \
		-o "APT::Architecture=$1" -o "APT::Architectures=$1" \
		-o "Acquire::Retries=3" -o "Acquire::Languages=none" \
		-o "APT::Sandbox::User=root" -o "Dir::Log=$B/apt"
}

apt_for() {		# apt_for ARCH TOOL ARGS...
	local o
	mapfile -t o < <(arch_opts "$1")
	"$2" "${o[@]}" "${@:3}"
}

updated=
update() {
	[ -z "$updated" ] || return 0
	updated=1
	: >> "$B/apt/status"
	local a try
	for a in amd64 i386; do
		for try in 1 2 3; do
			echo "fetch: package lists for $a (private to build/apt)"
			# Third-party sources may not have the architecture:
			# whether it worked is whether the packages are found.
			apt_for $a apt-get -qq update || true
			[ -z "$(apt_for $a apt-cache pkgnames busybox-static)" ] || break
			echo "fetch: no package list for $a, try $try of 3" >&2
			sleep $((try * 3))
		done
	done
}

# download ARCH PACKAGE: prints the path of the package's file.
download() {
	local arch=$1 pkg=$2 version file try
	version=$(apt_for "$arch" apt-cache show --no-all-versions "$pkg" |
		  sed -n 's/^Version: //p')
	file=$(apt_for "$arch" apt-cache show --no-all-versions "$pkg" |
	       sed -n 's/^Filename: //p')
	[ -n "$version" ] || { echo "fetch: no package $pkg for $arch" >&2; return 1; }
	# apt writes the epoch's colon as %3a; the name in the pool has none.
	local have
	for try in 1 2 3; do
		have=$(find "$B/deb/" \( -name "${pkg}_${version//:/%3a}_$arch.deb" -o \
			-name "${pkg}_${version//:/%3a}_all.deb" \) -print -quit)
		if [ -n "$have" ] && dpkg-deb -I "$have" > /dev/null 2>&1; then
			echo "$have"
			return 0
		fi
		echo "fetch: $(basename "$file") ($(apt_for "$arch" \
			apt-cache show --no-all-versions "$pkg" |
			awk '/^Size:/{printf "%.1f MB", $2 / 1e6}'))" >&2
		(cd "$B/deb" && apt_for "$arch" apt-get -q=1 download "$pkg" >&2) ||
			{ echo "fetch: try $try of 3 failed" >&2; sleep $((try * 3)); }
	done
	echo "fetch: cannot download $pkg" >&2
	return 1
}

# unpack DIR DEB...: DIR appears complete or not at all.
unpack() {
	local dir=$1 d
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	for d in "${@:2}"; do
		dpkg-deb -x "$d" "$dir.new"
	done
	rm -rf "$dir"
	mv "$dir.new" "$dir"
	touch "$dir"		# newer than what was made from an older one
}

# The ELF file inside a bzImage. QEMU enters it through its PVH note, which
# saves the emulated CPU the decompression: two seconds of each boot.
# The zstd stream's own length is not in the header, hence zstd's complaint
# about what follows the stream; the ELF header tells whether it worked.
unpack_kernel() {
	local off
	off=$(LC_ALL=C grep -abo -m1 $'\x28\xb5\x2f\xfd' "$1" | head -1 | cut -d: -f1)
	tail -c +$((off + 1)) "$1" | zstd -dcq > "$2" 2> /dev/null || true
	[ "$(head -c 4 "$2" | tail -c 3)" = ELF ] ||
		{ echo "fetch: no zstd-packed ELF kernel in $1" >&2; return 1; }
}

# The newest 6.12 amd64 kernel for which image, headers and kbuild all exist.
host_release() {
	local names r
	names=$(apt_for amd64 apt-cache pkgnames linux- |
		grep -E '^linux-(image|headers|kbuild)-6\.12\.' | sort -V)
	for r in $(sed -n 's/^linux-image-\(6\.12\.[0-9]*+deb12\)-amd64$/\1/p' \
		   <<< "$names" | sort -rV); do
		if grep -qxF "linux-headers-$r-amd64" <<< "$names" &&
		   grep -qxF "linux-headers-$r-common" <<< "$names" &&
		   grep -qxF "linux-kbuild-$r" <<< "$names"; then
			echo "$r"
			return 0
		fi
	done
	echo "fetch: no 6.12 kernel with headers in the package lists" \
		"(is bookworm-security among apt's sources?)" >&2
	return 1
}

fetch_host() {
	[ -z "${UPDATE:-}" ] && [ -e "$B/host/release" ] && [ -e "$B/amd64/bin/busybox" ] && return 0
	update
	local r image busy
	r=$(host_release)
	image=$(download amd64 "linux-image-$r-amd64")
	busy=$(download amd64 busybox-static)
	unpack "$B/amd64" "$busy"
	unpack "$B/host" "$image"
	depmod -b "$B/host" "$r-amd64"
	ln -sf "boot/vmlinuz-$r-amd64" "$B/host/vmlinuz"
	unpack_kernel "$B/host/vmlinuz" "$B/host/vmlinux"
	echo "$r-amd64" > "$B/host/release"
	rm -f "$image"
	echo "fetch: test host kernel $r-amd64"
}

fetch_headers() {
	fetch_host
	local rel r debs
	rel=$(< "$B/host/release")
	r=${rel%-amd64}
	[ -e "$B/headers/release" ] && [ "$(< "$B/headers/release")" = "$rel" ] && return 0
	update
	debs=("$(download amd64 "linux-headers-$r-amd64")"
	      "$(download amd64 "linux-headers-$r-common")"
	      "$(download amd64 "linux-kbuild-$r")")
	unpack "$B/headers" "${debs[@]}"
	# The flavour's Makefile includes the common one by its installed path,
	# and scripts and tools are links into it.
	local f
	for f in "$B/headers/usr/src/linux-headers-$rel/Makefile" \
		 "$B/headers/usr/src/linux-headers-$r-common/Makefile"; do
		sed -i -e "s,\(^\|[[:space:]=]\)/usr/src/,\1$B/headers/usr/src/,g" \
		       -e "s,\(^\|[[:space:]=]\)/usr/lib/,\1$B/headers/usr/lib/,g" "$f"
	done
	find "$B/headers/usr/src" -type l -lname '/usr/*' | while read -r f; do
		ln -sfn "$B/headers$(readlink "$f")" "$f"
	done
	ln -sfn "usr/src/linux-headers-$rel" "$B/headers/build"
	echo "$rel" > "$B/headers/release"
	echo "fetch: headers $rel"
}

# The newest 6.1 kernel of a flavour, signed or not: security uploads bring
# the unsigned one first.
guest_package() {
	apt_for i386 apt-cache pkgnames linux-image-6.1.0- |
		grep -E "^linux-image-6\.1\.0-[0-9]+-$1(-unsigned)?\$" |
		sed 's/\(-unsigned\)\?$/ &/' | sort -k1,1V -k2,2r | tail -1 | tr -d ' '
}

fetch_guest() {
	local flavour p deb k missing=
	for flavour in 686 686-pae; do
		[ -e "$B/guest/debian-$flavour/vmlinuz" ] || missing=1
	done
	[ -e "$B/i386/bin/busybox" ] || missing=1
	[ -z "${UPDATE:-}" ] && [ -z "$missing" ] && return 0
	update
	deb=$(download i386 busybox-static)
	unpack "$B/i386" "$deb"
	for flavour in 686 686-pae; do
		p=$(guest_package "$flavour")
		[ -n "$p" ] || { echo "fetch: no i386 kernel of flavour $flavour" >&2; exit 1; }
		deb=$(download i386 "$p")
		unpack "$B/guest/debian-$flavour" "$deb"
		k=$(cd "$B/guest/debian-$flavour" && ls boot/vmlinuz-*)
		echo "${k#boot/vmlinuz-}" > "$B/guest/debian-$flavour/release"
		ln -sf "$k" "$B/guest/debian-$flavour/vmlinuz"
		rm -f "$deb"
		echo "fetch: guest debian-$flavour ${k#boot/vmlinuz-}"
	done
}

# The sources of the host's kernel, for KERNEL=debug, in-tree builds and the
# series. The tree stays packed: only who builds it needs the 1.5 GB.
fetch_source() {
	[ -z "${UPDATE:-}" ] && [ -e "$B/source/linux-source-6.12.tar.xz" ] && return 0
	update
	local deb
	deb=$(download amd64 linux-source-6.12)
	unpack "$B/source" "$deb"
	ln -sf usr/src/linux-source-6.12.tar.xz "$B/source/linux-source-6.12.tar.xz"
	rm -f "$deb"
}

# Debian's headers come without checkpatch.pl: take it out of the sources.
fetch_checkpatch() {
	[ -e "$B/checkpatch/checkpatch.pl" ] && return 0
	fetch_source
	echo "fetch: checkpatch.pl out of linux-source-6.12"
	rm -rf "$B/checkpatch.new"
	mkdir -p "$B/checkpatch.new"
	# The archive is 1.5 GB unpacked: stop when the last of them is there.
	tar -C "$B/checkpatch.new" -xJf "$B/source/linux-source-6.12.tar.xz" \
		--strip-components=2 --occurrence=1 \
		linux-source-6.12/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch}
	mv "$B/checkpatch.new" "$B/checkpatch"
}

for what in "${@:-host}"; do
	case $what in
	host|headers|guest|source|checkpatch) "fetch_$what" ;;
	i386:?*) update 1>&2; download i386 "${what#i386:}" ;;
	*) echo "usage: fetch.sh [host] [headers] [guest] [source] [checkpatch] [i386:PACKAGE]" >&2
	   exit 2 ;;
	esac
done
