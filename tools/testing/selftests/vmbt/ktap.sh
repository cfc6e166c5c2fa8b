#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by each test that kselftest runs: runs the program of the same name and
# prints its lines (`ok NAME`, `not ok NAME: why`, `skip NAME: why`) as KTAP, with
# numbers, and the plan when the number is known. The status is kselftest's: 4
# when all was skipped. A program that fails without naming a test, or names
# none, has failed.

ktap() {		# ktap STATUSFILE: reads the program's lines
	n=0 failed=0 skipped=0
	while IFS= read -r line; do
		case $line in
		"ok "*)
			n=$((n + 1))
			echo "ok $n ${line#ok }" ;;
		"not ok "*)
			n=$((n + 1)) failed=$((failed + 1))
			echo "not ok $n ${line#not ok }" ;;
		"skip "*)
			n=$((n + 1)) skipped=$((skipped + 1))
			line=${line#skip }
			echo "ok $n ${line%%:*} # SKIP ${line#*: }" ;;
		*)
			echo "# $line" ;;
		esac
	done
	status=$(cat "$1")
	if [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
		n=$((n + 1)) failed=1
		echo "not ok $n $name: ended with status $status"
	elif [ "$n" -eq 0 ]; then
		n=1 failed=1
		echo "not ok 1 $name: ran no test"
	fi
	echo "1..$n"
	echo "# Totals: pass:$((n - failed - skipped)) fail:$failed skip:$skipped"
	[ "$failed" -eq 0 ] || return 1
	[ "$skipped" -ne "$n" ] || return 4
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

run() {			# run FOLDER [ARGUMENT...]
	echo "TAP version 13"
	if [ "$1" = api ]; then
		[ -e /dev/vmbt ] || skip_all "no /dev/vmbt: CONFIG_VMBT, and its module loaded"
		[ -r /dev/vmbt ] && [ -w /dev/vmbt ] || skip_all "no permission for /dev/vmbt"
	fi
	shift
	# The runner's stdbuf preloads a library; the sanitizers want to be first.
	unset LD_PRELOAD
	statusfile=$(mktemp) || exit 1
	trap 'rm -f "$statusfile"' EXIT
	{ "./$name.bin" "$@" 2>&1; echo $? > "$statusfile"; } | ktap "$statusfile"
}

name=$(basename "$0")
