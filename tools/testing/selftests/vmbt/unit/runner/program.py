# SPDX-License-Identifier: GPL-2.0
"""What the tests of vmbt-run as a program share: how one fails, and how all are run."""
import os
import subprocess
import sys
import time


class Failure(Exception):
    """Why a test failed."""


class Skip(Exception):
    """Why a test did not run."""


def expect(cond, why):
    """A condition that must hold."""
    if not cond:
        raise Failure(why)


def until(what, cond, seconds=30):
    """Wait for something to be so; what it is may be asked at the end."""
    end = time.time() + seconds
    while not cond():
        if time.time() > end:
            raise Failure(f"not after {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def environment(**more):
    """Of vmbt-run. The sanitizer looks for leaks by tracing, which the sandbox forbids."""
    return dict(os.environ, ASAN_OPTIONS="detect_leaks=0", **more)


class Process:
    """A program with pipes, which is gone afterwards."""

    def __init__(self, args, env, **kw):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.proc = subprocess.Popen(args, env=env, **dict(pipes, **kw))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()
        for f in (self.proc.stdin, self.proc.stdout, self.proc.stderr):
            if f:
                f.close()


def main(tests, prefix, only=(), also=(), missing=""):
    """Run those that are named, or all, and end.

    A test that can't be run returns why, or raises Skip; missing: why none can. also: what
    else a test may fail with.
    """
    unknown = set(only) - {test.__name__ for test in tests}
    for name in unknown:
        print(f"not ok {prefix}{name}: there is no such test", flush=True)
    failed = len(unknown)
    for test in tests:
        name = prefix + test.__name__
        if only and test.__name__ not in only:
            continue
        try:
            why = missing or test()
            print(f"skip {name}: {why}" if why else f"ok {name}", flush=True)
        except Skip as e:
            print(f"skip {name}: {e}", flush=True)
        except (Failure, OSError, EOFError, ValueError, LookupError, AttributeError,
                subprocess.SubprocessError, *also) as e:
            what = "" if isinstance(e, Failure) else type(e).__name__ + ": "
            text = f"{what}{e}".replace("\n", "\\n")[:600]
            print(f"not ok {name}: {text}", flush=True)
            failed += 1
    sys.exit(failed != 0)
