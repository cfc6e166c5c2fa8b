#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The command line as it is documented: the man page, its examples, completion.

Usage: options_test.py RUNNER WORK_DIRECTORY
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

import program
from program import expect

RUN, WORK = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../../../../../vmbt-run")


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def options():
    """Names in the table that getopt is given."""
    table = re.search(r"longopts\[\] = \{(.*?)\n\};", read("options.c"), re.S).group(1)
    return re.findall(r'\{ "([A-Za-z-]+)"', table)


def page():
    """The man page without its font changes."""
    return re.sub(r"\\f[BRI]", "", read("vmbt-run.1")).replace("\\-", "-")


def check(*args):
    """What vmbt-run says to a command line, and how it ends."""
    p = subprocess.run([RUN, *args, "--check-only"], capture_output=True, timeout=60,
                       stdin=subprocess.DEVNULL, check=False)
    return p.returncode, p.stderr.decode()


def man_page():
    """Each option is in it, and troff has nothing to say about it."""
    missing = [o for o in options() if not re.search(rf"(^|[\s\",]|\.B[IR]? )-+{o}\b", page(), re.M)
               and o != "h"]
    expect(not missing, f"not in the man page: {missing}")
    if shutil.which("groff"):
        p = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z",
                            os.path.join(TOP, "vmbt-run.1")], capture_output=True, check=False)
        expect(not p.stderr, p.stderr.decode()[:300])


def examples():
    """Each command line in the examples is understood."""
    text = page().split(".SH EXAMPLES")[1].split(".SH SEE ALSO")[0]
    blocks = re.findall(r"\.nf\n(.*?)\.fi", text, re.S)
    expect(len(blocks) >= 10, f"{len(blocks)} examples, ten are promised")
    for block in blocks:
        lines = [x for x in block.replace("\\\n", " ").splitlines() if x.startswith("vmbt-run")]
        expect(len(lines) == 1, f"no vmbt-run in {block!r}")
        status, said = check(*shlex.split(lines[0])[1:])
        expect(status == 0 and not said, f"{lines[0]}: {status} {said}")


def completion():
    """It has each option and nothing else; bash can read it, and completes."""
    path = os.path.join(TOP, "completion/vmbt-run")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    has = set(re.sub("^-+", "", w) for w in
              re.search(r'options="(.*?)"', text, re.S).group(1).split())
    expect(has == set(options()), f"differs: {has ^ set(options())}")
    p = subprocess.run(["bash", "-c", f". {shlex.quote(path)}; COMP_WORDS=(vmbt-run -qmp-); "
                        "COMP_CWORD=1; _vmbt_run; echo ${COMPREPLY[@]}; COMP_WORDS=(vmbt-run "
                        "-display cu); COMP_CWORD=2; _vmbt_run; echo ${COMPREPLY[@]}"],
                       capture_output=True, check=False)
    expect(p.stdout.split() == [b"-qmp-pretty", b"curses"], p)


def config(text):
    path = os.path.join(WORK, "vmbt.cfg")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def readconfig():
    """The file of the man page, and what is wrong with others, by line."""
    text = re.search(r"\.nf\n(\[vmbt-run\].*?)\.fi", page(), re.S).group(1)
    status, said = check("-readconfig", config(text))
    expect(status == 0 and not said, f"{status} {said}")
    # What a file says is there: the place of its disk is taken, its -m is the one before.
    status, said = check("-readconfig", config(text), "-hda", "other")
    expect(status == 2 and "-hda other: the place is taken by disk.img" in said, said)
    status, said = check("-readconfig", config('[drive]\n file = "a,b"\n index = "3"\n'),
                         "-hdd", "other")
    expect("taken by a,b" in said, said)
    for bad, why in (("[drive\n", ":1: not like"), ('[memory]\nsize "5"\n', ":2: not like key"),
                     ('size = "5"\n', r":1: no \[group\]"), ('[flux]\na = "b"\n', "'-flux'"),
                     ('[memory]\nsize = "x"\n', "-m size=x: not a size"),
                     ('[memory]\nsize = "5" x\n', "behind the value"),
                     ('[vmbt-run]\nmemory = "5"\n', "'-memory'"),
                     ("[memory]\n" + "x" * 5000 + "\n", ":2: the line is too long"),
                     (f'[vmbt-run]\nreadconfig = "{os.path.join(WORK, "vmbt.cfg")}"\n',
                      "too many files|too much")):
        status, said = check("-readconfig", config(bad))
        expect(status in (1, 2) and re.search(why, said) and said.count("\n") == 1,
               f"{bad[:40]!r}: {status} {said}")
    status, said = check("-readconfig", "/none")
    expect(status == 1 and "-readconfig /none: No such file" in said, said)


def refused():
    """QEMU's options that are not there are refused with what to do instead."""
    for args, why in ((["-enable-kvm"], "leave it out"), (["-accel", "kvm"], "leave it out"),
                      (["-daemonize"], "-pidfile"), (["--usb"], "PS/2"),
                      (["-net", "nic"], "use -nic"), (["-s"], "debugger"),
                      (["-gdb=tcp::1"], "debugger"), (["-localtime"], "base=localtime"),
                      (["-soundhw", "sb16"], "-device sb16"),
                      (["-chardev", "socket,id=a"], "-qmp"),
                      (["-machine", "q35"], "only 'pc'"), (["-rtc", "base=never"], "not utc"),
                      (["-rtc", "base=2006-13-01"], "not utc"),
                      (["-rtc", "base=2006-06-17T25:00:00"], "not utc"),
                      (["-rtc", "clock=sun"], "not one of host"), (["-rtc", "x=y"], "no 'x=y'"),
                      (["-rtc", "base"], "what"), (["-name", "a,b=c"], "no 'b'"),
                      (["-monitor", "vc"], "not one of stdio"),
                      (["-qmp", "unix:"], "which PATH"), (["-qmp", "tcp:5"], "tcp:HOST:PORT"),
                      (["-qmp", "unix:a,wait=on,server=off"], "a server's"),
                      (["-qmp", "unix:a,x=1"], "no 'x'"),
                      (["-qmp", "stdio", "-serial", "stdio"], "one port or monitor"),
                      (["-qmp", "unix:a"] * 5, "at most 4")):
        status, said = check("disk.img", *args)
        expect(status == 2 and why in said and said.count("\n") == 1, f"{args}: {status} {said}")
    for args in (["-machine", "pc"], ["-M", "pc-i440fx-7.2"], ["-nodefaults"], ["-no-hpet"],
                 ["-rtc", "base=2006-06-17T16:01:21,clock=vm"], ["-rtc", "base=2006-06-17"],
                 ["-name", "guest=a"], ["-qmp", "tcp::5,server=on,wait=off"],
                 ["-monitor", "none"], ["-drive", "if=floppy"],
                 ["-drive", "media=cdrom,id=x"]):
        status, said = check("disk.img", *args)
        expect(status == 0 and not said, f"{args}: {status} {said}")


program.main([man_page, examples, completion, readconfig, refused], "options_",
             sys.argv[3:])
