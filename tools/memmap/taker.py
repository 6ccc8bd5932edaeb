# SPDX-License-Identifier: GPL-2.0
"""capture.c, compiled and run on this machine."""
import os
import subprocess

import build
import machine
from cache import Failure
from memmap import records

SOURCE = "tools/memmap/capture.c"
PREFIX = "capture: "


def need_root():
    """Before anything is compiled in vain."""
    if os.geteuid():
        raise Failure("memory shows itself to root alone: run this as root, "
                      "or say FROM=file to draw a capture made elsewhere")


def program():
    return build.sample(machine.here(), SOURCE)


def once():
    """Returns what the program has printed."""
    need_root()
    done = subprocess.run([program()], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failure(done.stderr.strip().partition(PREFIX)[2]
                      or f"capture ended with status {done.returncode}")
    return done.stdout


class Stream:
    """Captures as they come, without names, for select()."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.reader = records.Reader()
        self.rest = b""

    def fileno(self):
        return self.process.stdout.fileno()

    def take(self):
        """The newest capture of what there is to be read, or None."""
        data = self.process.stdout.read()
        if data is None:
            return None
        if not data:
            raise Failure(self.last_words())
        *lines, self.rest = (self.rest + data).split(b"\n")
        newest = None
        for line in lines:
            newest = self.reader.feed(line.decode("ascii", "replace")) \
                or newest
        return newest

    def last_words(self):
        words = self.process.stderr.read().decode(errors="replace").strip()
        return words.partition(PREFIX)[2] or words or \
            "the capturing program has ended"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def stream(seconds):
    need_root()
    return Stream([program(), "--no-names", "--every", str(seconds)])
