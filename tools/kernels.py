# SPDX-License-Identifier: GPL-2.0
"""The kernels to build for and to boot: the table of them, and lookup.

A kernel is fetched once (fetch.py).  After that a run uses what is in the
cache and needs no network, until refresh() is asked for.
"""
import argparse
import os
import pathlib
import subprocess
import sys

import built
import cache
import fetch
import machine
from cache import Failure

# One row per kernel: the Debian suites that have it, what its release names
# look like, and its packages, the image first.  {rel} is the release, {abi}
# the release without its flavour.  Of the releases for which the suites have
# all packages, the newest is taken.
#
# source: build modules in a tree made of this package, of the image's own
# version, because the headers' programs need a newer libc than Debian 12's.
# config: such a kernel is not Debian's but built, from these fragments in
# tools/config/ (built.py), and named VERSION-FLAVOUR.
# patches: a directory; what of it is applied to the source first.
# extra: MiB that it needs for itself, more than Debian's (KASAN: an eighth).
# patience: so many times as long as others may its groups take.
# image: instead of vmlinux, which boots faster but not with KASAN before 6.2.
# backing: what makes pages movable there, a row of BACKINGS.
# cmdline: added to its command line in every group.
# machine: what it runs on, a row of MACHINES in machine.py, if not the PC.
# only: the set of test groups that the matrix runs there, if not all.
# only_cache: the same, with BACKING=cache.
# boots: False if it is a tree to build modules in and no more.
# tests: False if it is there for make bench alone.
KERNELS = {
    "5.10": {
        "suites": ["bullseye"],
        "release": r"5\.10\.[\d.-]+-amd64",
        "packages": ["linux-image-{rel}", "linux-headers-{rel}",
                     "linux-headers-{abi}-common", "linux-kbuild-5.10"],
        "backing": "aops",
    },
    "6.1": {
        "suites": ["bookworm", "bookworm-security"],
        "release": r"6\.1\.[\d.-]+-amd64",
        "packages": ["linux-image-{rel}", "linux-headers-{rel}",
                     "linux-headers-{abi}-common", "linux-kbuild-6.1"],
        "backing": "mops",
    },
    "6.12": {
        "suites": ["bookworm", "bookworm-security"],
        "release": r"6\.12\.[\d.]+\+deb12-amd64",
        "packages": ["linux-image-{rel}", "linux-headers-{rel}",
                     "linux-headers-{abi}-common", "linux-kbuild-{abi}"],
        "backing": "mops",
    },
    "7.2": {
        "suites": ["trixie-backports"],
        "release": r"7\.2\.[\d.]+\+deb13-amd64",
        "packages": ["linux-binary-{rel}", "linux-base-{rel}",
                     "linux-modules-{rel}", "linux-headers-{rel}"],
        "source": "linux-source-7.2",
        "backing": "cache",
    },
    "6.1-unmovable": {
        "suites": ["bookworm", "bookworm-security"],
        "source": "linux-source-6.1",
        "config": ["guest", "unmovable"],
        "backing": "none",
    },
    "6.1-lockstat": {
        "suites": ["bookworm", "bookworm-security"],
        "source": "linux-source-6.1",
        "config": ["guest", "mm", "lockstat"],
        "backing": "mops",
        "tests": False,
    },
    "5.10-debug": {
        "suites": ["bullseye"],
        "source": "linux-source-5.10",
        "config": ["guest", "mm", "debug"],
        "image": "bzImage",
        "patience": 2,
        "extra": 192,
        "backing": "aops",
        "only_cache": "core",
    },
    "6.1-debug": {
        "suites": ["bookworm", "bookworm-security"],
        "source": "linux-source-6.1",
        "config": ["guest", "mm", "debug"],
        "image": "bzImage",
        "patience": 2,
        "extra": 192,
        "backing": "mops",
        "only_cache": "core",
    },
    "7.2-debug": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["guest", "mm", "typed", "debug"],
        "image": "bzImage",
        "patience": 2,
        "extra": 192,
        "backing": "typed",
    },
    "6.1-kcsan": {
        "suites": ["bookworm", "bookworm-security"],
        "source": "linux-source-6.1",
        "config": ["guest", "mm", "kcsan"],
        "image": "bzImage",
        "patience": 3,
        "backing": "mops",
        "only": "concurrent",
        "only_cache": "core",
    },
    "7.2-kcsan": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["guest", "mm", "typed", "kcsan"],
        "image": "bzImage",
        "patience": 3,
        "backing": "typed",
        "only": "concurrent",
        "only_cache": "core",
    },
    "7.2-rt": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["guest", "mm", "typed", "debug", "rt"],
        "image": "bzImage",
        "patience": 4,
        "extra": 192,
        # Compaction of page cache, which is off there by default.
        "cmdline": "sysctl.vm.compact_unevictable_allowed=1",
        "backing": "typed",
        "only_cache": "core",
    },
    "7.2-uml": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["typed", "uml", "uml-debug"],
        "backing": "typed",
        "machine": "um",
    },
    "7.2-native": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["typed", "uml", "uml-native"],
        "backing": "typed",
        "machine": "um",
    },
    "7.2-typed": {
        "suites": ["trixie-backports"],
        "source": "linux-source-7.2",
        "patches": "kernel-patches/7.2",
        "config": ["guest", "mm", "typed"],
        "backing": "typed",
        "only": "core",
    },
    "6.1-arm64": {
        "suites": ["bookworm", "bookworm-security"],
        "release": r"6\.1\.[\d.-]+-arm64",
        # The last has programs, and is for the machine that builds.
        "packages": ["linux-image-{rel}", "linux-headers-{rel}",
                     "linux-headers-{abi}-common", "linux-kbuild-6.1"],
        "backing": "mops",
        "machine": "arm64",
        "only": "core",
    },
    "6.1-arm64-64k": {
        "suites": ["bookworm", "bookworm-security"],
        "source": "linux-source-6.1",
        "config": ["arm64-64k"],
        "backing": "mops",
        "machine": "arm64",
        "boots": False,
    },
}
DEFAULT = "6.1"

# How pages of a pool become movable, as documentation calls it.
BACKINGS = {
    "aops": "non-LRU, address_space_operations",
    "mops": "non-LRU, movable_operations",
    "typed": "non-LRU, a page type of its own (kernel-patches/)",
    "cache": "page cache of a private inode",
    "none": "none: built without compaction and migration",
}
# What BACKING= can ask for on every kernel.
ANYWHERE = ("cache",)


class Kernel:
    """One unpacked kernel: what to build against and what to boot."""

    def __init__(self, version, release, package=""):
        row = KERNELS[version]
        self.version = version
        self.release = release
        self.package = package  # Debian's version of it
        self.backing = row["backing"]
        self.machine = machine.of(row)
        self.root = fetch.place(release)
        self.kdir = fetch.build_tree(row, self.root, release)
        self.extra = row.get("extra", 0)
        self.cmdline = row.get("cmdline", "")
        self.patience = row.get("patience", 1)
        self.image = self.root / row.get("image", "vmlinux")

    def has(self, option):
        """Is CONFIG_something built in?  If "=m" is added, modules count."""
        config = (self.kdir / ".config").read_text()
        name, module, _ = option.partition("=m")
        return (f"\n{name}=y\n" in config
                or bool(module) and f"\n{name}=m\n" in config)

    def module_files(self, name):
        """insmod order for one of the distribution's own modules."""
        shown = subprocess.run(
            ["modprobe", "-d", self.root, "-S", self.release, "-C",
             "/dev/null", "--show-depends", name], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PATH=cache.sbin_path()))
        if shown.returncode:
            raise Failure(f"kernel {self.release} has no module '{name}', "
                          "and this tree builds none of that name")
        return [pathlib.Path(line.split()[1])
                for line in shown.stdout.splitlines()
                if line.startswith("insmod ")]


def stock():
    """The versions that `make kernels` fetches: Debian's for this machine."""
    return [version for version, row in KERNELS.items()
            if "config" not in row and "machine" not in row]


def foreign():
    """The versions for other machines than the one that builds."""
    return [version for version, row in KERNELS.items()
            if machine.of(row).is_foreign()]


def flavours(version):
    """The kernels built from the source of that version, by flavour."""
    return [name.partition("-")[2] for name in KERNELS
            if name.startswith(f"{version}-")]


def flavoured(version, flavour):
    """The row that KERNEL= and FLAVOUR= mean together."""
    name = "-".join(filter(None, (version, flavour)))
    if version in KERNELS and name not in KERNELS:
        raise Failure(f"kernel {version} has no flavour '{flavour}'; there is: "
                      + (", ".join(flavours(version)) or "none"))
    return name


def row_of(version):
    if version not in KERNELS:
        raise Failure(f"no kernel '{version}'; there is: "
                      + ", ".join(KERNELS))
    return KERNELS[version]


def backings(version):
    """What BACKING= may be there."""
    own = row_of(version)["backing"]
    return [own] if own in ANYWHERE else [own, *ANYWHERE]


def get(version=DEFAULT):
    """The kernel of that name, fetched on first use."""
    row_of(version)
    kernel = cached(version)
    if kernel:
        return kernel
    with cache.lock(f"kernel-{version}"):
        return cached(version) or fetched(version)


def to_boot(version):
    """The same, of those that are more than a tree to build modules in."""
    if not boots(KERNELS.get(version, {})):
        raise Failure(f"kernel {version} is not one that QEMU boots: it is "
                      "for make cross or make kunit")
    return get(version)


def boots(row):
    """In QEMU."""
    return row.get("boots", True) and bool(machine.of(row).qemu)


def refresh(version):
    """Look for a newer package of this kernel, and fetch it."""
    with cache.lock(f"kernel-{version}"):
        return fetched(version)


def cached(version):
    row = KERNELS[version]
    stamp = cache.read_json(fetch.place(f"{version}.json"))
    if not stamp:
        return None
    if "config" in row and not built.is_current(row, stamp["release"]):
        return None
    made = cache.read_json(fetch.place(stamp["release"]) / "stamp.json")
    if not fetch.is_from(made, row):
        return None
    return Kernel(version, stamp["release"], made["version"])


def fetched(version):
    release = fetch.kernel(version, KERNELS[version])
    cache.write_json(fetch.place(f"{version}.json"), {"release": release})
    return cached(version)


def main():
    parser = argparse.ArgumentParser(description="make kernels")
    parser.add_argument("--names", action="store_true",
                        help="only name the kernels there are")
    parser.add_argument("rows", nargs="*", default=stock(),
                        help="instead of Debian's PC kernels")
    options = parser.parse_args()
    if options.names:
        cache.say(", ".join(version for version, row in KERNELS.items()
                            if boots(row)))
        return
    for version in options.rows:
        kernel = get(version)
        cache.step(version, f"{kernel.release} ({kernel.package}), "
                   f"{BACKINGS[kernel.backing]}")


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
