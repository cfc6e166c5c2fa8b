#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What `make help` prints: every target and variable, and nothing that isn't.
items=$("$(dirname "$0")/../tools/testing/selftests/vmbt/run.sh" items)
sed "s/ITEMS/$items/" <<'EOF'
Running
  make run                       a Debian i386 guest under vmbt, at its shell
  make run EXEC='uname -a'       one command there: its output, its status
  make run GUEST=debian-686-pae  the PAE kernel (default: debian-686)
  make run HOST=bochs            on Bochs, which enforces segment limits: the monitor
                                 area fixed at the top (some minutes)
  make host                      a root shell in the test host, with /dev/vmbt
  make host EXEC='...'           one command there: its output, its status
  make host KERNEL=debug         on a kernel with KASAN, lockdep and KMEMLEAK; the
                                 first time builds it
  make guest-native [EXEC=...]   the guest on qemu-system-i386, for comparison

Checking
  make check                     everything; the last line is the count
  make check PARTS='unit lint'   parts: unit fuzz native selftests boots lint
  make check-deep [ITEM=...]     the long ones; goes on where it stopped:
                                 ITEMS
  make check-guests              guests that boot through firmware and take long
  make bench                     what operations of a guest cost: a table, and
                                 build/bench.json (half an hour)
  make bench ROW=forkwait        that row alone; several in quotes
  make lint                      checkpatch and the gates of the sources

Building
  make                           build/vmbt.ko and build/vmbt-run
  make module HEADERS=/lib/modules/$(uname -r)/build
                                 for this machine's kernel: no download
  make install                   puts that module under /lib/modules
  make series                    a mailable series for Linux 6.12, in build/series/mail
                                 (LINUX=7.0: for that one, given its sources)
  make deps, make fetch          only installs, only downloads
  make clean                     keeps the downloads; rm -rf build: all of it

Variables
  DATA=DIR      test data (default ../shared)
  SMP= MEM= CPU= TIMEOUT= APPEND= MODPARAMS= QEMU_EXTRA= ICOUNT=1 GDB=1 LOG=
                of the test host: see scripts/testhost
  GUEST_MEM= GUEST_APPEND= RUN_OPTS= FILES=
                of the guest: see scripts/run
EOF
