#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a newcomer does, on a machine that has nothing: a minimal Debian 12 in a
# directory of its own with this machine's Debian sources, and git and make to
# come as far as the README. There `make run EXEC=...` as root, twice, the
# second time without a network. Times, bytes, and what became of apt.
#
#   fresh.sh		in build/fresh, which is made anew and kept
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
F=$top/build/fresh
root=$F/root
status=0
ok() { echo "ok fresh-$1"; }
bad() { echo "not ok fresh-$1"; status=1; }

[ "$(id -u)" = 0 ] || { echo "skip fresh: needs root"; exit 0; }
"$top/scripts/deps.sh" mmdebstrap || exit 1
rm -rf "$F"
mkdir -p "$F"
# Debian's sources only: others bring keys of their own.
mapfile -t sources < <(grep -lE 'debian\.org|/debian' /etc/apt/sources.list \
	/etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2> /dev/null)
mmdebstrap --quiet --variant=minbase --include=make,git,ca-certificates bookworm "$root" \
	"${sources[@]}" > "$F/debootstrap.log" 2>&1 ||
	{ tail -5 "$F/debootstrap.log"; bad "machine: no Debian 12 to be had"; exit 1; }
for f in /etc/apt/apt.conf.d/99*; do
	[ ! -e "$f" ] || cp "$f" "$root/etc/apt/apt.conf.d/"
done
cp /etc/resolv.conf /etc/hosts "$root/etc/"
git clone -q --no-hardlinks "$top" "$root/srv/vmbt" || exit 1

# inside NAME OPTIONS-OF-UNSHARE... -- COMMAND: its output, its time, its status
inside() {
	local name=$1 t0=$SECONDS
	shift
	local opts=()
	while [ "$1" != -- ]; do
		opts+=("$1")
		shift
	done
	# The mounts are this command's own and go with it.
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child "${opts[@]}" sh -c '
		mount -t proc proc "$1/proc" && mount -t sysfs sys "$1/sys" &&
		mount --rbind /dev "$1/dev" && mount -t tmpfs shm "$1/dev/shm" &&
		exec chroot "$1" /usr/bin/env -i HOME=/root TERM=dumb \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			sh -c "cd /srv/vmbt && $2"' sh "$root" "$2" \
		> "$F/$name.out" 2>&1 < /dev/null
	code=$?
	took=$((SECONDS - t0))
}
net() { awk '!/lo:/ && NR > 2 { s += $2 } END { print int(s / 1e6) }' /proc/net/dev; }
apt_state() {
	find "$root/etc/apt" -type f -exec cksum {} + | sort
	cat "$root/var/lib/dpkg/arch" 2> /dev/null
}

before=$(apt_state) bytes=$(net)
inside first -- "make run EXEC='uname -a'"
mb=$(($(net) - bytes))
# The last line is the guest's.
if [ "$code" -eq 0 ] && tail -n 1 "$F/first.out" | grep -q '^Linux .* i[3-6]86 GNU/Linux'; then
	ok "first ($took s, $mb MB)"
else
	bad "first: status $code after $took s"
	tail -n 15 "$F/first.out" | sed 's/^/    /'
	exit 1
fi
if [ $took -le 600 ]; then ok ten-minutes; else bad "ten-minutes: $took s"; fi
if [ $mb -le 2000 ]; then ok two-gigabytes; else bad "two-gigabytes: $mb MB"; fi
# Beforehand: the list stands above apt's first word.
if awk '/apt will install these packages/ { said = 1 } /^(Get:|Unpacking )/ { exit }
	END { exit !said }' "$F/first.out"; then
	ok says-beforehand
else
	bad "says-beforehand: no list of packages before apt began"
fi
if [ "$before" = "$(apt_state)" ]; then ok sources; else bad "sources: apt's were changed"; fi

inside second --net -- "make run EXEC='uname -a'"
if [ "$code" -eq 0 ] && tail -n 1 "$F/second.out" | grep -q '^Linux .* i[3-6]86 GNU/Linux'; then
	ok "second ($took s, no network)"
else
	bad "second: status $code without a network"
	tail -n 15 "$F/second.out" | sed 's/^/    /'
fi
if [ $took -le 90 ]; then ok ninety-seconds; else bad "ninety-seconds: $took s"; fi

inside status --net -- "make run EXEC='exit 7'"
if [ "$code" -eq 2 ] && grep -qx "make run: ended with status 7" "$F/status.out"; then
	ok guest-status
else
	bad "guest-status: make ended with $code"
	tail -n 5 "$F/status.out" | sed 's/^/    /'
fi

# What the tests need is installed by the first check, not before.
inside check -- "make check PARTS=lint"
if [ "$code" -eq 0 ] && tail -n 1 "$F/check.out" | grep -q '^[1-9][0-9]* passed, 0 failed'; then
	ok "check ($took s)"
else
	bad "check: status $code"
	tail -n 15 "$F/check.out" | sed 's/^/    /'
fi
exit $status
