#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Runs the fuzz targets and keeps their corpora.

A corpus is a text file, corpus/NAME.txt: an input a line, in hexadecimal, "00*7"
for seven times the byte; what stands behind # is the name of an input that once
found a defect, and such an input is never dropped.

    fuzz.py OUT random NAME RUNS     corpus and random inputs, without libFuzzer
    fuzz.py OUT check NAME RUNS      corpus and RUNS mutations from seed 1, the same
                                     each time
    fuzz.py OUT deep SECONDS ROUNDS NAME...
                                     mutations of all that was ever found, each
                                     round from another seed; OUT/record has the
                                     number of runs
    fuzz.py OUT merge NAME...        what they have found, as small as it gets,
                                     into the corpora
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_LEN = {"decode": 21, "bt": 352, "walk": 1000, "desc": 1000, "chips": 1200, "devices": 1200,
           "loader": 700, "timer": 1000, "pc": 1201, "qmp": 600}
# Longest input that a corpus keeps, so that it stays readable, and of all.
KEEP_LEN = 1024
KEEP_ALL = 16000


def corpus(name):
    """[(bytes, name or "")]"""
    inputs = []
    path = f"{HERE}/corpus/{name}.txt"
    if not os.path.exists(path):
        return inputs
    with open(path, encoding="ascii") as f:
        for line in f:
            words, _, note = line.partition("#")
            data = b""
            for word in words.split():
                digits, _, times = word.partition("*")
                data += bytes.fromhex(digits) * int(times or 1)
            if words.strip():
                inputs.append((data, note.strip()))
    return inputs


def text(data):
    """An input as a line: runs of five equal bytes or more are shortened."""
    out = ""
    for m in re.finditer(rb"(.)\1*", data, re.DOTALL):
        n = len(m.group())
        out += f" {m.group(1).hex()}*{n} " if n > 4 else m.group().hex()
    return out.strip()


def write(name, inputs):
    """The corpus file: what has a name first."""
    named = [i for i in inputs if i[1]]
    rest = sorted((i for i in inputs if not i[1]), key=lambda i: (len(i[0]), i[0]))
    os.makedirs(f"{HERE}/corpus", exist_ok=True)
    with open(f"{HERE}/corpus/{name}.txt", "w", encoding="ascii") as f:
        for data, note in named + rest:
            f.write(text(data) + (f"  # {note}" if note else "") + "\n")


def fresh(path):
    """An empty directory."""
    subprocess.run(["rm", "-rf", path], check=True)
    os.makedirs(path)
    return path


def unpack(out, name):
    """The corpus as libFuzzer wants it: a file an input."""
    where = fresh(f"{out}/corpus/{name}")
    for n, (data, note) in enumerate(corpus(name)):
        label = re.sub(r"[^A-Za-z0-9]+", "-", note) or "input"
        with open(f"{where}/{n:04}-{label}", "wb") as f:
            f.write(data)
    return where


def unrandomized():
    """
    How to run a program so that its addresses, which libFuzzer takes from comparisons
    into its mutations, are the same each time, wherever the tree is.
    """
    same = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "setarch", "-R"]
    try:
        subprocess.run(same + ["true"], stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("# addresses are random here, so the mutations are others each time")
        return []
    return same


def libfuzzer(out, name, dirs, options, by=()):
    """Returns status, number of runs, features covered; the log is OUT/NAME.log."""
    log = f"{out}/{name}.log"
    with open(log, "wb") as f:
        status = subprocess.run(
            [*by, f"clang/{name}", f"-max_len={MAX_LEN[name]}", "-timeout=30",
             "-len_control=0", "-rss_limit_mb=3000", "-reload=0", "-print_final_stats=1",
             f"-artifact_prefix={name}-"] + options + [os.path.relpath(d, out) for d in dirs],
            stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT,
            check=False, cwd=out).returncode
    with open(log, encoding="ascii", errors="replace") as f:
        said = f.read()
    runs = re.findall(r"number_of_executed_units: (\d+)", said)
    features = re.findall(r"ft: (\d+)", said)
    return status, int(runs[-1]) if runs else 0, int(features[-1]) if features else 0


def failed(out, name, why):
    """Say what stands in the log."""
    with open(f"{out}/{name}.log", encoding="ascii", errors="replace") as f:
        lines = f.read().splitlines()
    first = next((i for i, line in enumerate(lines)
                  if re.search(r"ERROR|runtime error|fuzz/", line)), len(lines))
    for line in lines[max(first - 5, 0):first + 30]:
        print("    " + line[:200])
    for path in re.findall(r"Test unit written to (\S+)", "\n".join(lines)):
        with open(f"{out}/{path}", "rb") as f:
            print("    the input: " + text(f.read()))
    print(f"not ok fuzz/{name}: {why}: {out}/{name}.log")
    return False


def check(out, name, runs):
    """The corpus, then mutations of it."""
    t0 = time.time()
    kept = unpack(out, name)
    number = len(os.listdir(kept))
    found = fresh(f"{out}/found/{name}")
    status, done, features = libfuzzer(out, name, [found, kept],
                                       [f"-runs={runs}", "-seed=1"], unrandomized())
    if status:
        return failed(out, name, f"status {status}")
    if done < runs:
        return failed(out, name, f"{done} runs of {runs}")
    print(f"ok fuzz/{name}: {number} kept inputs, {done} runs, {features} features, "
          f"{time.time() - t0:.0f} s")
    return True


def random(out, name, runs):
    """Without libFuzzer."""
    program = [f"{out}/{name}", str(runs), "1", unpack(out, name)]
    with open(f"{out}/{name}-random.log", "w+", encoding="ascii", errors="replace") as f:
        status = subprocess.run(program, stdout=f, stderr=subprocess.STDOUT,
                                check=False).returncode
        f.seek(0)
        said = f.read()
    print(said[-3000:], end="")
    if status:
        print(f"not ok fuzz/{name} random: status {status}")
    return not status


def deep(out, seconds, rounds, names):
    """Rounds of all targets; what is found stays for the next time."""
    good = True
    for _ in range(rounds):
        for name in list(names):
            grown = f"{out}/grown/{name}"
            os.makedirs(grown, exist_ok=True)
            record = f"{out}/record"
            before = []
            if os.path.exists(record):
                with open(record, encoding="ascii") as f:
                    before = [line.split() for line in f if line.startswith(name + " ")]
            seed = 1000 + len(before)
            status, runs, features = libfuzzer(
                out, name, [grown, unpack(out, name)],
                [f"-max_total_time={seconds}", f"-seed={seed}"])
            with open(record, "a", encoding="ascii") as f:
                f.write(f"{name} {seed} {runs} {seconds} {features} {status}\n")
            if status:
                good = failed(out, name, f"status {status} from seed {seed}")
                names.remove(name)
                continue
            total = runs + sum(int(b[2]) for b in before)
            print(f"ok fuzz/{name} seed {seed}: {runs} runs in {seconds} s, {total} in all, "
                  f"{features} features", flush=True)
    return good


def merge(out, names):
    """Smallest inputs first; they are few, since each must cover something new."""
    for name in names:
        old = corpus(name)
        kept = unpack(out, name)
        more = [f"{out}/{d}/{name}" for d in ("grown", "found")
                if os.path.isdir(f"{out}/{d}/{name}")]
        small = fresh(f"{out}/merged/{name}")
        status, _, _ = libfuzzer(out, name, [small, kept] + more, ["-merge=1"])
        if status:
            return failed(out, name, f"merge: status {status}")
        named = [i for i in old if i[1]]
        rest, size = [], 0
        for path in sorted(os.listdir(small), key=lambda p: os.path.getsize(f"{small}/{p}")):
            with open(f"{small}/{path}", "rb") as f:
                data = f.read()
            size += len(data)
            if len(data) <= KEEP_LEN and size <= KEEP_ALL and \
               all(data != i[0] for i in named):
                rest.append((data, ""))
        write(name, named + rest)
        print(f"{name}: {len(rest)} inputs of {len(os.listdir(small))}, {len(named)} named")
    return True


def main():
    """See above."""
    out, what, *rest = sys.argv[1:]
    out = os.path.abspath(out)
    if what == "check":
        good = check(out, rest[0], int(rest[1]))
    elif what == "random":
        good = random(out, rest[0], int(rest[1]))
    elif what == "deep":
        good = deep(out, int(rest[0]), int(rest[1]), rest[2:])
    else:
        good = merge(out, rest)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
