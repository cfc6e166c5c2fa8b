#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Wakes the test host whenever it has suspended itself: what a person's key does.

Learns of it from QEMU's machine protocol, so that nothing is lost that comes too
early; ends with QEMU. The pause before each is random, by SEED.

usage: wake.py SOCKET
"""
import json
import os
import random
import socket
import sys
import time


def main():
    pause = random.Random(os.environ.get("SEED", "1"))
    qmp = socket.socket(socket.AF_UNIX)
    for _ in range(600):
        try:
            qmp.connect(sys.argv[1])
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit("wake: no QEMU at " + sys.argv[1])
    stream = qmp.makefile("rw")

    def command(name):
        stream.write(json.dumps({"execute": name}) + "\n")
        stream.flush()

    command("qmp_capabilities")
    try:
        for line in stream:
            if json.loads(line).get("event") == "SUSPEND":
                time.sleep(pause.uniform(0, 0.3))
                command("system_wakeup")
    except OSError:
        pass


main()
