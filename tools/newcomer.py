# SPDX-License-Identifier: GPL-2.0
"""make newcomer: what README shows, typed on a machine that has nothing.

The machine is a Debian system in a directory, without git, make or a compiler,
and without our cache, which reaches the archives that this one does.  Measured
is how long each command takes, from the clone to the demo's picture and to a
driver of one's own whose pages have moved.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

import cache
import readme
import root
from cache import Failure, TREE, say
from tables import aligned, number
from terminal import Style

# Each is in README as it stands, but for the clone: of where one has found it.
TYPED = ("apt-get update", "apt-get install -y git make", "git clone",
         "make demo", "cp -r samples/first mine", "make try DRIVER=mine")
CLONED = "git clone"
SOURCE, HOME = "/mnt/movable_pool", "/root/movable_pool"
# What must be in the output, of the last two that show something.
SHOWN = {
    "make demo": re.compile(r"Memory after compaction, the heap's pages "
                            r"movable"),
    "make try DRIVER=mine": re.compile(r"^ +first-0 +1 +0 +([1-9][\d,]*) ",
                                       re.M),
}
# How this machine reaches its archives.
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/apt/apt.conf.d",
           "/etc/ssl/certs")
TABLE = readme.Place("table of a newcomer", "make newcomer WRITE=1")


class Machine(root.Root):
    """One that has nothing but the network."""

    ALONE = ()

    def __init__(self):
        super().__init__(root.bare())
        for name in NETWORK:
            self.take(pathlib.Path(name))
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", TREE,
                        self.path(SOURCE)], check=True)

    def take(self, source):
        target = self.path(str(source))
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)

    def type(self, command):
        """Its output; what fails is shown."""
        words = f"{CLONED} {SOURCE} {HOME}" if command == CLONED else command
        where = HOME if self.path(HOME).exists() else "/root"
        done = self.run(f"cd {where}; {words} 2>&1")
        if done.returncode:
            raise Failure(f"{command}:\n" + "\n".join(
                done.stdout.splitlines()[-20:]))
        return done.stdout


def untold(text):
    """Of what is typed, what README does not say."""
    lines = {re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines()}
    return [command for command in TYPED
            if command not in lines and command != CLONED]


def rows(taken):
    """(command, seconds, since the first)."""
    total = 0.0
    yield ["typed", "seconds", "minutes since the first"]
    for command, seconds in taken:
        total += seconds
        yield [command, number(seconds), number(total / 60, 1)]


def type_all(log):
    taken = []
    with Machine() as machine, open(log, "w", encoding="utf-8") as output:
        for command in TYPED:
            start = time.monotonic()
            said = machine.type(command)
            taken.append((command, time.monotonic() - start))
            output.write(f"# {command}\n{said}\n")
            say(f"  {taken[-1][1]:6.0f} s  {command}")
            if command in SHOWN and not SHOWN[command].search(said):
                raise Failure(f"{command} did not show what it should; see "
                              f"{log}")
    return taken


def main():
    parser = argparse.ArgumentParser(description="make newcomer")
    parser.add_argument("--write", action="store_true",
                        help="the table into README.md")
    options = parser.parse_args()
    missing = untold((TREE / "README.md").read_text())
    if missing:
        raise Failure("README.md does not say: " + ", ".join(missing))
    log = cache.tree_dir() / "newcomer.log"
    taken = type_all(log)
    lines = list(aligned(list(rows(taken)), Style(sys.stdout).rule))
    say()
    for line in lines:
        say("  " + line)
    say(f"\n  all they said: {log}")
    if options.write:
        TABLE.write(readme.block(aligned(list(rows(taken)), "-")))
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
