#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo: memory shot full of holes, and the kernel putting it together.

Two guests do the same thing, one with a heap of ordinary driver pages, one
with pages that may move; samples/heap/demo.c is what runs in them.  What this
prints was measured in them, file contents were compared with what this
program read on the host.
"""
import argparse
import contextlib
import hashlib
import io
import random
import sys
import tempfile

import build
import cache
import kernels
import userland
from cache import Failure, TREE, say
from guest import Guest
from memmap import figures, records, svg, taker
from memmap.text import Map
from readme import Place, block
from terminal import Progress, Report

MEMORY = 1024                   # MiB of a guest
SET_BYTES = 24 << 20            # files to store
SEED = 1
TITLE = "Driver memory that the kernel can move"
PICTURE = TREE / "Documentation/map.svg"
PLACE = Place("picture of memory", "make demo WRITE=1")
# What the moves of a pool's books end as.
ENDINGS = {
    "isolated": ("migrated", "putback", "released"),
    "attempted": ("migrated", "refused_pinned", "refused_referenced",
                  "refused_driver", "failed_driver", "refused_unready",
                  "refused_target", "directed"),
}
STEPS = {
    "boot": "starting",
    "fill": "filling memory",
    "store": "storing files",
    "punch": "making holes",
    "compact": "compacting",
    "check": "checking files",
}


class Run(Report):
    """One guest, and what it reported."""

    def __init__(self, mode, style):
        super().__init__(Progress(style, STEPS))
        self.mode = mode
        self.style = style
        self.maps = {}          # {when: capture}
        self.reader = None      # of a capture that is coming
        self.when = ""
        self.value = {}
        self.damaged = []

    def line(self, text):
        """Between "map WHEN" and "end" it is a capture's."""
        if not self.reader:
            super().line(text)
            return
        try:
            done = self.reader.feed(text)
        except Failure as failure:
            self.problems.append(f"the guest's capture: {failure}")
            self.reader = None
            return
        if done:
            self.reader = None
            self.take(self.when, done)

    def on_map(self, when):
        self.reader, self.when = records.Reader(), when

    def take(self, when, capture):
        """What memory was like, drawn and in figures."""
        found = figures.of(capture)
        self.maps[when] = capture
        self.value["free " + when] = found.whole
        self.value["possible " + when] = found.possible
        title = self.title(when)
        if title:
            say()
            for line in self.style.picture(capture, title):
                say(line)
            say()

    def title(self, when):
        """Of a picture that is worth showing, else ""."""
        if self.mode == "unmovable" and when == "before":
            return ""
        return f"Memory {when} compaction, the heap's pages {self.mode}"

    def on_round(self, number, moved):
        say(f"  {STEPS['compact']:<16}pass {number}: "
            f"{int(moved):,} heap pages have moved")

    def on_stat(self, name, number):
        self.value[name] = int(number)

    def on_huge_pages(self, number):
        self.value["huge pages"] = int(number)

    def on_files(self, stored, damaged):
        self.value["files"] = int(stored)
        self.value["whole"] = int(stored) - int(damaged)

    def on_damaged(self, copy, path):
        self.damaged.append(f"{path}, copy {int(copy) + 1}")

    def run(self, kernel, modules, files):
        self.progress.show("boot", 0, 1)
        guest = Guest(kernel, f"demo-{self.mode}", memory=MEMORY)
        guest.add_modules(modules, ["algif_hash", "movable_heap"])
        for path, source in files.items():
            guest.add_file(source, path)
        script = (f"load_modules && /demo/demo {self.mode} "
                  f"/demo/manifest {SEED} && unload_modules")
        result = guest.run(script, self.line)
        self.judge(result)
        if not self.problems:
            self.check_books("attempted" if kernel.backing == "cache"
                             else "isolated")

    def check_books(self, book):
        """All that began has ended; the page cache isolates without us."""
        names = (book, *ENDINGS[book])
        missing = [name for name in names if name not in self.value]
        if missing:
            self.problems.append("the guest does not report "
                                 + ", ".join(missing))
        elif self.value[book] != sum(self.value[name] for name in names[1:]):
            self.problems.append(f"the pool's books do not add up: {book} is "
                                 "not " + " + ".join(names[1:]))


def choose_files(kernel, program):
    """Programs and kernel modules of the guest: {path there: path here}."""
    modules = sorted((kernel.root / "lib/modules").rglob("*.ko*"))
    random.Random(SEED).shuffle(modules)
    files, total = {}, 0
    for path in [userland.busybox(kernel.machine), program] + modules:
        files[f"/demo/files/{path.name}"] = path
        total += path.stat().st_size
        if total >= SET_BYTES:
            break
    return files, total


def write_manifest(files, manifest):
    for name, path in files.items():
        data = path.read_bytes()
        manifest.write(f"{hashlib.sha256(data).hexdigest()} {len(data)} "
                       f"{name}\n")
    manifest.flush()


def share(part, whole):
    return f"{part / whole:.0%}".replace("%", " %") if whole else "-"


def table(runs, style):
    """Closing figures, one column for each guest."""
    rows = [
        ("pages of the heap", "{pages:,}"),
        ("  moved by the kernel meanwhile", "{migrated:,}"),
        ("free 2 MiB blocks before", "{free before}"),
        ("free 2 MiB blocks after", "{free after}"),
        ("  possible: no immovable page in the block", "{possible}"),
        ("huge pages the kernel could then give", "{huge pages}"),
        ("files stored", "{files:,}"),
        ("files whole after it all, by SHA-256", "{whole:,}"),
    ]
    say()
    say("  " + style.bold(f"{'the pages of the heap are':<44}"
                          + "".join(f"{run.mode:>14}" for run in runs)))
    say("  " + style.rule * 72)
    for run in runs:
        value = run.value
        most = max(value["possible before"], value["possible after"])
        value["possible"] = f"{most} ({share(value['free after'], most)})"
    for title, form in rows:
        say(f"  {title:<44}" + "".join(f"{form.format(**run.value):>14}"
                                       for run in runs))
    say()


def intro(kernel, files, total, style):
    say()
    say("  " + style.bold(TITLE)
        + f"   (Linux {kernel.release})")
    say()
    say(f"  A driver keeps {len(files)} real files ({total >> 20} MB: "
        "programs, kernel modules) in memory,")
    say("  copy after copy, in pieces of a page or less that lie at random "
        "among other")
    say("  pieces.  The others are then freed.  Now half of memory is free, "
        "but hardly a")
    say("  block of 2 MiB is.  The kernel can collect such holes by "
        "compaction, but not")
    say("  if the pages between them cannot move: those of ordinary drivers "
        "cannot.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--svg", type=cache.given,
                        help="draw what has moved")
    parser.add_argument("--write", action="store_true",
                        help="put it into README.md and Documentation/")
    options = parser.parse_args()
    kernel = kernels.to_boot(options.kernel)
    if not options.write:
        return demonstrate(kernel, options.svg)
    with contextlib.redirect_stdout(Tee(sys.stdout)) as tee:
        failed = demonstrate(kernel, PICTURE)
    if not failed:
        shown = tee.text[tee.text.index(TITLE) - 2:]
        PLACE.write(block(shown.rstrip().splitlines()))
    return failed


class Tee(io.StringIO):
    """Goes on to another stream as well; what is read of it is plain."""

    encoding = "utf-8"

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.text = ""

    def write(self, text):
        self.text += text
        return self.stream.write(text)

    def flush(self):
        self.stream.flush()


def demonstrate(kernel, picture):
    style = Map(sys.stdout, "heap pages")
    modules = build.modules(kernel, "normal")
    program = build.sample(kernel.machine, "samples/heap/demo.c")
    files, total = choose_files(kernel, program)
    intro(kernel, files, total, style)

    runs = [Run("unmovable", style), Run("movable", style)]
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as manifest:
        write_manifest(files, manifest)
        files["/demo/manifest"] = manifest.name
        files["/demo/demo"] = program
        files["/demo/capture"] = build.sample(kernel.machine, taker.SOURCE)
        for number, run in enumerate(runs, 1):
            say()
            say("  " + style.bold(f"{number}. {run.mode} pages"))
            run.run(kernel, modules, files)
            if run.problems or run.damaged:
                return failed(run)
    table(runs, style)
    if picture:
        draw(runs[1], picture)
    return 0


def draw(run, picture):
    """The pages of the heap that moved, from where to where."""
    captures = [run.maps[when] for when in ("before", "after")]
    titles = [run.title(when) for when in ("before", "after")]
    try:
        picture.write_text("\n".join(svg.draw(captures, titles)) + "\n")
    except OSError as error:
        raise Failure(f"{picture}: {error.strerror}") from None


def failed(run):
    say()
    for name in run.damaged:
        say(f"  DAMAGED  {name}")
    for problem in run.problems:
        say(f"  {problem}")
    say()
    say("  The demo has FAILED.")
    return 1


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
