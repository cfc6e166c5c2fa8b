#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The machine protocol and the monitor, from outside.

What is true of QEMU's own qemu-system-i386, too, is tried on both, with the same
commands: for each the shape of the answer - which keys, of which types - must be the
same, or have more where QEMU's reference calls a member optional. The guest is
firmware that never runs (-S), on the test double of the kernel's interface.
Usage: qmp_test.py RUNNER WORK_DIRECTORY [NAME...]
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../lib"))
from qmp import QMP, Error  # noqa: E402
import program  # noqa: E402
from program import Failure, expect  # noqa: E402

RUN, WORK = sys.argv[1:3]
QEMU = shutil.which("qemu-system-i386") or shutil.which("qemu-system-x86_64")
SOCK = os.path.join(WORK, "qmp")
HUMAN = os.path.join(WORK, "monitor")
FIRMWARE = "/usr/share/seabios/bios-256k.bin"


def more(sock):
    """What comes next; the end is a failure."""
    part = sock.recv(4096)
    expect(part, "hung up")
    return part


def image(name, size, seed=None):
    path = os.path.join(WORK, name)
    with open(path, "wb") as f:
        f.write(random.Random(seed or name).randbytes(size))
    return path


DISK, CD, CD2 = image("disk", 1 << 20), image("cd", 1 << 20), image("cd2", 1 << 19)
FD, FD2 = image("fd", 1440 * 1024), image("fd2", 720 * 1024)


class Machine:
    """vmbt-run or QEMU, waiting for cont."""

    def __init__(self, program, *args, serial=True):
        self.program = program
        for path in (SOCK, HUMAN):
            if os.path.exists(path):
                os.unlink(path)
        cmd = [program, "-m", "16", "-S", "-display", "none", "-name", "a name",
               "-qmp", f"unix:{SOCK},server=on,wait=off",
               "-drive", f"file={DISK},format=raw,if=ide,index=0",
               "-drive", f"file={CD},format=raw,if=ide,index=2,media=cdrom",
               "-drive", f"file={FD},format=raw,if=floppy,index=0"]
        if serial:
            cmd += ["-serial", "null"]
        if program == RUN:
            cmd += ["--device", "/dev/null", "-nic", "none"]
        else:
            cmd += ["-nic", "none", "-vga", "std"]
        self.log = open(os.path.join(WORK, "qmp.log"), "w+b")
        self.proc = subprocess.Popen(cmd + list(args), stdin=subprocess.DEVNULL,
                                     stdout=self.log, stderr=self.log)
        try:
            self.qmp = QMP(SOCK, alive=lambda: self.proc.poll() is None)
        except OSError as e:
            self.proc.kill()
            raise Failure(f"{program}: {e}: {self.said()}") from e

    def said(self):
        self.log.seek(0)
        return self.log.read().decode("latin1")

    def __enter__(self):
        return self.qmp

    def __exit__(self, *_):
        self.qmp.close()
        self.proc.kill()
        self.proc.wait()
        text = self.said()
        self.log.close()
        if self.program == RUN:
            expect("Sanitizer" not in text.replace("ASan doesn't", ""), text[-2000:])


def shape(v):
    """What kind of a value it is, and of which parts."""
    if isinstance(v, dict):
        return {k: shape(x) for k, x in v.items()}
    if isinstance(v, list):
        return [shape(x) for x in v]
    return type(v).__name__


def fits(ours, theirs, optional, where=""):
    """Complains of what QEMU's answer has and ours has not, and the other way round."""
    if isinstance(theirs, dict):
        expect(isinstance(ours, dict), f"{where}: {ours} is no object")
        for k in set(theirs) | set(ours):
            if k in theirs and k in ours:
                fits(ours[k], theirs[k], optional, f"{where}.{k}")
            else:
                expect(k in optional, f"{where}.{k}: only {'QEMU' if k in theirs else 'vmbt-run'}"
                       " has it")
    elif isinstance(theirs, list):
        expect(isinstance(ours, list), f"{where}: {ours} is no array")
        # Out-of-band commands are a capability that there is nothing behind here.
        expect(bool(ours) == bool(theirs) or where.endswith(".capabilities"),
               f"{where}: {ours}, QEMU has {theirs}")
        if theirs and ours:
            fits(ours[0], theirs[0], optional, where + "[]")
    else:
        expect(ours == theirs, f"{where}: {ours}, QEMU has {theirs}")


def script(q):
    """Commands whose answers are compared; a list of (name, answer or error)."""
    out = [("greeting", q.greeting)]

    def do(name, fds=(), **arguments):
        try:
            got = q.command(name, fds, **arguments)
            if name == "query-block":
                got = {b["device"]: b for b in got}
                for d in list(got):
                    if d not in ("ide0-hd0", "ide1-cd0", "floppy0"):
                        del got[d]
        except Error as e:
            got = {"error": e.cls, "desc": e.desc}
        out.append((name, got))
        return got

    do("query-status")
    do("query-version")
    do("query-name")
    do("query-block")
    do("query-memory-size-summary")
    do("query-cpus-fast")
    do("query-fdsets")
    do("query-commands")
    do("no-such-command")
    do("qmp_capabilities")
    do("eject")
    do("eject", device="ide9-hd9")
    do("eject", device="ide0-hd0")
    do("eject", device=7)
    do("eject", device="ide1-cd0", colour="red")
    do("send-key")
    do("send-key", keys=[{"type": "qcode", "data": "a"}])
    do("send-key", keys="a")
    do("input-send-event", events=[{"type": "key", "data": {
        "down": True, "key": {"type": "qcode", "data": "b"}}}])
    do("pmemsave", val=0, size=4096, filename=os.path.join(WORK, "mem"))
    do("memsave", val=0xfffff000, size=4096, filename=os.path.join(WORK, "mem2"))
    do("screendump", filename=os.path.join(WORK, "shot"))
    do("screendump", filename="/none/shot")
    do("getfd", fdname="x")
    do("closefd", fdname="x")
    with open(CD2, "rb") as f:
        do("getfd", [f.fileno()], fdname="x")
        do("closefd", fdname="x")
        do("add-fd", [f.fileno()], fdset_id=3, opaque="words")
    do("query-fdsets")
    do("blockdev-change-medium", device="ide1-cd0", filename="/dev/fdset/3")
    do("query-block")
    do("remove-fd", fdset_id=3)
    do("remove-fd", fdset_id=99)
    do("blockdev-change-medium", device="ide1-cd0", filename="/none")
    do("blockdev-change-medium", device="floppy0", filename=FD2)
    do("eject", device="ide1-cd0")
    do("query-block")
    do("blockdev-close-tray", device="ide1-cd0")
    do("blockdev-open-tray", device="ide1-cd0")
    do("blockdev-change-medium", device="ide1-cd0", filename=CD2, read_only_mode="read-only")
    do("human-monitor-command", command_line="info status")
    do("human-monitor-command", command_line="no such")
    do("cont")
    do("query-status")
    do("stop")
    do("query-status")
    do("system_powerdown")
    out.append(("events", [(e["event"], e.get("data")) for e in q.events]))
    return out


# Members that QEMU's reference calls optional, or that QEMU leaves out or adds with
# what it was built with; those of its many settings that there is nothing behind here.
OPTIONAL = {"backing_file", "bps_max", "dirty-bitmaps", "qdev", "io-status",
            "format-specific", "cluster-size", "dirty-flag", "die-id", "cluster-id", "opaque",
            "plugged-memory", "node-id"}


def like_qemu():
    """The same commands to both: the same shapes, errors of the same class, the same events."""
    if not QEMU:
        return "no qemu-system-i386"
    with Machine(QEMU) as q:
        theirs = script(q)
    with Machine(RUN) as q:
        ours = script(q)
    wrong = []
    for (name, a), (_, b) in zip(ours, theirs):
        try:
            if name in ("query-commands", "events"):
                continue
            if "error" in a or "error" in b:
                expect(a.get("error") == b.get("error"), f"{name}: {a}, QEMU: {b}")
            else:
                fits(shape(a), shape(b), OPTIONAL, name)
        except Failure as e:
            wrong.append(str(e))
    expect(not wrong, "; ".join(wrong))
    for (name, a), (_, b) in zip(ours, theirs):
        if name == "query-status":
            expect(a == b, f"{a}, QEMU: {b}")
        elif name == "query-commands":
            extra = {c["name"] for c in a} - {c["name"] for c in b}
            expect(extra == {"x-vmbt-stats"}, f"QEMU has no {extra}")
        elif name == "events":
            kinds = [[e for e, _ in x if e != "RTC_CHANGE"] for x in (a, b)]
            expect(kinds[0] == kinds[1], f"events {kinds[0]}, QEMU: {kinds[1]}")
            for event, data in a:
                fits(shape(data), shape(dict(b)[event]), OPTIONAL, event)
    same = sum(a.get("desc") == b.get("desc") for (_, a), (_, b) in zip(ours, theirs)
               if isinstance(a, dict) and "error" in a)
    print(f"   qmp: {len(ours)} answers compared with QEMU's, {same} errors word for word")


def values():
    """What the answers say is true."""
    with Machine(RUN) as q:
        version = q.command("query-version")
        expect("vmbt-run" in version["package"], version)
        expect(q.command("query-name") == {"name": "a name"}, "query-name")
        expect(q.command("query-memory-size-summary")["base-memory"] == 16 << 20, "memory")
        block = {b["device"]: b for b in q.command("query-block")}
        expect(block["ide0-hd0"]["inserted"]["file"] == DISK, block)
        expect(block["ide0-hd0"]["inserted"]["image"]["virtual-size"] == 1 << 20, block)
        expect(not block["ide0-hd0"]["inserted"]["ro"] and block["ide1-cd0"]["inserted"]["ro"],
               block)
        mem = os.path.join(WORK, "mem")
        with open(FIRMWARE, "rb") as f:
            rom = f.read()
        q.command("pmemsave", val=0xffffff00, size=256, filename=mem)
        with open(mem, "rb") as f:
            expect(f.read() == rom[-256:], "pmemsave of the ROM")
        q.command("memsave", val=0xfffff0, size=0x20, filename=mem)
        with open(mem, "rb") as f:
            expect(f.read() == bytes(16) + b"\xff" * 16, "memsave behind the end of memory")
        stats = q.command("x-vmbt-stats")
        expect("run_exits" in stats and all(isinstance(v, int) for v in stats.values()), stats)
        shot = os.path.join(WORK, "shot.png")
        q.command("screendump", filename=shot, format="png")
        with open(shot, "rb") as f:
            expect(f.read(8) == b"\x89PNG\r\n\x1a\n", "not a PNG")
        shot = os.path.join(WORK, "shot.ppm")
        q.command("screendump", filename=shot)
        with open(shot, "rb") as f:
            data = f.read()
        head = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
        expect(head and len(data) == head.end() + 3 * int(head[1]) * int(head[2]), data[:20])


def human():
    """The monitor's commands, by way of the protocol."""
    with Machine(RUN) as q:
        regs = q.human("info registers")
        expect(re.search(r"^EIP=0000fff0", regs, re.M) and "CS =f000 ffff0000" in regs, regs)
        with open(FIRMWARE, "rb") as f:
            rom = f.read()
        want = "00000000fffffff0:" + "".join(f" 0x{b:02x}" for b in rom[-16:-8])
        expect(q.human("xp /8xb 0xfffffff0").strip() == want, q.human("xp /8xb 0xfffffff0"))
        expect(q.human("xp/8xb 0xfffffff0").strip() == want, "xp/8xb")
        word = int.from_bytes(rom[-16:-12], "little")
        expect(q.human("x /1xw $eip").strip() == f"fffffff0: 0x{word:08x}", "x $eip")
        expect(q.human("x/2dh 0x1000").strip() == "00001000: 0 0", "x/2dh")
        expect("no disassembler" in q.human("x/5i 0"), "x/i")
        expect("not like" in q.human("x/zz 0"), "x/zz")
        expect(f"ide1-cd0: {CD} (raw, read-only)" in q.human("info block"), "info block")
        expect(q.human("info status") == "VM status: paused (prelaunch)\n", "info status")
        expect(q.human("info name") == "a name\n", "info name")
        expect(q.human("info version").startswith("vmbt-run "), "info version")
        expect("run_exits" in q.human("info vmbt"), "info vmbt")
        expect(not q.human("sendkey ctrl-alt-delete 100"), "sendkey")
        expect("'nokey'" in q.human("sendkey nokey"), "sendkey nokey")
        expect("unknown command: 'foo'" in q.human("foo bar"), "foo")
        expect("'filename' is missing" in q.human("screendump"), "screendump")
        expect("'c' is too much" in q.human("stop c"), "stop c")
        expect("is not a number" in q.human("pmemsave a b c"), "pmemsave")
        helped = q.human("help")
        for c in ("stop", "cont", "quit", "eject [-f]", "change", "pmemsave", "info block"):
            expect(c in helped, f"help has no {c}")
        expect(q.human("help eject").count("\n") == 1, "help eject")
        expect(not q.human(f'change ide1-cd0 "{CD2}"'), "change")
        expect(CD2 in q.human("info block"), "changed")
        expect(not q.human("eject -f ide1-cd0"), "eject")
        expect("ide1-cd0: [not inserted]" in q.human("info block"), "ejected")
        expect(q.command("query-block")[1]["tray_open"], "tray")


def passed_descriptors():
    """A medium that vmbt-run could not have opened itself."""
    with Machine(RUN) as q, open(CD2, "rb") as f:
        unlinked = os.path.join(WORK, "unlinked")
        shutil.copy(CD2, unlinked)
        with open(unlinked, "rb") as g:
            os.unlink(unlinked)
            got = q.command("add-fd", [g.fileno()])
        q.command("blockdev-change-medium", device="ide1-cd0",
                  filename=f"/dev/fdset/{got['fdset-id']}")
        block = q.command("query-block")[1]
        expect(block["inserted"]["image"]["virtual-size"] == 1 << 19, block)
        for bad in ("/dev/fdset/", "/dev/fdset/x", "/dev/fdset/77"):
            try:
                q.command("blockdev-change-medium", device="ide1-cd0", filename=bad)
                raise Failure(f"{bad} was taken")
            except Error:
                pass
        # For writing, a descriptor that can be read only does not do.
        try:
            q.command("blockdev-change-medium", device="floppy0",
                      filename=f"/dev/fdset/{got['fdset-id']}")
            raise Failure("a read-only descriptor was taken for writing")
        except Error:
            pass
        for _ in range(40):
            try:
                q.command("add-fd", [f.fileno()], fdset_id=9)
            except Error:
                break
        else:
            raise Failure("descriptors without end")


def wire():
    """Garbage, halves, too much of it, more at once: an error each, and it goes on."""
    with Machine(RUN) as q:
        def wrong(data, pattern):
            got = q.raw(data)
            expect(re.search(pattern, got.get("error", {}).get("desc", "")), f"{data!r}: {got}")

        wrong(b"garbage\n", "JSON parse error")
        wrong(b"}\n", "JSON parse error")
        wrong(b'{"execute": \n}', "JSON parse error")
        wrong(b'"text"\n', "must be a JSON object")
        wrong(b"[]", "must be a JSON object")
        wrong(b"{}", "lacks member 'execute'")
        wrong(b'{"execute": 1}', "must be a string")
        wrong(b'{"execute": "stop", "arguments": []}', "must be an object")
        wrong(b'{"execute": "stop", "more": 1}', "'more' is unexpected")
        wrong(b'{"execute": "stop", "execute": "cont"}', "JSON parse error")
        wrong(b'{"execute": "stop\n', "JSON parse error")
        wrong(b'{"execute": "\xff\xfe"}', "JSON parse error")
        wrong(b"[" * 40 + b"\n", "too many brackets")
        wrong(b'{"execute": "' + b"x" * 70000 + b'"}\n', "too long")
        wrong(b'{"execute": "human-monitor-command", "arguments": {"command-line": "a\\u0000b"}}',
              "JSON parse error")
        got = q.raw(b'{"execute": "query-name", "id": {"a": [1, null]}}')
        expect(got["id"] == {"a": [1, None]}, got)
        got = q.raw(b'{"execute": "nothing", "id": "x"}')
        expect(got["id"] == "x" and got["error"]["class"] == "CommandNotFound", got)
        q.sock.sendall(b'{"execute": "query-na')
        time.sleep(0.1)
        expect("return" in q.raw(b'me"}'), "halves")
        q.sock.sendall(b'{"execute":"query-name","id":1}{"execute":"query-name","id":2}\n')
        expect([q.answer()["id"], q.answer()["id"]] == [1, 2], "two at once")
        expect(q.raw(b'{"execute": "human-monitor-command", "arguments": '
                     b'{"command-line": "{\\"}["}}')["return"].startswith("unknown"), "brackets")


def connections():
    """One after the other; who comes meanwhile waits; capabilities are each one's own."""
    with Machine(RUN) as q:
        second = __import__("socket").socket(__import__("socket").AF_UNIX)
        second.connect(SOCK)
        q.sock.sendall(b'{"half": ')
        q.close()
        second.settimeout(10)
        got = b""
        while b"\n" not in got:
            got += more(second)
        expect(json.loads(got)["QMP"]["capabilities"] == [], got)
        second.close()
        for _ in range(20):
            third = QMP(SOCK, negotiate=False)
            try:
                third.command("query-status")
                raise Failure("a command without capabilities")
            except Error as e:
                expect(e.cls == "CommandNotFound" and "qmp_capabilities" in e.desc, e)
            third.command("qmp_capabilities")
            third.command("query-status")
            third.close()


def slow_reader():
    """Who asks and does not read is cut off; the machine and the next one go on."""
    with Machine(RUN) as q:
        q.sock.settimeout(0.5)
        ask = b'{"execute": "query-commands"}\n' * 100
        try:
            for _ in range(400):
                q.sock.sendall(ask)
        except OSError:
            pass
        q.close()
        other = QMP(SOCK)
        expect(other.command("query-status")["status"] == "prelaunch", "status")
        other.close()


def ends():
    """Events at the end, in order behind the answer; quit and SIGTERM."""
    for how, reason in (("quit", "host-qmp-quit"), ("term", "host-signal")):
        machine = Machine(RUN)
        with machine as q:
            if how == "quit":
                expect(q.command("quit") == {}, "quit")
            else:
                machine.proc.terminate()
            data = q.event("SHUTDOWN")["data"]
            expect(data == {"guest": False, "reason": reason}, data)
            rc = machine.proc.wait(30)
            expect(rc == (0 if how == "quit" else 143), f"status {rc}")
            expect(not os.path.exists(SOCK), "the socket is left")
    with Machine(RUN) as q:
        q.command("system_reset")
        data = q.event("RESET")["data"]
        expect(data == {"guest": False, "reason": "host-qmp-system-reset"}, data)
        expect(q.command("query-status")["status"] == "prelaunch", "status behind a reset")


def told(seconds, *want):
    """Waits until the guest has told these bytes, which it does on the debug port."""
    end = time.time() + seconds
    while True:
        with open(os.path.join(WORK, "debug"), encoding="latin1") as f:
            got = f.read().split()
        if got == list(want) or time.time() > end:
            break
        time.sleep(0.05)
    expect(got == list(want), f"the guest told {got}, not {list(want)}")


# Of -rtc, and the keyboard's acknowledgement of being switched on.
DATE = ["06", "06", "17", "fa"]


def power():
    """The power button, -no-shutdown, and what can be done with a machine that is off."""
    debug = "file:" + os.path.join(WORK, "debug")
    with Machine(RUN, "-no-shutdown", "-debugcon", debug,
                 "-rtc", "base=2006-06-17T16:01:21,clock=vm") as q:
        q.command("cont")
        told(30, *DATE)
        q.command("system_powerdown")
        expect(q.event("SHUTDOWN")["data"] == {"guest": True, "reason": "guest-shutdown"}, "why")
        q.event("STOP")
        expect(q.command("query-status") == {"status": "shutdown", "singlestep": False,
                                             "running": False}, "status")
        try:
            q.command("cont")
            raise Failure("a machine that is off went on")
        except Error as e:
            expect(e.desc == "Resetting the Virtual Machine is required", e)
        q.command("system_reset")
        q.event("RESET")
        expect(q.command("query-status")["status"] == "prelaunch", "status behind the reset")
        q.command("cont")
        q.event("RESUME")
    machine = Machine(RUN)
    with machine as q:
        q.command("cont")
        q.command("system_powerdown")
        expect([q.event(e)["event"] for e in ("POWERDOWN", "SHUTDOWN")], "events")
        expect(machine.proc.wait(30) == 0, "status")


def keys():
    """What is sent arrives: make codes in order, break codes in the other, set 1."""
    with Machine(RUN, "-debugcon", "file:" + os.path.join(WORK, "debug"),
                 "-rtc", "base=2006-06-17") as q:
        q.command("cont")
        told(30, *DATE)
        q.human("sendkey ctrl-alt-delete")
        want = ["1d", "38", "e0", "53", "e0", "d3", "b8", "9d"]
        told(30, *DATE, *want)
        q.command("send-key", keys=[{"type": "number", "data": 0x1e}], hold_time=1)
        want += ["1e", "9e"]
        told(30, *DATE, *want)
        down = {"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": "up"}}}
        up = {"type": "key", "data": {"down": False, "key": {"type": "number", "data": 0xc8}}}
        q.command("input-send-event", events=[down, up])
        told(30, *DATE, *want, "e0", "48", "e0", "c8")


def two_monitors():
    """Events reach each program; people and programs at once."""
    other = os.path.join(WORK, "other")
    machine = Machine(RUN, "-qmp", f"unix:{other},server=on,wait=off", "-monitor",
                      "unix:" + HUMAN)
    with machine as q:
        b = QMP(other)
        q.command("cont")
        for one in (q, b):
            one.event("RESUME")
        s = __import__("socket").socket(__import__("socket").AF_UNIX)
        s.settimeout(10)
        s.connect(HUMAN)

        def ask(line):
            s.sendall(line)
            got = b""
            while not got.endswith(b"(vmbt) "):
                got += more(s)
            return got.decode()

        ask(b"")
        expect(ask(b"stop\n") == "(vmbt) ", "stop")
        for one in (q, b):
            one.event("STOP")
        expect("too long" in ask(b"x" * 70000 + b"\n"), "too long")
        expect("paused" in ask(b"info status\r\n"), "status")
        b.close()


def other_places():
    """Standard input, TCP, a socket of somebody else's, and waiting for the first one."""
    import socket as so
    base = [RUN, "-m", "16", "-S", "--device", "/dev/null", "-nic", "none", "-serial", "null",
            "-boot", "c"]
    p = subprocess.run(base + ["-qmp", "stdio"], capture_output=True, timeout=60, check=False,
                       input=b'{"execute":"qmp_capabilities"}{"execute":"quit","id":3}')
    lines = [json.loads(x) for x in p.stdout.split(b"\n") if x.strip()]
    expect(p.returncode == 0 and "QMP" in lines[0] and lines[2] == {"return": {}, "id": 3} and
           lines[3]["event"] == "SHUTDOWN", p.stdout)
    p = subprocess.run(base + ["-monitor", "stdio"], capture_output=True, timeout=60,
                       check=False, input=b"info status\nq\n")
    expect(p.returncode == 0 and b"prelaunch" in p.stdout, p.stdout)
    mine = so.socket(so.AF_UNIX)
    path = os.path.join(WORK, "mine")
    if os.path.exists(path):
        os.unlink(path)
    mine.bind(path)
    mine.listen()
    free = so.socket()
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with subprocess.Popen(base + ["-qmp", f"unix:{path},server=off", "-qmp",
                                  f"tcp:127.0.0.1:{port},server=on"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        try:
            mine.settimeout(30)
            peer, _ = mine.accept()
            peer.settimeout(30)
            for _ in range(300):
                second = so.socket()
                if not second.connect_ex(("127.0.0.1", port)):
                    break
                second.close()
                time.sleep(0.1)
            second.settimeout(30)
            expect(b"QMP" in second.recv(1000), "no greeting by TCP")
            got = b""
            while b"\n" not in got:
                got += more(peer)
            expect(b"QMP" in got, "no greeting")
            second.sendall(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
            expect(p.wait(30) == 0, "status")
        finally:
            p.kill()


def just_a_disk():
    """vmbt-run DISK: 256 MB, a card with a NAT, firmware's boot, a display or word of none."""
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if os.path.exists(SOCK):
        os.unlink(SOCK)
    with subprocess.Popen([RUN, DISK, "--device", "/dev/null", "-qmp",
                           f"unix:{SOCK},server=on,wait=off"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env) as p:
        try:
            q = QMP(SOCK, alive=lambda: p.poll() is None)
            expect(q.command("query-memory-size-summary")["base-memory"] == 256 << 20, "memory")
            expect(q.command("query-status")["running"], "it does not run")
            block = q.command("query-block")
            expect(len(block) == 1 and block[0]["inserted"]["file"] == DISK, block)
            expect(re.search(r"model=pcnet.*\n.*type=user", q.human("info network")), "network")
            expect("EIP=" in q.human("info registers"), "registers")
            q.command("quit")
            expect(p.wait(30) == 0, "status")
            said = p.stderr.read().decode()
            expect("the screen is at" in said or "no display" in said, said)
        finally:
            p.kill()


TESTS = [like_qemu, values, human, power, keys, passed_descriptors, wire, connections,
         slow_reader, ends, two_monitors, other_places, just_a_disk]

program.main(TESTS, "qmp_", sys.argv[3:], (Error,),
             missing="" if os.path.exists(FIRMWARE) else "no " + FIRMWARE)
