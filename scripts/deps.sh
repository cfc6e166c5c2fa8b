#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs what scripts/packages.txt lists and this machine lacks.
#
# It says beforehand what apt will install, adds no apt source and no foreign
# architecture, and does nothing at all - no network, no apt - when everything
# is there already, so that every make target can call it first. Kernels and
# i386 programs are not installed: scripts/fetch.sh unpacks them under build/.
#
#   scripts/deps.sh [--check] [PACKAGE...]
#
# --check: those that only the tests need, too. PACKAGE: these as well.
set -euo pipefail
cd "$(dirname "$0")/.."

list=scripts/packages.txt
not='/# check:/d'
if [ "${1:-}" = --check ]; then
	not=
	shift
fi
extra=("$@")
mapfile -t want < <(sed -e "$not" -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$list"
		    [ ${#extra[@]} -eq 0 ] || printf '%s\n' "${extra[@]}")

# dpkg-query is fast, but not that fast: remember the list that was complete.
stamp=build/.deps
sum=$(printf '%s\n' "${want[@]}" | cksum)
mkdir -p build
if [ -e "$stamp" ] && [ "$stamp" -nt /var/lib/dpkg/status ] &&
   grep -qxF "$sum" "$stamp"; then
	exit 0
fi

if ! command -v dpkg-query > /dev/null; then
	echo "deps: not a Debian system: please install these by hand:" >&2
	echo "  ${want[*]}" >&2
	exit 1
fi

missing=()
for p in "${want[@]}"; do
	s=$(dpkg-query -W -f '${db:Status-Status}\n' "$p" 2> /dev/null || true)
	grep -qx installed <<< "$s" || missing+=("$p")
done

if [ ${#missing[@]} -ne 0 ]; then
	apt=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
	if [ "$(id -u)" -ne 0 ]; then
		echo "deps: missing: ${missing[*]}" >&2
		echo "deps: run as root, or: sudo apt-get install ${missing[*]}" >&2
		exit 1
	fi
	plan() { "${apt[@]}" -qq -s --no-install-recommends install "${missing[@]}" 2>&1; }
	if ! out=$(plan); then
		echo "deps: bringing apt's package lists up to date"
		"${apt[@]}" -qq update || true
		out=$(plan) || { echo "$out" >&2; exit 1; }
	fi
	echo "deps: needed and missing: ${missing[*]}"
	echo "deps: apt will install these packages and nothing else:"
	sed -n 's/^Inst \([^ ]*\).*/\1/p' <<< "$out" | fmt -w 72 | sed 's/^/    /'
	install() {
		DEBIAN_FRONTEND=noninteractive "${apt[@]}" -y -q \
			--no-install-recommends install "${missing[@]}"
	}
	# A list that has gone stale names files the mirror no longer has.
	install || { "${apt[@]}" -q update && install; }
fi

# Several runs may end at once, each with its own list; one line each.
if ! grep -qxF "$sum" "$stamp" 2> /dev/null; then
	echo "$sum" >> "$stamp"
fi
touch "$stamp"
