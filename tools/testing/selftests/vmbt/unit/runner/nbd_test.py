#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Drives behind NBD: servers under all their names, and images of other formats.

A guest on the test double of the kernel's interface reads sector 0, writes sector 1 and
flushes, all by PIO and inside the sandbox. What is in an image qemu-img tells, which knows
nothing of vmbt-run. Usage: nbd_test.py RUNNER_WITH_FAKE WORK_DIRECTORY [NAME...], after
run_test.py, which makes the kernel there.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
from qmp import QMP, Error  # noqa: E402
import program  # noqa: E402
from nbdserver import SEND_FLUSH, NbdServer  # noqa: E402
from program import expect, until  # noqa: E402

FAKE, WORK = sys.argv[1:3]
WORK = os.path.join(WORK, "nbd")
KERNEL = os.path.join(WORK, "../kernel")
ENV = program.environment(TMPDIR=WORK)
BASE = [FAKE, "-kernel", KERNEL, "--device", "/dev/null", "-m", "16", "-append", "disk",
        "-no-reboot", "-sandbox", "on"]
TEXT, WRITTEN = b"text in the image", b"written by the guest"
FORMATS = ("qcow2", "vmdk", "vdi", "vpc", "vhdx", "qed", "qcow", "parallels")


def path(name):
    return os.path.join(WORK, name)


def image(fmt, name=None):
    """An image with a text in its first sector."""
    raw, name = path("new.raw"), path(name or "image." + fmt)
    with open(raw, "wb") as f:
        f.write(TEXT)
        f.truncate(4 << 20)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", fmt, raw, name], check=True)
    return name


def sectors(fmt, name):
    """The first two."""
    raw = path("check.raw")
    subprocess.run(["qemu-img", "convert", "-f", fmt, "-O", "raw", name, raw], check=True)
    with open(raw, "rb") as f:
        return f.read(512).rstrip(b"\0"), f.read(512).rstrip(b"\0")


class Guest(program.Process):
    """A vmbt-run whose guest works once, and once more for each key."""

    def __init__(self, *args):
        super().__init__(BASE + list(args), ENV)

    def says(self, read, wrote, flushed):
        for line in (b"sector 0: " + read, wrote, flushed):
            got = self.proc.stdout.readline().rstrip(b"\n")
            expect(got == line, f"{got}, not {line} {self.proc.stderr.read() if not got else ''}")

    def again(self):
        self.proc.stdin.write(b"x")
        self.proc.stdin.flush()

    def children(self):
        """Processes named qemu-nbd that serve us."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    stat = f.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            name, ppid = re.match(r"\d+ \((.*)\) . (\d+)", stat).groups()
            if name == "qemu-nbd" and int(ppid) == self.proc.pid:
                found.append(int(pid))
        return found

    def end(self):
        """End it; what it said."""
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(60)
        return ours(self.proc.stderr.read())


def ours(err):
    """What vmbt-run itself said."""
    return re.sub(r"(?m)^(qemu-nbd|==\d+==).*\n", "", err.decode())


def refused(pattern, *args):
    p = subprocess.run(BASE + list(args), capture_output=True, env=ENV, timeout=60, check=False)
    err = ours(p.stderr)
    expect(p.returncode in (1, 2), f"{args}: status {p.returncode} {err}")
    expect(err.count("\n") == 1 and re.search(pattern, err), f"{args}: {err!r}, not {pattern!r}")


class Server:
    """A qemu-nbd as somebody else runs it."""

    def __init__(self, where, fmt, name, *args):
        self.proc = subprocess.Popen(["qemu-nbd", "--persistent", "-f", fmt, *where, *args, name])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.terminate()
        self.proc.wait(30)


def unix(name="server"):
    """A socket's path, and what a server needs to listen there."""
    where = path(name)
    if os.path.exists(where):
        os.unlink(where)
    return where, ["--socket", where]


def connectable(addr, family):
    def tried():
        with socket.socket(family, socket.SOCK_STREAM) as s:
            return not s.connect_ex(addr)
    return tried


def formats():
    """Each format: read, written, flushed; qemu-nbd ends with us and nothing is left."""
    for fmt in FORMATS:
        name = image(fmt)
        with Guest("-drive", f"file={name},format={fmt}") as g:
            g.says(TEXT, b"written", b"flushed")
            expect(len(g.children()) == 1, f"{fmt}: {g.children()}")
            left = [f for f in os.listdir(WORK) if f.startswith("vmbt-nbd")]
            expect(not left, f"{fmt}: {left} is left while it runs")
            g.end()
            expect(not g.children(), f"{fmt}: qemu-nbd goes on")
        expect(sectors(fmt, name) == (TEXT, WRITTEN), f"{fmt}: {sectors(fmt, name)}")


def killed():
    """What was flushed is there behind a SIGKILL, and the server has ended."""
    name = image("qcow2")
    with Guest("-drive", f"file={name},format=qcow2") as g:
        g.says(TEXT, b"written", b"flushed")
        pid, = g.children()
        g.proc.kill()
        g.proc.wait()
        until("the end of qemu-nbd", lambda: not os.path.exists(f"/proc/{pid}"))
    expect(sectors("qcow2", name) == (TEXT, WRITTEN), "what was flushed is lost")


def forgotten():
    """-snapshot and readonly=on leave the image as it is; a comma in its name is a comma."""
    name = image("qcow2", "a,b.qcow2")
    before = sectors("qcow2", name)
    key = name.replace(",", ",,")
    with Guest("-drive", f"file={key},format=qcow2", "-snapshot") as g:
        g.says(TEXT, b"written", b"flushed")
        g.end()
    with Guest("-drive", f"file={key},format=qcow2,readonly=on") as g:
        g.says(TEXT, b"refused", b"flushed")
        g.end()
    expect(sectors("qcow2", name) == before, "the image was written")


def names():
    """A server by QEMU's names and by NBD's own URIs, over UNIX and TCP, with exports."""
    name = image("qcow2")
    where, listen = unix()
    with Server(listen, "qcow2", name):
        until("a server", connectable(where, socket.AF_UNIX))
        for file in (f"nbd:unix:{where}", f"nbd+unix:///?socket={where}"):
            with Guest("-drive", f"file={file},format=raw") as g:
                g.says(TEXT, b"written", b"flushed")
                g.end()
    with Server(listen, "qcow2", name, "--export-name", "disk:1"):
        until("a server", connectable(where, socket.AF_UNIX))
        for file in (f"nbd:unix:{where}:exportname=disk:1", f"nbd+unix:///disk:1?socket={where}"):
            with Guest("-drive", f"file={file}") as g:
                g.says(TEXT, b"written", b"flushed")
                g.end()
        refused("no export", "-drive", f"file=nbd:unix:{where}:exportname=other")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with Server(["--bind", "127.0.0.1", "--port", str(port)], "qcow2", name):
        until("a server", connectable(("127.0.0.1", port), socket.AF_INET))
        for file in (f"nbd:127.0.0.1:{port}", f"nbd://127.0.0.1:{port}/", f"nbd:localhost:{port}"):
            with Guest("-hda", file) as g:
                g.says(TEXT, b"written", b"flushed")
                g.end()
    expect(sectors("qcow2", name) == (TEXT, WRITTEN), "not written")


def gone():
    """A server that goes is an error of the disk's, and no end of the machine's."""
    name = image("raw")
    where, listen = unix()
    with Server(listen, "raw", name) as server:
        until("a server", connectable(where, socket.AF_UNIX))
        with Guest("-hda", f"nbd:unix:{where}") as g:
            g.says(TEXT, b"written", b"flushed")
            server.proc.kill()
            server.proc.wait()
            g.again()
            g.says(b"an error", b"refused", b"not flushed")
            g.end()


def read_only():
    """A server that lets nobody write serves who does not want to."""
    name = image("raw")
    where, listen = unix()
    with Server(listen, "raw", name, "--read-only"):
        until("a server", connectable(where, socket.AF_UNIX))
        refused(r"read only \(readonly=on, or -snapshot\)", "-hda", f"nbd:unix:{where}")
        with Guest("-drive", f"file=nbd:unix:{where},readonly=on") as g:
            g.says(TEXT, b"refused", b"flushed")
            g.end()


def unflushed():
    """That a server can't flush is said, if what is written stays; it is not asked to."""
    where = path("server")
    line = f"vmbt-run: nbd:unix:{where}: the server can't flush: what the guest flushes may be " \
        "lost with it\n"
    for flags, how, wrote, says in (
            (0, [], b"written", line), (0, ["-snapshot"], b"written", ""),
            (0, ["readonly=on"], b"refused", ""), (SEND_FLUSH, [], b"written", "")):
        file = ",".join(["file=nbd:unix:" + where, *(x for x in how if x[0] != "-")])
        with NbdServer(where, TEXT + bytes(1 << 20), flags) as server:
            with Guest("-drive", file, *(x for x in how if x[0] == "-")) as g:
                g.says(TEXT, wrote, b"flushed")
                said = g.end()
            expect(said == says, f"{flags} {how}: {said!r}, not {says!r}")
            asked = [name for name, *_ in server.requests]
            want = ["read"] if how else ["read", "write"] + ["flush"] * (flags == SEND_FLUSH)
            expect(asked == want, f"{flags} {how}: {asked}, not {want}")


def blocks():
    """A server's sizes: the least must fit into a sector, the largest is not exceeded."""
    where = path("server")
    for least in (1024, 4096):
        with NbdServer(where, bytes(1 << 20), blocks=(least, 4096, 32 << 20)):
            for how in ("", ",readonly=on"):
                refused(f"nbd:unix:{where}: serves blocks of {least} bytes; drives have sectors "
                        "of 512$", "-drive", f"file=nbd:unix:{where}{how}")
    whole, halves = [("read", 0, 1024)], [("read", 0, 512), ("read", 512, 512)]
    for sizes, reads in ((None, whole), ((1, 4096, 32 << 20), whole),
                         ((512, 4096, 0xffffffff), whole), ((512, 512, 512), halves)):
        with NbdServer(where, TEXT + bytes(1 << 20), blocks=sizes) as server:
            with Guest("-hda", f"nbd:unix:{where}") as g:
                g.says(TEXT, b"written", b"flushed")
                g.end()
            expect(server.requests == reads + [("write", 512, 512), ("flush", 0, 0)],
                   f"{sizes}: {server.requests}")
            expect(server.data[512:].startswith(WRITTEN), f"{sizes}: not written")
    # What is left behind the last whole sector is not there.
    with NbdServer(where, bytes(511)):
        refused(f"nbd:unix:{where}: empty$", "-hda", f"nbd:unix:{where}")


def strangers(where, greeting):
    """Somebody at a socket who is no NBD server, or none that goes on."""
    if os.path.exists(where):
        os.unlink(where)
    listener = socket.create_server(where, family=socket.AF_UNIX)

    def serve():
        with listener, listener.accept()[0] as s:
            s.sendall(greeting)
            # Until the other end has had enough.
            with contextlib.suppress(ConnectionError):
                while s.recv(1000):
                    pass
    threading.Thread(target=serve, daemon=True).start()


def floppy_and_cd(qmp):
    """What is in the two drives: name, size, read-only."""
    found = {b["device"]: b.get("inserted") for b in qmp.command("query-block")}
    return [v and (v["file"], v["image"]["virtual-size"], v["ro"])
            for v in (found["fd"], found["cd"])]


DRIVES = ["-drive", "media=cdrom,id=cd,index=2", "-drive", "if=floppy,id=fd",
          "-qmp", "unix:" + path("qmp") + ",server=on,wait=off"]


def changed():
    """Servers' media come and go while the guest runs; who is none is told from them."""
    where, other, name = path("server"), path("other"), image("raw")
    with Guest("-hda", name, *DRIVES) as g, NbdServer(where, bytes(7 * 2048)) as first, \
            NbdServer(other, bytes(1440 << 10)) as second:
        g.says(TEXT, b"written", b"flushed")
        qmp = QMP(path("qmp"))
        qmp.command("blockdev-change-medium", device="cd", filename=f"nbd:unix:{where}")
        cd = (f"nbd:unix:{where}", 7 * 2048, True)
        expect(floppy_and_cd(qmp) == [None, cd], floppy_and_cd(qmp))
        floppy = f"nbd+unix:///any%20export?socket={other}"
        said = qmp.human(f"change fd {floppy}")
        expect(not said and floppy_and_cd(qmp) == [(floppy, 1440 << 10, False), cd],
               f"{said} {floppy_and_cd(qmp)}")
        # Who can't be gone to takes nobody's place, and holds nobody for long.
        for file, why in not_servers(where + "-"):
            start = time.time()
            change(qmp, file, why)
            expect(time.time() - start < 20, f"{file}: {time.time() - start:.0f} s")
        expect(floppy_and_cd(qmp)[1] == cd, floppy_and_cd(qmp))
        g.again()
        g.says(TEXT, b"written", b"flushed")
        expect((first.goodbyes, second.goodbyes) == (0, 0), "left too early")
        qmp.command("eject", device="cd", force=True)
        until("a goodbye", lambda: first.goodbyes == 1)
        qmp.command("blockdev-change-medium", device="fd", filename=f"nbd:unix:{where}")
        until("a goodbye", lambda: second.goodbyes == 1)
        g.end()
    # Where nothing is opened but what the command line names, nobody is gone to.
    with Guest("-hda", name, *DRIVES, "-sandbox", "on,files=named") as g, \
            NbdServer(where, bytes(2048)):
        change(QMP(path("qmp")), f"nbd:unix:{where}", "Operation not permitted")
        g.end()


def change(qmp, file, why, **how):
    """Try to; None if it is done, as it should be for no reason why not."""
    try:
        qmp.command("blockdev-change-medium", device="cd", filename=file, **how)
        expect(not why, f"{file} was taken: {how}")
    except Error as e:
        expect(why and re.search(why, e.desc) and file in e.desc, f"{file}: {e.desc}")


def changed_formats():
    """So do images of other formats, to be read, with what they name themselves."""
    where, raw, qcow2 = path("server"), image("raw"), image("qcow2")
    net, over = path("net.qcow2"), path("over.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", f"nbd:unix:{where}",
                    "-F", "raw", net, "1M"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", qcow2, "-F", "qcow2", over,
                    "3M"], check=True)
    with Guest("-hda", raw, *DRIVES) as g, NbdServer(where, bytes(1 << 20)) as server:
        g.says(TEXT, b"written", b"flushed")
        qmp = QMP(path("qmp"))
        for fmt in FORMATS:
            name = image(fmt, "cd." + fmt)
            change(qmp, name, None, format=fmt)
            # A vpc image is whole cylinders, of 4 heads and 17 sectors.
            size = 121 * 4 * 17 * 512 if fmt == "vpc" else 4 << 20
            told = floppy_and_cd(qmp)[1]
            expect(told == (name, size, True), told)
        change(qmp, over, None, format="qcow2")
        cd = (over, 3 << 20, True)
        change(qmp, qcow2, "looks like qcow2")
        change(qmp, path("cd.vpc"), "qemu-nbd does not serve it as vdi", format="vdi")
        change(qmp, path("missing"), "No such file", format="qcow2")
        change(qmp, "/proc/version", "not permitted", format="qcow2")
        change(qmp, f"nbd:unix:{where}", "what a server serves is raw", format="qcow2")
        change(qmp, image("raw", "cd.raw"), None, format="raw")
        change(qmp, over, None, format="qcow2")
        # What an image names is not looked for on other machines.
        change(qmp, net, "qemu-nbd does not serve it as qcow2", format="qcow2")
        expect(not server.requests and not server.goodbyes, "somebody came")
        expect(floppy_and_cd(qmp) == [None, cd], floppy_and_cd(qmp))
        said = qmp.human(f"change fd {qcow2} qcow2")
        expect("not written (read-only)" in said, said)
        said = qmp.human(f"change fd {qcow2} qcow2 read-only")
        expect(not said and floppy_and_cd(qmp) == [(qcow2, 4 << 20, True), cd], said)
        g.again()
        g.says(TEXT, b"written", b"flushed")
        qmp.command("eject", device="cd", force=True)
        until("the end of its qemu-nbd", lambda: not serving(over))
        expect(serving(qcow2), "the floppy's has ended, too")
        g.end()
    until("the end of qemu-nbd", lambda: not serving(qcow2))
    with Guest("-hda", raw, *DRIVES, "-sandbox", "off") as g:
        change(QMP(path("qmp")), qcow2, None, format="qcow2")
        g.end()
    with Guest("-hda", raw, *DRIVES, "-sandbox", "on,files=named") as g:
        change(QMP(path("qmp")), qcow2, "not permitted", format="qcow2")
        g.end()
    left = [f for f in os.listdir(WORK) if f.startswith("vmbt-nbd")]
    expect(not left, f"{left} is left")


def serving(name):
    """Does a qemu-nbd have the image?"""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if re.match(b"qemu-nbd\0.*=" + name.encode() + b"\0", f.read(), re.S):
                    return True
        except OSError:
            continue
    return False


def not_servers(where):
    """Names of such, each with what is said of it."""
    yield f"nbd:unix:{where}none", "No such file"
    yield "nbds://localhost/", "not nbd:HOST:PORT"
    for greeting, why in ((b"SSH-2.0-OpenSSH_9.2\r\n", "nobody there speaks NBD"),
                          (b"", "nobody there speaks NBD"), (b"NBDMAG", "nobody there"),
                          (b"NBDMAGICIHAVEOPT\0\3", "does not say what it has")):
        strangers(where, greeting)
        yield f"nbd:unix:{where}", why
    with NbdServer(where, bytes(1 << 20), blocks=(4096, 4096, 1 << 20)):
        yield f"nbd:unix:{where}", "serves blocks of 4096 bytes"
    with NbdServer(where, bytes(100)):
        yield f"nbd:unix:{where}", "empty"
    with Server(["--socket", where], "raw", image("raw"), "--export-name", "disk"):
        until("a server", connectable(where, socket.AF_UNIX))
        yield f"nbd:unix:{where}:exportname=disc", "no export"


def hints():
    """An image that looks like another format is not taken for raw, unless it is said to be."""
    for fmt in FORMATS:
        name = image(fmt)
        refused(f"looks like {fmt}: -drive file=.*,format={fmt}", "-hda", name)
        with Guest("-drive", f"file={name},format=raw,readonly=on") as g:
            expect(g.proc.stdout.readline().startswith(b"sector 0: "), fmt)
            g.end()


def wrong():
    """One line for each mistake."""
    name = image("raw")
    refused(r"format=ext4: not raw, qcow2", "-drive", f"file={name},format=ext4")
    refused(r"does not serve it as qcow2", "-drive", f"file={name},format=qcow2")
    refused(r"missing: No such file", "-drive", "file=missing,format=qcow2")
    refused(r"what a server serves is raw", "-drive", "file=nbd:unix:/none,format=qcow2")
    refused(r"nbd:unix:/none: .*No such file", "-hda", "nbd:unix:/none")
    for file in ("nbd:", "nbd:host", "nbd:unix:", "nbds://host/", "nbd+ssh://host/", "nbd::1"):
        refused(r"not nbd:HOST:PORT, nbd:unix:PATH", "-hda", file)
    empty = dict(ENV, PATH=path("none"))
    p = subprocess.run(BASE + ["-drive", f"file={name},format=vdi"], capture_output=True,
                       env=empty, timeout=60, check=False)
    expect(p.returncode == 1 and b"needs qemu-nbd (package qemu-utils)" in p.stderr, p.stderr)
    left = [f for f in os.listdir(WORK) if f.startswith("vmbt-nbd")]
    expect(not left, f"{left} is left")


TESTS = [formats, killed, forgotten, names, gone, read_only, unflushed, blocks, changed, changed_formats, hints, wrong]

shutil.rmtree(WORK, ignore_errors=True)
os.makedirs(WORK)
program.main(TESTS, "nbd ", sys.argv[3:], (Error,))
