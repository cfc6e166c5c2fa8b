#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Debian as its users have it: the installer from a CD, and a system on a disk.

Runs in the test host (debian.sh). Both boot through firmware and GRUB and are used on
the first serial port. The installed system gets packages with apt through the NAT, from
an archive on the test host's loopback, is shut down, looked at by e2fsck and booted
again. Environment: INSTALLER, a CD; INSTALLED, a folder of scripts/guest-disk's; MINUTES,
how long a boot may take; SHOW, to see the console.
Usage: debian.py [NAME...]
"""
import functools
import http.server
import os
import re
import select
import shutil
import subprocess
import sys
import threading
import time

from console import Failure, run

WORK = "/tmp/debian"
BOOT = 60 * int(os.environ.get("MINUTES") or "60")
OFFSET = 1 << 20
SHOW = os.environ.get("SHOW")
# Colours, places, character sets: what a terminal is told.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()].|[\x0e\x0f\r]")


class Guest:
    """A running vmbt-run, and the guest's serial console."""

    def __init__(self, *args, memory=192):
        self.raw = b""
        self.text = ""
        self.at = 0
        self.start = time.time()
        self.proc = subprocess.Popen(
            ["vmbt-run", "-m", str(memory), "-display", "none", "-serial", "stdio",
             "-no-reboot", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()

    def read(self, seconds):
        """What comes next, without what terminals are told; False at the end."""
        if not select.select([self.proc.stdout], [], [], seconds)[0]:
            return True
        part = os.read(self.proc.stdout.fileno(), 65536)
        # A sequence, or a character, may come in two parts.
        self.raw += part
        whole = re.match(rb"(?s)(.*?)(\x1b(\[[0-9;?]*|[()])?|[\xc0-\xff][\x80-\xbf]*)?\Z",
                         self.raw).end(1)
        text = CONTROL.sub("", self.raw[:whole].decode("utf-8", "replace"))
        self.raw = self.raw[whole:]
        self.text += text
        if SHOW:
            sys.stdout.write(text)
            sys.stdout.flush()
        return bool(part)

    def wait(self, pattern, seconds):
        """Read on until a pattern behind what was waited for before; its match."""
        end = time.time() + seconds
        at = self.at
        while True:
            m = re.compile(pattern, re.M).search(self.text, at)
            if m:
                self.at = m.end()
                return m
            # The CPU is the guest's: what was looked at is not looked at again.
            at = max(self.at, self.text.rfind("\n", at, -200) + 1, at)
            if time.time() > end:
                raise Failure(f"no '{pattern}' after {seconds} s in:\n{self.text[-3000:]}")
            if not self.read(1):
                raise Failure(f"vmbt-run ended without '{pattern}':\n{self.text[-3000:]}")

    def type(self, text, enter="\n"):
        """Type a line."""
        self.proc.stdin.write((text + enter).encode())

    def said(self, what):
        """How long it took until here."""
        print(f"   {what}: {time.time() - self.start:.0f} s", flush=True)

    def login(self):
        """As root, to a prompt."""
        self.wait(r"^vmbt-guest login: ", BOOT)
        self.said("login prompt")
        self.type("root")
        self.wait(r"^Password: ", 900)
        self.type("vmbt")
        self.wait(r"^root@vmbt-guest:.*# ", 900)
        for bad in ("BUG", "Oops", "Call Trace", "Failed to start", "Timed out"):
            if bad in self.text:
                raise Failure(f"'{bad}' in:\n{self.text[-3000:]}")

    def command(self, line, seconds=300):
        """A command's output; it must succeed."""
        at = self.at
        self.type(line + "; echo status=$?")
        status = self.wait(r"^status=(\d+)$", seconds).group(1)
        out = self.text[at:self.at]
        if status != "0":
            raise Failure(f"{line}: status {status}:\n{out[-2000:]}")
        return out

    def power_off(self):
        """Shut down: vmbt-run ends with it."""
        self.type("systemctl poweroff")
        end = time.time() + BOOT
        while self.read(1):
            if time.time() > end:
                raise Failure(f"it does not power off:\n{self.text[-3000:]}")
        rc = self.proc.wait(60)
        if rc:
            raise Failure(f"vmbt-run ended with {rc}:\n{self.text[-1000:]}")


def serve(folder):
    """An archive of packages at port 8080; what was asked for."""
    asked = []

    class Server(http.server.SimpleHTTPRequestHandler):
        """Remembers it."""

        def log_request(self, code="-", size="-"):
            asked.append(self.path)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 8080), functools.partial(Server, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return asked


def fsck(image):
    """The file system is clean, and was unmounted."""
    p = subprocess.run(["e2fsck", "-fn", f"{image}?offset={OFFSET}"], capture_output=True,
                       text=True, check=False)
    if p.returncode:
        raise Failure(f"e2fsck: {p.stdout[-1000:]} {p.stderr[-1000:]}")
    p = subprocess.run(["dumpe2fs", "-h", f"{image}?offset={OFFSET}"], capture_output=True,
                       text=True, check=False)
    if not re.search(r"^Filesystem state: +clean$", p.stdout, re.M) or \
            "needs_recovery" in p.stdout:
        raise Failure(f"not unmounted:\n{p.stdout[:1000]}")


def installer():
    """From a CD to its first menu, and to the next one.

    With less than 512 MB it speaks of little memory first, and only English."""
    with Guest("-cdrom", os.environ["INSTALLER"], "-boot", "d", memory=512) as guest:
        guest.wait(r"Loading the installer", BOOT)
        guest.said("GRUB")
        guest.wait(r"Select a language", BOOT)
        guest.wait(r"Choose the language to be used for the installation", 900)
        guest.wait(r"English", 900)
        guest.wait(r"<Enter> activates buttons", 900)
        guest.said("the installer's first menu")
        guest.type("", enter="\r")
        guest.wait(r"Select your location", 900)
        guest.wait(r"United States", 900)
        guest.said("the next one")


def installed():
    """A system on an IDE disk: login, network, apt, power-off, and once more."""
    image = os.path.join(WORK, "disk.img")
    os.makedirs(WORK, exist_ok=True)
    subprocess.run(["cp", "--sparse=always", os.environ["INSTALLED"] + "/disk.img", image],
                   check=True)
    asked = serve(os.environ["INSTALLED"] + "/repo")
    with Guest(image) as guest:
        guest.login()
        guest.command("until ip -4 addr show scope global | grep -w 10.0.2.15; do sleep 1; done")
        out = guest.command("lspci -nn; cat /proc/ioports; uname -a; systemctl is-system-running"
                            " --wait", 900)
        for want in ("1022:2000", "pcnet", "running"):
            if want not in out:
                raise Failure(f"no '{want}' in:\n{out}")
        start = time.time()
        guest.command("apt-get update", 900)
        guest.command("apt-get install -y bc hello", 1800)
        print(f"   apt-get update and install: {time.time() - start:.0f} s", flush=True)
        if "\n42\n" not in guest.command("echo '6*7' | bc"):
            raise Failure("bc does not count")
        guest.command("hello | grep -x 'Hello, world!'")
        guest.power_off()
        guest.said("power-off")
    for name in ("Packages", "bc_", "hello_", "libreadline8_", "readline-common_"):
        if not any(name in path for path in asked):
            raise Failure(f"the guest did not ask for {name}: {asked}")
    fsck(image)
    with Guest(image) as guest:
        guest.login()
        guest.command("hello && dpkg -s bc")
        guest.power_off()
        guest.said("second boot and power-off")
    fsck(image)
    shutil.rmtree(WORK)


tests = [t for t in (installer, installed) if os.environ.get(t.__name__.upper())]
sys.exit(run(tests, "debian"))
