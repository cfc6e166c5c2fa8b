#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the test host: a swap device for the tests that need one. The module comes
# with the test host's kernel (build/host); where it is missing those tests
# say so and are skipped.
top=$(cd "$(dirname "$0")/../../../../.." && pwd)
PATH=$PATH:/sbin:/usr/sbin
[ -e /dev/zram0 ] || modprobe -d "$top/build/host" zram || exit 0
echo 1 > /sys/block/zram0/reset
echo 64M > /sys/block/zram0/disksize && mkswap /dev/zram0 > /dev/null
