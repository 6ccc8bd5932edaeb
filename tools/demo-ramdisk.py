#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo-ramdisk: a file system whose disk moves while it is read.

One guest, with memory that can be unplugged.  samples/ramdisk/demo.c fills an
ext4 on a disk of movable_ramdisk and has the disk's pages moved; what this
prints was measured in there, and the files' checksums are those that this
program computed on the host.
"""
import argparse
import sys
import tempfile

import build
import cache
import cargo
import kernels
from cache import Failure, say
from demo import SEED, Run, choose_files, share, write_manifest
from guest import Guest
from memmap import taker
from memmap.text import Map
from terminal import Progress

MEMORY = 448                    # MiB of the guest
PLUGGED = 256                   # MiB more, which can be unplugged
DISK = 320                      # MiB
WHERE = "/tmp/fs"
STEPS = {
    "boot": "starting",
    "store": "storing files",
    "punch": "deleting half",
    "compact": "compacting",
    "offline": "taking memory",
    "check": "checking files",
    "fsck": "e2fsck",
}
TITLES = {
    "before": "Memory before compaction",
    "after": "Memory after compaction",
    "offline": f"Memory with {PLUGGED} MiB of it offline",
}
DIMM = ["-m", f"{MEMORY}M,slots=1,maxmem=2G",
        "-object", f"memory-backend-ram,id=dimm,size={PLUGGED}M",
        "-device", "pc-dimm,memdev=dimm"]


class DiskRun(Run):
    """The guest, and what it reported."""

    def __init__(self, style):
        super().__init__("movable", style)
        self.progress = Progress(style, STEPS)

    def title(self, when):
        return TITLES[when]

    def on_round(self, number, moved):
        say(f"  {STEPS['compact']:<16}pass {number}: "
            f"{int(moved):,} pages of the disk have moved")

    def on_moved(self, how, number):
        self.value["moved by " + how] = int(number)

    def on_stored(self, stored, kept):
        self.value["stored"] = int(stored)
        self.value["kept"] = int(kept)

    def on_meanwhile(self, checked, mebibytes, damaged):
        self.value["meanwhile"] = int(checked)
        self.value["mebibytes"] = int(mebibytes)
        self.value["damaged"] = int(damaged)

    def on_fsck(self, status):
        self.value["fsck"] = int(status)
        self.progress.show("fsck", 1, 1)

    def boot(self, guest, book):
        self.progress.show("boot", 0, 1)
        result = guest.run(
            "load_modules && /programs/mke2fs -q -F -t ext4 /dev/mrd0 && "
            f"mkdir {WHERE} && mount -t ext4 -o discard /dev/mrd0 {WHERE} && "
            f"/demo/demo {WHERE} /demo/manifest {SEED} && "
            f"umount {WHERE} && {{ /programs/e2fsck -f -n /dev/mrd0; "
            "status=$?; echo fsck $status; [ $status = 0 ]; } && "
            "unload_modules", self.line)
        self.judge(result)
        if not self.problems:
            self.check_books(book)
        if not self.problems and self.lack():
            self.problems.append(self.lack())

    def lack(self):
        """Why this has shown nothing, if so."""
        value = self.value
        if value.get("fsck") != 0:
            return "e2fsck did not say that the file system is clean"
        for how in ("compaction", "offline"):
            if value["moved by " + how] < 1000:
                return f"only {value['moved by ' + how]} pages moved by {how}"
        if not value["meanwhile"]:
            return "no file was read while pages moved"
        if value["damaged"] or value["whole"] != value["kept"]:
            return "files are damaged"
        return ""


def make_guest(kernel, modules, files):
    if kernel.machine.is_foreign():
        raise Failure("memory is unplugged in this machine's kind only")
    guest = Guest(kernel, "demo-ramdisk", MEMORY, qemu=DIMM,
                  cmdline="memhp_default_state=online_movable")
    guest.add_modules(modules, ["ext4", "algif_hash",
                                f"movable_ramdisk size_mb={DISK}"])
    for name in ("mke2fs", "e2fsck"):
        files.update(cargo.program(name))
    for path, source in files.items():
        guest.add_file(source, path)
    return guest


def table(value, style):
    rows = [
        ("files stored", f"{value['stored']:,}"),
        ("  left after half were deleted, at random", f"{value['kept']:,}"),
        ("pages of the disk that they lie in", f"{value['pages']:,}"),
        ("  moved by compaction", f"{value['moved by compaction']:,}"),
        ("  moved by memory that went offline",
         f"{value['moved by offline']:,}"),
        ("free 2 MiB blocks before compaction", f"{value['free before']}"),
        ("free 2 MiB blocks after",
         f"{value['free after']} ("
         + share(value["free after"], value["possible after"]) + ")"),
        ("files read meanwhile, whole by SHA-256",
         f"{value['meanwhile']:,} ({value['mebibytes']:,} MiB)"),
        ("files whole after it all, by SHA-256", f"{value['whole']:,}"),
        ("what e2fsck has found", "nothing"),
    ]
    yield style.rule * 72
    for title, figure in rows:
        yield f"{title:<48}{figure:>24}"


def intro(kernel, total, style):
    say()
    say("  " + style.bold("A file system on memory that moves")
        + f"   (Linux {kernel.release})")
    say()
    say(f"  A disk of {DISK} MiB has its contents in pages of a driver.  On "
        "it is an ext4 with")
    say(f"  copies of {total >> 20} MB of real files: programs, kernel "
        "modules.  Half of the files are")
    say("  deleted, and the disk gives their pages back.  Then the kernel "
        "compacts memory,")
    say(f"  and {PLUGGED} MiB of it go offline, pages of the disk and all, "
        "while the files are")
    say("  read and compared.")
    say()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    kernel = kernels.to_boot(parser.parse_args().kernel)
    style = Map(sys.stdout, "the disk's pages")
    # They are there as long as this is.
    modules = build.modules(kernel, "normal")
    program = build.sample(kernel.machine, "samples/ramdisk/demo.c")
    files, total = choose_files(kernel, program)
    intro(kernel, total, style)
    run = DiskRun(style)
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as manifest:
        write_manifest(files, manifest)
        files["/demo/manifest"] = manifest.name
        files["/demo/demo"] = program
        files["/demo/capture"] = build.sample(kernel.machine, taker.SOURCE)
        run.boot(make_guest(kernel, modules, files),
                 "attempted" if kernel.backing == "cache" else "isolated")
    if run.problems or run.damaged:
        raise Failure("the demo has failed\n  " + "\n  ".join(
            [f"DAMAGED {name}" for name in run.damaged] + run.problems))
    say()
    for line in table(run.value, style):
        say(("  " + line).rstrip())
    say()
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
