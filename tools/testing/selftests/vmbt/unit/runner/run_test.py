#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of vmbt-run as a program.

Runs the real runner with a test double in place of the kernel's interface
(fake_vmm.c), on a crafted bzImage, through pipes and a pseudo terminal, and
looks at what a user sees: output, messages, exit status, terminal.
Usage: run_test.py RUNNER RUNNER_WITH_FAKE WORK_DIRECTORY
"""
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

import program
from program import expect

REAL, FAKE, WORK = sys.argv[1:4]


def image(**kw):
    """A minimal bzImage. Fields as in Linux's boot.rst."""
    f = dict(setup_sects=1, boot_flag=0xAA55, header=b"HdrS", version=0x020f, loadflags=1,
             syssize=0x100, payload=0x1000, initrd_max=0x37ffffff, align=0x200000,
             relocatable=1, cmdline=2047, pref=0x100000, init_size=0x100000, jump=0x66)
    f.update(kw)
    b = bytearray((f["setup_sects"] + 1) * 512)
    b[0x1f1] = f["setup_sects"]
    struct.pack_into("<I", b, 0x1f4, f["syssize"])
    struct.pack_into("<H", b, 0x1fe, f["boot_flag"])
    b[0x200] = 0xeb
    b[0x201] = f["jump"]
    b[0x202:0x206] = f["header"]
    struct.pack_into("<H", b, 0x206, f["version"])
    b[0x211] = f["loadflags"]
    struct.pack_into("<I", b, 0x22c, f["initrd_max"])
    struct.pack_into("<I", b, 0x230, f["align"])
    b[0x234] = f["relocatable"]
    struct.pack_into("<I", b, 0x238, f["cmdline"])
    struct.pack_into("<Q", b, 0x258, f["pref"])
    struct.pack_into("<I", b, 0x260, f["init_size"])
    return bytes(b) + bytes(f["payload"])


def path(name, data=None):
    p = os.path.join(WORK, name)
    if data is not None:
        with open(p, "wb") as f:
            f.write(data)
    return p


KERNEL = path("kernel", image())
# Anything that exists will do as the fake's device.
BASE = ["-kernel", KERNEL, "--device", "/dev/null", "-m", "16"]


def run(args, runner=None, stdin=b"", timeout=90):
    p = subprocess.run([runner or FAKE] + args, input=stdin, capture_output=True,
                       timeout=timeout, check=False)
    err = p.stderr.decode("latin1")
    # The sanitizer has an opinion about the test double's stack.
    err = re.sub(r"==\d+==WARNING: ASan doesn't fully support makecontext.*\n", "", err)
    return p.returncode, p.stdout.decode("latin1"), err


def guest(name, *args, **kw):
    return run(BASE + ["-append", name] + list(args), **kw)


def refused(args, status, pattern):
    rc, out, err = run(args, REAL)
    expect(rc == status, f"{args}: status {rc}, not {status}: {err}")
    expect(not out, f"{args}: output {out!r}")
    expect(err.count("\n") == 1, f"{args}: not one line: {err!r}")
    expect(re.search(pattern, err), f"{args}: {err!r} does not match {pattern!r}")


# Options

def options_help():
    rc, out, err = run(["--help"], REAL)
    expect(rc == 0 and not err, f"status {rc} {err}")
    lines = out.splitlines()
    expect(len(lines) < 50 and max(map(len, lines)) <= 80, "too long")
    for o in ("-kernel", "-initrd", "-append", "-m ", "-serial", "-nographic", "-no-reboot",
              "--stats", "--exit-line", "--device", "--pidfile", "-name"):
        expect(o in out, f"{o} is missing")


def options_version():
    rc, out, _ = run(["-version"], REAL)
    expect(rc == 0 and out.startswith("vmbt-run "), out)


def options_wrong():
    k = ["-kernel", KERNEL]
    refused([], 2, "-kernel")
    refused(["-foo"], 2, r"'-foo'")
    refused(["--foo=1"], 2, r"'--foo=1'")
    refused(["-ker", KERNEL], 2, r"'ker'")
    refused(["-kernel"], 2, r"'-kernel' needs a value")
    refused(k + ["--stats=1"], 2, r"'--stats' takes no value")
    refused(k + ["-boot", "c"], 2, "-kernel starts without firmware")
    refused(k + ["stray"], 1, "stray: No such file")
    refused(["one", "two"], 2, "-hda two: the place is taken by one")
    refused(["one", "-hda", "two"], 2, "-hda two: the place is taken by one")
    refused(["-cdrom", "one", "-hdc", "two"], 2, "-hdc two: the place is taken by one")
    refused(["-fda", "one", "-fda", "two"], 2, "-fda two: the place is taken by one")
    refused(["-drive", "index=1"], 2, "-drive index=1: which file")
    refused(["-drive", "file=a,iops=3"], 2, "no 'iops', but file, if")
    refused(["-drive", "file=a,index=4"], 2, "index=4: not 0 to 3")
    refused(["-drive", "file=a,if=floppy,index=2"], 2, "index=2: not 0 to 1")
    refused(["-drive", "file=a,if=virtio"], 2, "if=virtio: not one of ide, floppy, scsi")
    refused(["-drive", "file=a,if=scsi,index=7"], 2, "index=7: not 0 to 6")
    refused(["-drive", "file=a,if=scsi,unit=2", "-drive", "file=b,if=scsi,index=2"], 2,
            "-drive b: the place is taken by a")
    refused(["-drive", "file=a,if=scsi,media=cdrom"], 2, "a CD-ROM drive is if=ide")
    refused(["-device", "buslogic,bus=pci.0"], 2, "no 'bus', but id")
    refused(k + ["-device", "sb16,irq=6"], 2, "irq=6: one of 5 7 9 10")
    refused(k + ["-device", "sb16,iobase=0x22"], 2, "iobase=0x22: one of 0x220")
    refused(k + ["-device", "sb16,volume=3"], 2, "no 'volume', but audiodev")
    refused(k + ["-device", "sb16,audiodev=x"], 2, "there is no -audiodev with that id")
    refused(k + ["-device", "sb16", "-device", "sb16"], 2, "there is one already")
    refused(k + ["-audiodev", "wav,id=x"], 2, "no card uses it: -device sb16")
    refused(k + ["-audiodev", "alsa,id=x"], 2, "alsa: not one of sdl, wav")
    refused(k + ["-audiodev", "none"], 2, "it needs a name: id=NAME")
    refused(k + ["-device", "sb16", "-audiodev", "wav,id=x,path=/no/such/place"], 1,
            "/no/such/place: No such file")
    refused(k + ["-parallel", "stdio"], 2, "-parallel stdio: not one of file:PATH")
    refused(k + ["-parallel", "file:/no/such/place"], 1, "/no/such/place: No such file")
    refused(["-drive", "file=a,readonly"], 2, "readonly=: not one of on, off")
    refused(["-drive", "file=a,format=ext4"], 2, "format=ext4: not raw, qcow2")
    refused(["-drive", "file=a,index=1", "-hdb", "two"], 2, "-hdb two: the place is taken by a")
    refused(["one", "-drive", "file=a", "-drive", "file=b", "-drive", "file=c", "-hdd", "d"], 2,
            "-hdd d: the place is taken by c")
    refused(["-drive", "file=a,,b,readonly=on"], 1, "a,b: No such file")
    refused(k + ["-nic", "wifi"], 2, "-nic wifi: not one of user, tap, none")
    refused(k + ["-nic", "user,smb=/"], 2, "no 'smb', but hostfwd, restrict, tftp, bootfile, mac")
    refused(k + ["-nic", "user,tftp=/no/such/place"], 2, "tftp=/no/such/place: not a folder")
    refused(k + ["-nic", "user,tftp=" + KERNEL], 2, "not a folder")
    refused(k + ["-nic", "user,bootfile=" + 128 * "a"], 2, "a name of up to 127 characters")
    refused(k + ["-nic", "tap,ifname=a,bootfile=a"], 2, "no 'bootfile', but ifname")
    refused(["-boot", "cn", "-nic", "none"], 2, "-boot cn: n is the network, and there is no card")
    refused(k + ["-nic", "user,model=e1000"], 2, "model=e1000: there is pcnet")
    refused(k + ["-nic", "user,mac=1:2"], 2, "mac=1:2: not like 52:")
    refused(k + ["-nic", "user,mac=01:02:03:04:05:06"], 2, "a group's address")
    refused(k + ["-nic", "user,hostfwd=22"], 2, "hostfwd=22: not like tcp::2222-:22")
    refused(k + ["-nic", "user,hostfwd=tcp::99999-:22"], 2, "not like")
    refused(k + ["-nic", "user,hostfwd=tcp:no.where:1-:22"], 2, "not like")
    refused(k + ["-nic", "user"] + ["-nic", "user"] * 3, 2, "at most 3 network cards")
    refused(k + ["-netdev", "user"], 2, "it needs a name: id=NAME")
    refused(k + ["-netdev", "user,id=a"], 2, "no card uses it: -device pcnet,netdev=ID")
    refused(k + ["-netdev", "user,id=a", "-netdev", "user,id=a"], 2, "id=a is given twice")
    refused(k + ["-device", "pcnet,netdev=b"], 2, "netdev=b: there is no -netdev with that id")
    refused(k + ["-device", "pcnet"], 2, "which network")
    refused(k + ["-device", "e1000,netdev=a"], 2, "no 'e1000', but pcnet")
    refused(k + ["-device", "pcnet,netdev=a", "-netdev", "user,id=a", "-device",
                 "pcnet,netdev=a"], 2, "two cards want it")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(k + ["-nic", f"user,hostfwd=tcp:127.0.0.1:{port}-:22"], 1,
                f"hostfwd=tcp:127.0.0.1:{port}-:22: Address already in use")
    refused(k + ["-nic", "tap,ifname=a-name-that-is-too-long"], 1, "too long for an interface")
    refused(["-boot", "x"], 2, "-boot x: not letters")
    refused(["-boot", "c", "-append", "x"], 2, "need -kernel")
    refused(["-boot", "c", "-vga", "cirrus"], 2, "only 'std'")
    refused(["-boot", "c", "-bios", "/dev/null"], 1, "not firmware")
    refused(["-boot", "c", "-bios", "none.bin"], 1, "install the package seabios")
    refused(k + ["-m", "many"], 2, "many: not a size")
    refused(k + ["-m", "-5"], 2, "not a size")
    refused(k + ["-m", "12Q"], 2, "not a size")
    refused(k + ["-m", "1"], 2, "too little memory")
    refused(k + ["-m", "4G"], 2, "too much memory")
    refused(k + ["-m", "99999999999999999999"], 2, "not a size")
    refused(k + ["-m", "18446744073709551615G"], 2, "too much memory")
    refused(k + ["-serial", "telnet:x"], 2, "telnet:x")
    refused(k + ["-serial", "file:"], 2, "file:")
    refused(k + ["-serial", "stdio", "-serial", "stdio"], 2, "one port only")
    refused(k + ["-display", "gtk"], 2, "not one of none, sdl, vnc\\[=WHERE\\], curses")
    refused(k + ["-display", "sdl,gl=on"], 2, "no 'gl', but full-screen=on")
    refused(k + ["-display", "curses,full-screen=on"], 2, "no 'full-screen'")
    refused(k + ["-display", "vnc=here"], 2, "not like :1, HOST:1 or unix:PATH")
    refused(k + ["-vnc", ":x"], 2, "-vnc :x: not like")
    refused(k + ["-vnc", ":10000"], 2, "not like")
    refused(k + ["-vnc", ":1,password=on"], 2, "no 'password', but password-file=FILE")
    refused(k + ["-vnc", "x" * 256 + ":1"], 2, "too long")
    refused(k + ["-smp", "2"], 2, "only '1'")
    refused(k + ["--chips", "here"], 2, "not one of vmm, user")
    refused(k + ["-cpu", "pentium"], 2, "only 'host'")
    refused(k + ["--exit-line", ""], 2, "empty")


def options_two_dashes():
    rc, out, err = run(["--kernel", KERNEL, "--device=/dev/null", "--m", "16M",
                        "--append=hello", "--serial", "stdio", "--nographic", "-display",
                        "none", "--no-reboot", "-cpu", "host", "-smp", "1"])
    expect(rc == 0 and "hello from the guest" in out, f"{rc} {out} {err}")


def options_sizes():
    for size in ("16", "16M", "16384k", "size=16M"):
        rc, _, err = run(["-kernel", KERNEL, "--device", "/dev/null", "-m", size, "-append",
                          "hello", "-no-reboot"])
        expect(rc == 0, f"-m {size}: {err}")


def no_device():
    refused(["-kernel", KERNEL, "--device", path("nothing")], 1, "nothing: .*load the module")
    refused(["-kernel", KERNEL, "--device", "/dev/null"], 1, "/dev/null: not a vmbt device")


# Loader

def loader_not_a_kernel():
    m = ["-m", "64", "-kernel"]
    refused(m + [path("none")], 1, "none: No such file")
    refused(m + [WORK], 1, "not a file")
    refused(m + [path("empty", b"")], 1, "not a Linux kernel: too short")
    refused(m + [path("text", b"hello\n" * 1000)], 1, "not a Linux kernel")
    refused(m + [path("elf", b"\177ELF" + bytes(4096))], 1, "ELF")
    refused(m + [path("noflag", image(boot_flag=0))], 1, "not a Linux kernel")
    refused(m + [path("nohdrs", image(header=b"Hdr?"))], 1, "not a Linux kernel")
    refused(m + [path("old", image(version=0x0204))], 1, r"boot protocol 2\.04 is too old")
    refused(m + [path("zimage", image(loadflags=0))], 1, "zImage")
    refused(m + [path("jump", image(jump=0x10))], 1, "bad boot header")


def loader_truncated():
    whole = image(syssize=0x10000, payload=0x100000)
    for size in (0x300, 0x400, 0x401, 0x80000, len(whole) - 16):
        refused(["-m", "64", "-kernel", path("cut", whole[:size])], 1, "truncated|too short")


def loader_huge_numbers():
    # Nothing in the header may make us write outside of the guest's memory.
    refused(["-m", "64", "-kernel", path("h1", image(init_size=0xffffffff))], 1,
            "too little memory")
    refused(["-m", "64", "-kernel", path("h2", image(pref=0xffffffffffff0000))], 1,
            "too little memory")
    refused(["-m", "64", "-kernel", path("h3", image(pref=0xfffffffffffffff0, align=0x80000000))],
            1, "too little memory|not a vmbt|not there")
    refused(["-m", "64", "-kernel", path("h4", image(syssize=0xffffffff))], 1, "truncated")
    refused(["-m", "4", "-kernel", path("h5", image(syssize=0x40000, payload=0x400000,
                                                   init_size=0))], 1, "too little memory")


def loader_too_little_memory():
    refused(["-m", "16", "-kernel", path("big", image(pref=0x1000000, init_size=0x2000000))], 1,
            "too little memory: the kernel needs 48M, there is 16M")


def loader_initrd():
    k = ["-m", "16", "-kernel", KERNEL, "-initrd"]
    refused(k + [path("noinitrd")], 1, "noinitrd: No such file")
    refused(k + [path("initrd", bytes(16 << 20))], 1, "too little memory: 16M for the initial")
    low = path("lowmax", image(initrd_max=0x3fffff))
    refused(["-m", "16", "-kernel", low, "-initrd", path("initrd", bytes(4 << 20))], 1,
            "too little memory")
    rc, out, err = run(BASE + ["-append", "hello", "-no-reboot", "-initrd",
                               path("initrd", bytes(5 << 20))])
    expect(rc == 0 and "hello" in out, err)


def loader_cmdline():
    refused(["-m", "16", "-kernel", KERNEL, "-append", "x" * 2048], 1, "command line is too long")
    long = path("longcmd", image(cmdline=0xffffffff))
    refused(["-m", "16", "-kernel", long, "--device", "/dev/null", "-append", "x" * 130000], 1,
            "not a vmbt device")


# Ends

def end_reset():
    for name in ("hello", "cf9", "port92"):
        rc, _, err = guest(name, "-no-reboot")
        expect(rc == 0 and not err, f"{name}: {rc} {err}")


def end_halt():
    rc, out, err = guest("halt")
    expect(rc == 0 and out == "halting\n" and not err, f"{rc} {out} {err}")


def end_no_shutdown():
    with subprocess.Popen([FAKE] + BASE + ["-append", "halt", "-no-shutdown"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as p:
        expect(p.stdout.readline() == b"halting\n", "no output")
        time.sleep(0.3)
        expect(p.poll() is None, "it has ended")
        p.terminate()
        expect(p.wait(60) == 128 + 15, f"status {p.returncode}")


def end_reboot():
    rc, out, err = guest("reboot")
    expect(rc == 0, f"{rc} {err}")
    expect(out == "boot 1\nboot 2\nboot 3\n", out)


def end_triple_fault():
    rc, out, err = guest("triple", "-no-reboot", "-name", "box")
    expect(rc == 4 and out == "falling\n", f"{rc} {out}")
    expect(err == "vmbt-run: box: triple fault\n", err)


def end_internal_error():
    rc, out, err = guest("error")
    expect(rc == 3, f"status {rc}")
    expect("partial line" in out, out)
    expect("internal error 0x1001: the guest entered ring 1 at 0008:12345678" in err, err)
    for word in ("eax 11223344", "cr0", "gdt", "cs ", "code at"):
        expect(word in err, f"{word} is missing: {err}")


def exit_line():
    rc, out, err = guest("exit", "--exit-line", "vmbt-exit:")
    expect(rc == 42, f"{rc} {err}")
    expect(out == "out\r\nput vmbt-ex vmbt-exit: x\r\nlast", repr(out))
    rc, out, err = guest("hello", "-no-reboot", "--exit-line", "vmbt-exit:")
    expect(rc == 1 and "without telling its exit status" in err, f"{rc} {err}")
    rc, out, err = guest("exit", "-no-reboot")
    expect(rc == 0 and "42" in out, "not asked for, yet filtered")


def exit_line_guest_stays():
    start = time.time()
    rc, _, err = guest("exit-stays", "--exit-line", "vmbt-exit:")
    expect(rc == 0, f"{rc} {err}")
    expect(8 < time.time() - start < 50, "not after ten seconds")


# Devices at work

def ports():
    rc, out, err = guest("ports", "-no-reboot")
    expect(rc == 0, err)
    lines = out.split("\n")
    expect(lines[0] == "ff ffffffff ffffffff ffffffff rep", lines[0])
    expect(lines[1] == "80000000 12378086 ffffffff", lines[1])
    expect(lines[2] == "mmio ffffffff", lines[2])


def serial_echo():
    text = b"The quick brown fox\n" * 200
    for name in ("echo", "spin-echo"):
        rc, out, err = guest(name, "-no-reboot", stdin=text.replace(b"q", b"Q") + b"q")
        expect(rc == 0, f"{name}: {rc} {err}")
        expect(out.startswith("ready\n" + text.decode().replace("q", "Q") + "q"),
               f"{name}: {out[-200:]!r} of {len(out)}")


def serial_from_file():
    with open(path("input", b"abc\ndefq"), "rb") as f:
        p = subprocess.run([FAKE] + BASE + ["-append", "echo", "-no-reboot"], stdin=f,
                           capture_output=True, timeout=90, check=False)
    expect(p.returncode == 0 and b"abc\ndefq" in p.stdout, p.stdout)


def serial_file():
    out = path("serial.txt")
    rc, shown, _ = guest("hello", "-no-reboot", "-serial", "file:" + out)
    with open(out, "rb") as f:
        text = f.read()
    expect(rc == 0 and not shown and text == b"hello from the guest\r\n", repr(text))


def serial_null():
    rc, out, _ = guest("hello", "-no-reboot", "-serial", "null")
    expect(rc == 0 and not out, out)


def serial_pty():
    with subprocess.Popen([FAKE] + BASE + ["-append", "echo", "-no-reboot", "-serial", "pty"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        name = p.stderr.readline().split()[-1].decode()
        expect(name.startswith("/dev/pts/"), name)
        fd = os.open(name, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"xyzq")
        # The guest ends now. What it said is there for who comes a little later.
        time.sleep(0.2)
        got = b""
        while b"bye" not in got:
            r, _, _ = select.select([fd], [], [], 60)
            part = os.read(fd, 100) if r else b""
            expect(part, f"nothing more after {got!r}")
            got += part
        expect(b"xyzq" in got, repr(got))
        os.close(fd)
        expect(p.wait(60) == 0, f"status {p.returncode}")


def output_is_not_held():
    with subprocess.Popen([FAKE] + BASE + ["-append", "prompt"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as p:
        r, _, _ = select.select([p.stdout], [], [], 60)
        expect(r and os.read(p.stdout.fileno(), 100) == b"no newline> ", "no prompt")
        p.terminate()
        p.wait(60)


def clock():
    rc, out, err = guest("clock", "-no-reboot")
    expect(rc == 0, err)
    words = out.split()
    due = int(words[3]) / 10
    expect(abs(int(words[1]) - due) <= 4, f"{words[1]} ticks of 100 Hz in {words[3]} ms")


def clock_late():
    rc, out, err = guest("late", "-no-reboot")
    expect(rc == 0, err)
    words = out.split()
    expect(words[1] == "0", out)
    due = int(words[5]) / 10
    expect(abs(int(words[3]) - due) <= 3, f"{words[3]} ticks of 100 Hz in {words[5]} ms")


def statistics():
    rc, _, err = guest("hello", "-no-reboot", "--stats", "-name", "box")
    expect(rc == 0 and "statistics of box:" in err, err)
    stat = dict(re.findall(r"^(\S+) +(\d+)$", err, re.M))
    expect(int(stat["port_com1"]) == len("hello from the guest\r\n"), err)
    expect(int(stat["run_exits"]) >= 23 and "fake_entries" in stat, err)


def pidfile():
    name = path("pid")
    with subprocess.Popen([FAKE] + BASE + ["-append", "prompt", "--pidfile", name],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        os.read(p.stdout.fileno(), 10)
        with open(name, encoding="ascii") as f:
            expect(int(f.read()) == p.pid, "wrong number")
        p.terminate()
        p.wait(60)
    expect(not os.path.exists(name), "it is still there")
    refused(["-kernel", KERNEL, "--pidfile", "/nonexistent/pid"], 1, "/nonexistent/pid")


# Terminal

class Terminal:
    """The runner on a pseudo terminal."""

    def __init__(self, name, *args):
        self.master, self.slave = pty.openpty()
        attr = termios.tcgetattr(self.slave)
        attr[6][termios.VEOF] = b"\x07"	 # something to recognise it by
        termios.tcsetattr(self.slave, termios.TCSANOW, attr)
        self.before = termios.tcgetattr(self.slave)
        self.p = subprocess.Popen([FAKE] + BASE + ["-append", name] + list(args),
                                  stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                  start_new_session=True)
        self.seen = b""

    def wait_for(self, text):
        end = time.time() + 60
        while text not in self.seen:
            r, _, _ = select.select([self.master], [], [], max(0, end - time.time()))
            expect(r, f"no {text!r} in {self.seen!r}")
            self.seen += os.read(self.master, 4096)

    def type(self, data):
        os.write(self.master, data)

    def raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ISIG | termios.ECHO)

    def ends(self, status):
        end = time.time() + 60
        while self.p.poll() is None and time.time() < end:
            if select.select([self.master], [], [], 0.02)[0]:
                self.seen += os.read(self.master, 4096)
        rc = self.p.poll()
        now = termios.tcgetattr(self.slave)
        if rc is None:
            self.p.kill()
            self.p.wait()
        os.close(self.master)
        os.close(self.slave)
        expect(rc == status, f"status {rc}, not {status}: {self.seen!r}")
        expect(now == self.before, "the terminal is not restored")


def terminal_leave():
    t = Terminal("echo")
    t.wait_for(b"ready")
    expect(b"Ctrl-A x leaves" in t.seen.split(b"ready")[0], "the key is not told first")
    expect(t.raw(), "not raw")
    t.type(b"\x01x")
    t.ends(0)


def terminal_ctrl_c():
    t = Terminal("echo", "-no-reboot")
    t.wait_for(b"ready")
    t.type(b"ab\x03")
    t.wait_for(b"ab^C")
    t.type(b"\x01\x01\x01hz")
    t.wait_for(b"\x01z")
    t.wait_for(b"this list")
    t.type(b"q")
    t.wait_for(b"bye")
    t.ends(0)


def terminal_signals():
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for name, text in (("echo", b"ready"), ("prompt", b"newline>")):
            t = Terminal(name)
            t.wait_for(text)
            expect(t.raw(), "not raw")
            t.p.send_signal(sig)
            t.ends(128 + sig)


def terminal_crash():
    t = Terminal("prompt")
    t.wait_for(b"newline>")
    t.p.send_signal(signal.SIGABRT)
    t.ends(-signal.SIGABRT)


def terminal_error():
    t = Terminal("error")
    t.ends(3)
    t = Terminal("hello", "-kernel", path("none"))
    t.ends(1)


def terminal_blocked():
    # Nobody reads the terminal, the guest writes on and on: SIGTERM still ends it.
    t = Terminal("flood")
    t.wait_for(b"0123")
    time.sleep(0.5)
    t.p.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    t.ends(128 + signal.SIGTERM)


def terminal_flood_leave():
    t = Terminal("flood")
    t.wait_for(b"0123")
    t.type(b"\x01x")
    t.ends(0)


# Guests that were fetched

def fetched_kernels():
    top = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../../../.."))
    found = 0
    for name in ("debian-686", "debian-686-pae"):
        k = os.path.join(top, "build/guest", name, "vmlinuz")
        if not os.path.exists(k):
            continue
        found += 1
        rc, out, err = run(["-kernel", k, "--device", "/dev/null", "-m", "128", "-append",
                            "hello", "-no-reboot"])
        expect(rc == 0 and "hello" in out, err)
        refused(["-kernel", k, "-m", "16"], 1, "too little memory: the kernel needs")
        with open(k, "rb") as f:
            data = f.read()
        refused(["-kernel", path("cut", data[:len(data) // 2]), "-m", "128"], 1, "truncated")
    return None if found else "no guest kernels under build/guest"


def stop_and_go(p, sock):
    """The guest of monitor_stop(), started with -S."""
    def tell(what, answer=""):
        sock.sendall(what.encode() + b"\n" if what else b"")
        got = b""
        while not got.endswith(b"(vmbt) "):
            part = sock.recv(4096)
            expect(part, f"{what}: hung up")
            got += part
        expect(answer in got.decode(), f"{what}: {got!r}")

    def silent():
        expect(not select.select([p.stdout], [], [], 0.5)[0], "it runs")

    tell("")
    silent()
    tell("info status", "paused")
    tell("cont")
    expect(p.stdout.read(6) == b"ready\n", "no start")
    tell("stop")
    p.stdin.write(b"a")
    silent()
    tell("cont")
    expect(p.stdout.read(1) == b"a", "no echo")
    tell("info status", "running")
    tell("stop")
    tell("stop")
    sock.sendall(b"quit\n")
    expect(p.wait(30) == 0, f"status {p.returncode}")


def monitor_stop():
    """A guest that is stopped does nothing, halted or not, until it is told to go on."""
    where = os.path.join(WORK, "monitor")
    refused(["-kernel", KERNEL, "-S"], 2, "-S needs -monitor")
    for name in ("echo", "spin-echo"):
        with subprocess.Popen([FAKE] + BASE + ["-append", name, "-no-reboot", "-S", "-monitor",
                                               "unix:" + where], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as p:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(30)
            try:
                for _ in range(100):
                    if not sock.connect_ex(where):
                        break
                    time.sleep(0.1)
                stop_and_go(p, sock)
            finally:
                p.kill()
                sock.close()


def network_rom():
    """Without the package that has it, -boot n says which."""
    hide = ["-rm", "sh", "-c", 'mount -t tmpfs none /usr/lib/ipxe && exec "$@"', "sh"]
    if not os.path.isdir("/usr/lib/ipxe") or run(hide + ["true"], "unshare")[0]:
        return "no package ipxe-qemu, or no mount namespaces"
    rc, _, err = run(hide + [REAL, "-boot", "n", "-display", "none"], "unshare")
    expect(rc == 1 and "-boot n: no ROM for the network card: install the package ipxe-qemu"
           in err, f"status {rc}: {err}")
    return None


TESTS = [
    options_help, options_version, options_wrong, network_rom, options_two_dashes, options_sizes,
    no_device,
    loader_not_a_kernel, loader_truncated, loader_huge_numbers, loader_too_little_memory,
    loader_initrd, loader_cmdline, fetched_kernels,
    end_reset, end_halt, end_no_shutdown, end_reboot, end_triple_fault, end_internal_error,
    exit_line, exit_line_guest_stays,
    ports, serial_echo, serial_from_file, serial_file, serial_null, serial_pty,
    output_is_not_held, clock, clock_late, statistics, pidfile, monitor_stop,
    terminal_leave, terminal_ctrl_c, terminal_signals, terminal_crash, terminal_error,
    terminal_blocked, terminal_flood_leave,
]

program.main(TESTS, "", sys.argv[4:])
