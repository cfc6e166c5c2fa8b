#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Judges what the guests said against the table of what is known.
#
#   judge.py WAY TABLE GROUP=LOG...
#
# A guest's checks state what the manual wants. An emulator that does something
# else is a line in the table of its version: how many checks, their names as a
# pattern, and why. A check that fails and is in no line fails here; so does a
# line with another number of checks than failed. WAY is part of the names
# printed. For vmbt, what the manual leaves open has to be as vmbt promises.
import fnmatch
import re
import sys

SHOWN = 40


def entries(path):
    """[counts or None, pattern, reason, seen] for each line of the table."""
    table = []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            count, pattern, reason = line.split(None, 2)
            if not re.fullmatch(r"\+|\d+(\|\d+)*", count):
                sys.exit(f"{path}:{number}: a number, A|B or + comes first")
            counts = None if count == "+" else [int(n) for n in count.split("|")]
            table.append([counts, pattern, reason, 0])
    return table


class Group:
    def __init__(self, way, name, table):
        self.way, self.name, self.table = way, name, table
        self.unexpected = 0
        self.ok = True

    def bad(self, name, why):
        self.ok = False
        self.unexpected += 1
        if self.unexpected <= SHOWN:
            print(f"not ok {self.way}/{self.name}/{name}: {why}")

    def failed(self, name, why):
        """A check that failed: known, or not."""
        for entry in self.table:
            if fnmatch.fnmatchcase(f"{self.name}/{name}", entry[1]):
                entry[3] += 1
                return
        self.bad(name, why)

    def judge(self, log):
        begun = done = None
        last = "nothing"
        checks = 0
        for line in log.split("\n"):
            line = line.rstrip("\r")
            if m := re.fullmatch(r"guest begins( under vmbt)?", line):
                begun = m
            elif m := re.fullmatch(r"ok (\S+)( \((\d+) of (\d+)\))?", line):
                last = m[1]
                checks += int(m[4]) if m[2] else 1
                print(f"ok {self.way}/{self.name}/{last}")
            elif m := re.fullmatch(r"swept (\S+) \((\d+) of (\d+)\)", line):
                last = m[1]
                checks += int(m[2])
            elif m := re.fullmatch(r"not ok (\S+?)(/?): (.*)", line):
                last = m[1]
                checks += 1
                self.failed(m[1], m[3])
            elif m := re.fullmatch(r"skip (\S+): (.*)", line):
                print(f"skip {self.way}/{self.name}/{m[1]}: {m[2]}")
            elif m := re.fullmatch(r"found (\S+): (.*)", line):
                if self.way.startswith("vmbt") and m[2] != "new":
                    self.bad(m[1], f"found {m[2]}, vmbt promises new")
            elif m := re.fullmatch(r"done (\d+) checks, (\d+) failed", line):
                done = m
        if not begun:
            self.bad("begin", "the guest never began")
        elif bool(begun[1]) != self.way.startswith("vmbt"):
            self.bad("begin", "the guest ran somewhere else")
        elif not done:
            self.failed(f"died/{last}", "the guest ended behind this check")
        elif int(done[1]) != checks:
            self.bad("count", f"{done[1]} checks, {checks} lines")
        if self.unexpected > SHOWN:
            print(f"not ok {self.way}/{self.name}: {self.unexpected} failed in all")


def main():
    way, path = sys.argv[1:3]
    table = entries(path)
    ok = True
    ran = set()
    for arg in sys.argv[3:]:
        name, log = arg.split("=", 1)
        group = Group(way, name, table)
        with open(log, errors="replace") as f:
            group.judge(f.read())
        ran.add(name)
        ok &= group.ok
    for counts, pattern, reason, seen in table:
        if pattern.split("/")[0] not in ran:
            continue
        if seen in counts if counts else seen:
            print(f"ok {way}/known: {seen} times {pattern}: {reason}")
        else:
            ok = False
            print(f"not ok {way}/known: {pattern}: {seen} checks deviate, "
                  f"the table says {' or '.join(map(str, counts)) if counts else 'some'} "
                  f"({reason})")
    sys.exit(not ok)


main()
