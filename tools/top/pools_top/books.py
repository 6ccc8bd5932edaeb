# SPDX-License-Identifier: GPL-2.0
"""What debugfs says of all pools at one moment."""
import errno
import os
import re
import time

DEBUGFS = "/sys/kernel/debug"
ROOT = f"{DEBUGFS}/movable_pool"
# What a file says when its pool has just gone.
GONE = (errno.ENOENT, errno.ENODEV, errno.EIO, errno.ENOTDIR)
# The caller is "function [module]"; a task's name may have anything in it.
PIN = re.compile(r"(\d+) (\d+) (.*) (\d+) (\S+(?: \[\S+\])?)$")


class Failure(Exception):
    """Something a person can act on, said in one sentence."""


class Pin:
    """A long-term pin."""

    def __init__(self, pool, words):
        self.pool = pool
        seconds, frame, task, pid, self.caller = words
        self.seconds = int(seconds)
        self.frame = int(frame)
        self.pid = int(pid)
        self.task = "".join(letter if letter.isprintable() else "?"
                            for letter in task)


def pins(pool, text):
    """A line that is none is the rest of a task's name."""
    found = (PIN.match(line) for line in text.split("\n"))
    return [Pin(pool, one.groups()) for one in found if one]


class Books:
    """Of one pool."""

    def __init__(self, directory, name):
        where = os.path.join(directory, name)
        self.name = name
        self.backing = read(where, "backing").partition(":")[0]
        self.stats = {word: int(number) for word, number in (
            line.split() for line in read(where, "stats").splitlines())}
        self.pins = pins(name, read(where, "longterm"))


class Snapshot:
    """Of all pools; when.  Where there is no root there are no pools."""

    def __init__(self, root, clock=time.monotonic):
        self.when = clock()
        self.pools = {}
        self.deferred = 0
        for name in listed(root) if root else ():
            books = attempt(Books, root, name)
            if books:
                self.pools[name] = books
        if root:
            self.deferred = int(attempt(read, root, "deferred") or 0)

    def pins(self):
        """The longest first."""
        return sorted((pin for pool in self.pools.values()
                       for pin in pool.pins),
                      key=lambda pin: (-pin.seconds, pin.pool, pin.frame))


def read(directory, name):
    with open(os.path.join(directory, name), encoding="utf-8",
              errors="replace") as file:
        return file.read()


def attempt(function, *arguments):
    """None if that has just gone."""
    try:
        return function(*arguments)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise refused(error)


def listed(root):
    """Names of pools: what is a directory."""
    try:
        with os.scandir(root) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError as error:
        raise refused(error)


def refused(error):
    if error.errno in (errno.EACCES, errno.EPERM):
        return Failure(f"may not read {error.filename}: be root")
    if error.errno not in GONE:
        return Failure(f"cannot read {error.filename}: {error.strerror}")
    if str(error.filename).startswith(f"{DEBUGFS}/") and empty(DEBUGFS):
        return Failure(f"debugfs is not mounted: mount -t debugfs debugfs "
                       f"{DEBUGFS}")
    return Failure(f"no {error.filename}: the module movable_pool is not "
                   "loaded")


def empty(directory):
    try:
        return not os.listdir(directory)
    except OSError:
        return True
