# SPDX-License-Identifier: GPL-2.0
"""make package: Debian packages of this tree, source and binary.

They are built in a copy of it, put into the build area of this checkout, and
looked at by lintian.  What lintian finds is mended, or overridden in debian/
with a reason: a finding fails.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cache
import tree
from cache import Failure, TREE, excerpt, say, step

VERSION = re.compile(r'^PACKAGE_VERSION="(.*)"$', re.M)
LOUD = "error,warning,info,pedantic,experimental"
# By root or not, it only reads packages.
AS_ROOT = "running with root privileges is not recommended!"


def version():
    """That of the packages and of the module for DKMS, which is one."""
    mine = VERSION.search((TREE / "dkms.conf").read_text()).group(1)
    theirs = output(["dpkg-parsechangelog", "-S", "Version"], TREE)[0]
    if mine != theirs:
        raise Failure(f"debian/changelog is of version {theirs}, dkms.conf of "
                      f"{mine}")
    return mine


def output(command, where):
    """What it prints, as lines."""
    done = subprocess.run(command, cwd=where, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env=cache.plain_environment())
    lines = done.stdout.splitlines()
    if done.returncode:
        cache.full_disk(done.stdout)
        excerpt(lines[-cache.EXCERPT:])
        raise Failure(f"{command[0]} ended with status {done.returncode}")
    return lines


def place():
    return cache.tree_dir() / "packages"


def build():
    """Returns the packages, binary ones, by name."""
    step("build", f"packages of version {version()}")
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        work = pathlib.Path(name)
        tree.copy(work / "movable-pool")
        lines = output(["dpkg-buildpackage", "-us", "-uc"],
                       work / "movable-pool")
        warnings = [line for line in lines if "warning:" in line]
        if warnings:
            excerpt(warnings)
            raise Failure("building the packages gave warnings")
        with cache.filling(place()) as partial:
            for path in work.iterdir():
                if path.is_file():
                    shutil.move(path, partial)
    return {path.name.split("_")[0]: path for path in place().glob("*.deb")}


def lintian():
    """What it says, overridden findings apart."""
    changes = next(place().glob("*.changes"))
    done = subprocess.run(
        ["lintian", "--profile", "debian", "--display-info", "--pedantic",
         "--display-experimental", "--fail-on", LOUD,
         changes], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = [line for line in done.stdout.splitlines() if line != AS_ROOT]
    if done.returncode and not found:
        found = [f"lintian ended with status {done.returncode}"]
    return found


def main():
    packages = build()
    step("lintian", "source and binary")
    found = lintian()
    if found:
        excerpt(found)
        raise Failure("lintian has findings: mend them, or override them in "
                      "debian/ with a reason")
    say(f"\nin {place()}:")
    for path in sorted(packages.values()):
        say(f"  {path.name:<40} {path.stat().st_size / 1024:6.0f} KiB")


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
