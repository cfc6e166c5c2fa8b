#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The display's front ends, on a guest with a screen (fake_screen.c).

What a VNC client, a terminal and a window show is compared with screendump and with
what the guest put there; keys and the mouse arrive as the bytes of the PS/2 reference.
Usage: display_test.py RUNNER_WITH_FAKE WORK_DIRECTORY [NAME...]
"""
import ctypes
import glob
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/../../lib", HERE + "/../../boot"]
import pixels  # noqa: E402
import program  # noqa: E402
import rfb  # noqa: E402
from program import Failure, Skip, expect, until  # noqa: E402

FAKE, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ENV = program.environment(TERM="xterm-256color", LANG="C.UTF-8", HOME=WORK, FAKE_GUEST="screen")
for unwanted in ("DISPLAY", "WAYLAND_DISPLAY", "LC_ALL"):
    ENV.pop(unwanted, None)
WIDTH, HEIGHT = 320, 240


class Guest:
    """The program with its guest and a monitor."""

    def __init__(self, *args, env=None, **kw):
        self.monitor = os.path.join(WORK, "monitor")
        for name in (self.monitor, os.path.join(WORK, "vnc")):
            if os.path.exists(name):
                os.unlink(name)
        self.err = open(os.path.join(WORK, "stderr"), "w+", encoding="utf-8")
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", self.err)
        self.p = subprocess.Popen(
            [FAKE, "--device", "/dev/null", "--chips", "user", "-m", "16", "-boot", "c",
             "-nic", "none", "-monitor", "unix:" + self.monitor, *args],
            stderr=self.err, env=dict(ENV, **(env or {})), **kw)
        until("its monitor", lambda: os.path.exists(self.monitor) or self.p.poll() is not None)
        expect(self.p.poll() is None, self.said())
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.monitor)
        self.answer()

    def said(self):
        """What it wrote for people."""
        self.err.seek(0)
        return "\n".join(line for line in self.err.read().splitlines() if "swapcontext" not in line)

    def answer(self):
        """The monitor's, up to its prompt."""
        got = b""
        while not got.endswith(b"(vmbt) "):
            part = self.sock.recv(65536)
            expect(part, "it ended: " + self.said())
            got += part
        return got[:-7].decode()

    def command(self, text):
        """Give a command to the monitor."""
        self.sock.sendall(text.encode() + b"\n")
        return self.answer()

    def screen(self, row):
        """A line of the text on the screen."""
        return (self.command("info screen").splitlines() + [""] * 25)[row]

    def shows(self, row, text, client=None):
        """Wait for a text in a line; a client goes on reading meanwhile."""
        def there():
            if client:
                client.take()
            return text in self.screen(row)
        until(lambda: f"'{text}' in '{self.screen(row)}'", there)

    def dump(self):
        """The picture: width, height, RGB."""
        name = os.path.join(WORK, "screen.png")
        out = self.command("screendump " + name)
        expect(not out, out)
        with open(name, "rb") as f:
            return pixels.png(f.read())

    def end(self, status=0):
        """Quit; nothing may be wrong."""
        if self.p.poll() is None:
            self.sock.sendall(b"quit\n")
        rc = self.p.wait(20)
        self.sock.close()
        expect(rc == status, f"status {rc}: {self.said()}")
        return self.said()

    def kill(self):
        """Whatever happened, it is gone."""
        self.p.kill()
        self.p.wait()
        self.err.close()


def painted():
    """What the guest draws behind F1."""
    return bytes(c for y in range(HEIGHT) for x in range(WIDTH)
                 for c in ((x ^ y) & 255, y, x & 255))


def follow(client, cond, what, seconds=20):
    """Take updates until something is so."""
    end = time.time() + seconds
    while not cond():
        expect(time.time() < end, f"not after {seconds} s: {what}")
        client.update(seconds=end - time.time())


def same(a, b, hole=None):
    """Are two pictures the same, but for what blinks in a hole?"""
    if a[:2] != b[:2]:
        return f"{a[:2]} and {b[:2]}"
    if a[2] == b[2]:
        return ""
    wrong = [i // 3 for i in range(0, len(a[2]), 3) if a[2][i:i + 3] != b[2][i:i + 3]]
    if hole:
        x, y, w, h = hole
        wrong = [i for i in wrong if not (x <= i % a[0] < x + w and y <= i // a[0] < y + h)]
    return f"{len(wrong)} pixels differ, the first at {wrong[0] % a[0]},{wrong[0] // a[0]}" \
        if wrong else ""


CURSOR = (4 * 9, 2 * 16, 9, 16)


def view(client):
    """What a client shows."""
    return client.width, client.height, bytes(client.pixels)


def vnc_screen(g, client):
    """Text, then a picture of another size, then text again."""
    g.shows(1, "437")
    follow(client, lambda: not same(view(client), g.dump(), CURSOR),
           "the text on the client's side")
    expect(g.dump()[:2] == (720, 400), "not 720x400")
    client.key(0xffbe, True)
    client.key(0xffbe, False)
    want = (WIDTH, HEIGHT, painted())
    follow(client, lambda: view(client) == want, "the picture on the client's side")
    expect(g.dump() == want, "screendump is not what the guest drew")
    client.key(0xffbf, True)
    client.key(0xffbf, False)
    follow(client, lambda: client.width == 720 and not same(view(client), g.dump(), CURSOR),
           "the text again")
    # Keys that come before the guest has cleared the screen would be wiped off.
    g.shows(3, "mouse", client)
    expect(client.sizes[-2:] == [(WIDTH, HEIGHT), (720, 400)], f"sizes: {client.sizes}")


def vnc():
    """Screen, keyboard and mouse over a UNIX socket."""
    path = os.path.join(WORK, "vnc")
    g = Guest("-vnc", "unix:" + path, "-name", "a guest")
    try:
        expect(os.stat(path).st_mode & 0o777 == 0o600, "the socket is open to others")
        client = rfb.Rfb(path)
        expect(client.name == "a guest", client.name)
        vnc_screen(g, client)
        # Set 1 by the controller: A, then Shift with 1, then cursor up.
        client.type("a!")
        client.key(0xff52, True)
        client.key(0xff52, False)
        g.shows(2, "1e 9e 2a 02 82 aa e0 48 e0 c8", client)
        # The first place moves nothing; then 5 right, 3 down, which is negative.
        client.pointer(100, 100)
        client.pointer(105, 103)
        g.shows(3, "28 05 fd 00", client)
        client.pointer(105, 103, 4)
        client.pointer(105, 103)
        g.shows(3, "0a 00 00 00 08 00 00 00", client)
        client.pointer(105, 103, 16)
        g.shows(3, "08 00 00 01", client)
        second = rfb.Rfb(path)
        second.update(whole=True)
        expect(not same(view(second), g.dump(), CURSOR), "a second client sees something else")
        second.close()
        client.close()
        third = rfb.Rfb(path)
        third.update(whole=True)
        expect(not same(view(third), g.dump(), CURSOR), "a client that comes later")
        g.end()
    finally:
        g.kill()


def vnc_idle():
    """Without a client nothing is drawn; with one and nothing new it gets nothing."""
    path = os.path.join(WORK, "vnc")
    g = Guest("-vnc", "unix:" + path)

    def used():
        with open(f"/proc/{g.p.pid}/stat", encoding="ascii") as f:
            return sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])

    try:
        g.shows(1, "437")
        before = used()
        time.sleep(2)
        expect(used() - before <= 2, f"{used() - before} ticks without a client")
        client = rfb.Rfb(path)
        client.key(0xffbe, True)
        want = (WIDTH, HEIGHT, painted())
        follow(client, lambda: view(client) == want, "the picture")
        expect(not client.update(seconds=1.5), "an update of nothing")
        g.end()
    finally:
        g.kill()


def vnc_stalled():
    """A client that reads nothing does not hold up another one for long."""
    path = os.path.join(WORK, "vnc")
    g = Guest("-vnc", "unix:" + path)
    try:
        g.shows(1, "437")
        stalled = rfb.Rfb(path)
        # Each is more than a socket takes.
        for _ in range(8):
            stalled.sock.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, 720, 400))
        time.sleep(0.5)
        start = time.time()
        client = rfb.Rfb(path)
        client.update(whole=True)
        spent = time.time() - start
        expect(spent < 12, f"another client waited for {spent:.1f} s")
        client.type("a")
        g.shows(2, "1e 9e", client)
        try:
            while stalled.message(1):
                pass
            raise Failure("the client that reads nothing is still served")
        except (rfb.RfbError, ConnectionResetError):
            pass
        g.end()
    finally:
        g.kill()


def vnc_password():
    """From a file; wrong and missing ones are refused, and files that have none."""
    path, name = os.path.join(WORK, "vnc"), os.path.join(WORK, "password")
    with open(name, "w", encoding="ascii") as f:
        f.write("secret12\n")
    g = Guest("-vnc", f"unix:{path},password-file={name}")
    try:
        for wrong in (None, "secret13", ""):
            try:
                rfb.Rfb(path, wrong)
            except rfb.RfbError:
                continue
            raise Failure(f"password {wrong} was good enough")
        vnc_screen(g, rfb.Rfb(path, "secret12"))
        g.end()
    finally:
        g.kill()
    for bad, why in (("", "no password in it"), ("ninechars\n", "more characters")):
        with open(name, "w", encoding="ascii") as f:
            f.write(bad)
        p = subprocess.run([FAKE, "--device", "/dev/null", "-boot", "c", "-vnc",
                            f"unix:{path},password-file={name}"], capture_output=True,
                           text=True, env=ENV, check=False)
        expect(p.returncode == 1 and why in p.stderr, p.stderr)


def listens(port):
    """Addresses at which somebody listens at a port."""
    found = set()
    for name in ("tcp", "tcp6"):
        with open("/proc/net/" + name, encoding="ascii") as f:
            for line in f.readlines()[1:]:
                addr, number = line.split()[1].split(":")
                if int(number, 16) == port and line.split()[3] == "0A":
                    found.add(addr)
    return found


def default(*args, **kw):
    """Nobody said which: VNC on this machine only, at a free port, and a line says where."""
    g = Guest(*args, **kw)
    try:
        until("a line that says where", lambda: "the screen is at" in g.said())
        found = re.search(r"the screen is at VNC 127\.0\.0\.1:(\d+)", g.said())
        expect(found, g.said())
        number = int(found.group(1))
        expect(listens(5900 + number) == {"0100007F"}, f"listens at {listens(5900 + number)}")
        client = rfb.Rfb(f"127.0.0.1:{number}")
        client.update(whole=True)
        taken = subprocess.run([FAKE, "--device", "/dev/null", "-boot", "c", "-vnc",
                                f":{number}"], capture_output=True, text=True, env=ENV,
                               check=False)
        expect(taken.returncode == 1 and "Address already in use" in taken.stderr, taken.stderr)
        g.end()
    finally:
        g.kill()


def vnc_anywhere():
    """-display vnc alone is what nobody said, also where there is a desktop."""
    default("-display", "vnc", env={"DISPLAY": ":none"})


class Terminal:
    """The other end of a pty: what was written to it, without sequences."""

    def __init__(self):
        self.fd, self.far = pty.openpty()
        termios.tcsetwinsize(self.far, (25, 80))
        self.mode = termios.tcgetattr(self.far)
        self.raw = b""

    def shows(self, text, seconds=20):
        """Wait until something was written since the last time."""
        end = time.time() + seconds
        while text.encode() not in self.plain():
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.time()))
            expect(ready, f"no '{text}' in {self.plain()[-2000:]}")
            self.raw += os.read(self.fd, 65536)

    def plain(self):
        """Without what moves and colours."""
        return re.sub(rb"\x1b(\[[0-9;?]*[a-zA-Z]|\([B0]|[=>])", b"", self.raw)

    def type(self, data):
        """As a person would; forgets what was written before."""
        self.raw = b""
        os.write(self.fd, data)


def curses():
    """Text with its characters, keys as a terminal sends them, a word for pictures."""
    t = Terminal()
    g = Guest("-display", "curses", stdin=t.far, stdout=t.far)
    try:
        t.shows("text mode")
        t.shows("☺░╔ß 437")
        expect(b"\x1b[" in t.raw and b"m" in t.raw, "no colours")
        t.type(b"a")
        g.shows(2, "1e 9e")
        t.shows("1e 9e")
        t.type(b"Z")
        g.shows(2, "2a 2c ac aa")
        t.type(b"\x03")
        g.shows(2, "1d 2e ae 9d")
        t.type(b"\x1bOA")
        g.shows(2, "e0 48 e0 c8")
        t.type(b"\x1bx")
        g.shows(2, "38 2d ad b8")
        t.type(b"\x1b")
        g.shows(2, "01 81")
        t.type(b"\x1bOP")
        t.shows("320x240 graphics")
        t.type(b"\x1bOQ")
        t.shows("text mode")
        t.type(b"\x01x")
        expect(g.p.wait(20) == 0, g.said())
        expect(termios.tcgetattr(t.far) == t.mode, "the terminal's modes are not what they were")
    finally:
        g.kill()


def curses_signal():
    """A signal ends it, with the terminal as it was."""
    t = Terminal()
    g = Guest("-display", "curses", stdin=t.far, stdout=t.far)
    try:
        t.shows("text mode")
        g.p.send_signal(signal.SIGTERM)
        expect(g.p.wait(20) == 128 + signal.SIGTERM, "status")
        expect(termios.tcgetattr(t.far) == t.mode, "the terminal's modes are not what they were")
    finally:
        g.kill()
    p = subprocess.run([FAKE, "--device", "/dev/null", "-boot", "c", "-display", "curses"],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENV,
                       check=False)
    expect(p.returncode == 1 and "not a terminal" in p.stderr, p.stderr)


def sdl():
    """What SDL's driver without a screen is given, against screendump."""
    for old in glob.glob(WORK + "/SDL_window*"):
        os.unlink(old)
    # It saves what it would show, which nobody may in the sandbox.
    g = Guest("-display", "sdl", "-sandbox", "off", cwd=WORK,
              env={"SDL_VIDEODRIVER": "dummy", "SDL_VIDEO_DUMMY_SAVE_FRAMES": "1"})

    def picture(name):
        try:
            with open(name, "rb") as f:
                return pixels.bmp(f.read())
        except ValueError:			# the last one may not be whole
            return None

    def last():
        names = sorted(glob.glob(WORK + "/SDL_window*.bmp"), key=os.path.getmtime)
        return picture(names[-2]) if names[1:] else None

    try:
        g.shows(1, "437")
        until("the text in the window", lambda: last() and not same(last(), g.dump(), CURSOR))
        g.command("sendkey f1")
        want = (WIDTH, HEIGHT, painted())
        until("its size", lambda: g.dump() == want)
        g.command("sendkey f2")
        until("the picture in the window", lambda: want in
              [picture(n) for n in glob.glob(WORK + "/SDL_window*.bmp")
               if os.path.getsize(n) > WIDTH * HEIGHT * 3][-200:])
        g.end()
    finally:
        g.kill()
        for old in glob.glob(WORK + "/SDL_window*"):
            os.unlink(old)


def sdl_sound():
    """SDL's audio thread goes on in the sandbox: its driver that writes a file."""
    path = os.path.join(WORK, "sound")
    g = Guest("-display", "none", "-device", "sb16", "-audiodev", "sdl,id=a",
              env={"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": path})
    try:
        g.command("info status")
        was = os.path.getsize(path)
        until("more of it", lambda: os.path.getsize(path) > was + 20000)
        g.end()
    finally:
        g.kill()
        os.unlink(path)
    p = subprocess.run([FAKE, "--device", "/dev/null", "-boot", "c", "-display", "none",
                        "-device", "sb16", "-audiodev", "sdl,id=a"],
                       capture_output=True, text=True, check=False,
                       env=dict(ENV, SDL_AUDIODRIVER="none"))
    expect(p.returncode == 1 and "-audiodev sdl: " in p.stderr, p.stderr)


def sdl_sandbox():
    """The same in the sandbox lives, full screen, too, and ends."""
    g = Guest("-display", "sdl,full-screen=on", env={"SDL_VIDEODRIVER": "dummy"})
    try:
        g.shows(1, "437")
        g.command("sendkey f1")
        until("the picture", lambda: g.dump()[2] == painted())
        g.end()
    finally:
        g.kill()
    p = subprocess.run([FAKE, "--device", "/dev/null", "-boot", "c", "-display", "sdl"],
                       capture_output=True, text=True, check=False,
                       env=dict(ENV, SDL_VIDEODRIVER="none"))
    expect(p.returncode == 1 and "-display sdl: " in p.stderr, p.stderr)


class Xserver:
    """A screen in memory, with fingers."""

    def __init__(self):
        if not shutil.which("Xvfb"):
            raise Skip("no Xvfb (Debian package xvfb)")
        self.corner = 0, 0
        self.frame = os.path.join(WORK, "Xvfb_screen0")
        read, write = os.pipe()
        self.p = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0",
                                   "1024x768x24", "-fbdir", WORK, "-nolisten", "tcp"],
                                  pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as f:
            self.name = ":" + f.readline().strip()
        try:
            self.x = ctypes.CDLL("libX11.so.6")
            self.test = ctypes.CDLL("libXtst.so.6")
        except OSError as e:
            self.kill()
            raise Skip(str(e)) from None
        self.x.XOpenDisplay.restype = ctypes.c_void_p
        self.display = ctypes.c_void_p(self.x.XOpenDisplay(self.name.encode()))

    def shows(self, width, height, data):
        """Is a picture somewhere on the screen?"""
        with open(self.frame, "rb") as f:
            xwd = f.read()
        head = struct.unpack(">25I", xwd[:100])
        pitch = head[12]
        rows = xwd[head[0] + head[19] * 12:]
        line = bytearray(4 * width)
        line[0::4], line[1::4], line[2::4] = data[2:3 * width:3], data[1:3 * width:3], \
            data[0:3 * width:3]
        screen = bytearray(rows)
        screen[3::4] = bytes(len(screen[3::4]))
        at = screen.find(bytes(line))
        if at < 0:
            return False
        for y in range(height):
            part = screen[at + y * pitch:at + y * pitch + 4 * width]
            want = data[3 * y * width:3 * (y + 1) * width]
            if part[0::4] != want[2::3] or part[1::4] != want[1::3] or part[2::4] != want[0::3]:
                return False
        self.corner = at % pitch // 4, at // pitch
        return True

    def key(self, *codes):
        """Keys by X's numbers, pressed in order and released in the other."""
        for down, order in ((1, codes), (0, codes[::-1])):
            for code in order:
                self.test.XTestFakeKeyEvent(self.display, code, down, 0)
        self.x.XFlush(self.display)

    def button(self, number, down):
        """A button of the mouse."""
        self.test.XTestFakeButtonEvent(self.display, number, down, 0)
        self.x.XFlush(self.display)

    def move(self, dx, dy):
        """The mouse."""
        self.test.XTestFakeRelativeMotionEvent(self.display, dx, dy, 0)
        self.x.XFlush(self.display)

    def place(self, x, y):
        """The mouse, to a place."""
        self.test.XTestFakeMotionEvent(self.display, -1, x, y, 0)
        self.x.XFlush(self.display)

    def focus(self):
        """There is no window manager: the keyboard goes where the pointer is."""
        self.x.XSetInputFocus(self.display, ctypes.c_ulong(1), 1, ctypes.c_ulong(0))
        self.x.XFlush(self.display)

    def kill(self):
        """It is gone."""
        self.p.kill()
        self.p.wait()


def sdl_window():
    """A window on an X server, in the sandbox and by itself: picture, keys, the mouse."""
    server = Xserver()
    try:
        g = Guest(env={"DISPLAY": server.name})
        try:
            g.shows(1, "437")
            g.command("sendkey f1")
            until("the picture in the window",
                  lambda: server.shows(WIDTH, HEIGHT, painted()))
            g.command("sendkey f2")
            g.shows(1, "437")
            server.place(server.corner[0] + 50, server.corner[1] + 50)
            server.focus()
            time.sleep(0.5)
            server.key(38)				# A
            g.shows(2, "1e 9e")
            # A click gives it the mouse; from then on it moves the guest's.
            server.button(1, 1)
            server.button(1, 0)
            time.sleep(0.5)
            server.move(7, 5)
            until("a movement", lambda: re.search(r"mouse .*\b[0-3]8 ", g.screen(3)))
            server.key(37, 64, 42)			# Ctrl-Alt-G
            g.shows(2, "1d 38 9d b8")
            g.end()
        finally:
            g.kill()
    finally:
        server.kill()


TESTS = [vnc, vnc_idle, vnc_stalled, vnc_password, default, vnc_anywhere, curses, curses_signal, sdl, sdl_sandbox,
         sdl_window, sdl_sound]

os.makedirs(WORK, exist_ok=True)
program.main(TESTS, "display_", sys.argv[3:], (rfb.RfbError,))
