# SPDX-License-Identifier: GPL-2.0
"""Many guests in one test host, for what is counted there under -icount.

A guest here writes to a file and is looked at from outside alone, since the test
host has one CPU: who asks often takes it from the guests. Environment: GUEST_KERNEL,
INITRD.
"""
import glob
import os
import signal
import subprocess
import time

# Its crypto API's self-tests are 3,500 million instructions, its certificates 640. A guest
# that was stopped for long has no lockup.
APPEND = ("console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1 "
          "cryptomgr.notests initcall_blacklist=load_system_certificate_list nowatchdog")
READY = b"vmbt-guest: ready\n"


class Failure(Exception):
    """Why there is no result."""


def read(path):
    """What a file of the kernel's says."""
    with open(path, encoding="ascii") as f:
        return f.read()


class VM:
    """A running vmbt-run."""
    count = 0

    def __init__(self, memory):
        VM.count += 1
        self.memory = memory
        self.name = f"/tmp/many.{VM.count}"
        self.start = 0
        with open(self.name, "wb") as out:
            self.proc = subprocess.Popen(
                ["vmbt-run", "-m", str(memory), "-kernel", os.environ["GUEST_KERNEL"],
                 "-initrd", os.environ["INITRD"], "-append", APPEND, "-nographic",
                 "-no-reboot", "-serial", "stdio"],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)

    def text(self):
        """All that it said."""
        with open(self.name, "rb") as f:
            return f.read().replace(b"\r", b"")

    def said(self, what):
        """Has it said this? It must not have ended."""
        text = self.text()
        if self.proc.poll() is not None:
            raise Failure(f"{self.name} ended with {self.proc.returncode}: {text[-600:]}")
        return what in text

    def wait(self, what, seconds=120):
        """Until it has said this, by the test host's clock."""
        end = time.monotonic() + seconds
        while not self.said(what):
            if time.monotonic() > end:
                raise Failure(f"{self.name}: no {what} in {self.text()[-600:]}")
            time.sleep(0.05)

    def size(self):
        """How many bytes it said."""
        return os.stat(self.name).st_size

    def cpu(self):
        """Nanoseconds that all its threads had, by the scheduler's account."""
        return sum(int(read(path).split()[0])
                   for path in glob.glob(f"/proc/{self.proc.pid}/task/*/schedstat"))

    def stats(self):
        """The VMM's and the driver's counters."""
        path, = glob.glob(f"/sys/kernel/debug/vmbt/{self.proc.pid}-*/stats")
        return {name: int(value) for name, value in map(str.split, read(path).splitlines())}

    def enter(self):
        """An empty line for its serial port."""
        self.proc.stdin.write(b"\n")
        self.proc.stdin.flush()

    def stop(self):
        """Takes the CPU from it."""
        self.proc.send_signal(signal.SIGSTOP)

    def go(self):
        """Gives it back."""
        self.proc.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends it."""
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        os.unlink(self.name)


def warm_up():
    """What the first VM would read into the page cache for the others, or for us."""
    for name in ("GUEST_KERNEL", "INITRD"):
        with open(os.environ[name], "rb") as f:
            f.read()
    subprocess.run(["vmbt-run", "--version"], stdout=subprocess.DEVNULL, check=True)
