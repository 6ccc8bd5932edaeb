#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make demo: memory shot full of holes, and the kernel putting it together.

Two guests do the same thing, one with a heap of ordinary driver pages, one
with pages that may move; samples/heap/demo.c is what runs in them.  What this
prints was measured in them, file contents were compared with what this
program read on the host.
"""
import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile

import build
import cache
import kernels
import userland
from cache import Failure, TREE, say
from guest import Guest

MEMORY = 1024                   # MiB of a guest
BLOCK = 512                     # pages in a block of 2 MiB
SET_BYTES = 24 << 20            # files to store
SEED = 1
ROW = 64                        # blocks in a row of the map
BAR = 32
# What the moves of a pool's books end as.
ENDINGS = {
    "isolated": ("migrated", "putback", "released"),
    "attempted": ("migrated", "refused_pinned", "refused_referenced",
                  "refused_driver", "failed_driver", "refused_unready"),
}
STEPS = {
    "boot": "starting",
    "fill": "filling memory",
    "store": "storing files",
    "punch": "making holes",
    "compact": "compacting",
    "check": "checking files",
}


class Style:
    """How to draw on this terminal, or on what is none."""

    def __init__(self, stream):
        self.live = stream.isatty()
        self.colour = self.live and "NO_COLOR" not in os.environ
        fancy = (stream.encoding or "").lower().startswith("utf")
        self.free = "\u00b7" if fancy else "."
        self.shades = "\u2591\u2592\u2593\u2588" if fancy else "-+*@"
        self.rule = "\u2500" if fancy else "-"

    def paint(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def bold(self, text):
        return self.paint(text, "1")

    def cell(self, block):
        """One block of memory as one character."""
        _, ours, user, fixed = block
        if ours:
            return self.paint(self.shades[(ours * 4 - 1) // BLOCK], "36")
        if fixed:
            return self.paint("k", "31")
        if user:
            return self.paint("u", "33")
        return self.paint(self.free, "32")

    def legend(self):
        ours = self.paint(self.shades, "36")
        say(f"          {self.paint(self.free, '32')} free   "
            f"{ours} heap pages in it: up to 25, 50, 75, 100 %")
        say(f"          {self.paint('k', '31')} kernel   "
            f"{self.paint('u', '33')} programs and files of the guest")

    def draw(self, title, blocks):
        say()
        say(f"  {self.bold(title)}")
        for start in range(0, len(blocks), ROW):
            cells = "".join(map(self.cell, blocks[start:start + ROW]))
            say(f"  {start * 2:4} MiB  {cells}")


class Progress:
    """One line that fills up, or a line for each finished step."""

    def __init__(self, style):
        self.style = style

    def show(self, step, done, total):
        share = done / total if total else 1
        name = STEPS[step]
        if self.style.live:
            full = self.style.shades[3] * int(share * BAR)
            rest = self.style.free * (BAR - int(share * BAR))
            end = "\n" if done >= total else ""
            print(f"\r  {name:<16}{full}{rest} {int(share * 100):4} %", end=end,
                  flush=True)
        elif done >= total:
            say(f"  {name:<16}done")


class Run:
    """One guest, and what it reported."""

    def __init__(self, mode, style):
        self.mode = mode
        self.style = style
        self.progress = Progress(style)
        self.maps = {}
        self.value = {}
        self.damaged = []
        self.problems = []

    def line(self, text):
        words = text.split()
        handler = words and getattr(self, "on_" + words[0].replace("-", "_"),
                                    None)
        if handler:
            handler(*words[1:])

    def on_mp_begin(self):
        self.progress.show("boot", 1, 1)

    def on_progress(self, step, done, total):
        self.progress.show(step, int(done), int(total))

    def on_map(self, when, *cells):
        blocks = [tuple(map(int, cell.split(","))) for cell in cells]
        self.maps[when] = blocks
        if self.mode == "movable" or when == "after":
            title = {"before": "Memory before compaction",
                     "after": "Memory after compaction"}[when]
            self.style.draw(f"{title}, the heap's pages {self.mode}", blocks)
            self.style.legend()
            say()

    def on_round(self, number, moved):
        say(f"  {STEPS['compact']:<16}pass {number}: "
            f"{int(moved):,} heap pages have moved")

    def on_free_blocks(self, when, number):
        self.value["free " + when] = int(number)

    def on_possible_blocks(self, when, number):
        self.value["possible " + when] = int(number)

    def on_stat(self, name, number):
        self.value[name] = int(number)

    def on_huge_pages(self, number):
        self.value["huge pages"] = int(number)

    def on_files(self, stored, damaged):
        self.value["files"] = int(stored)
        self.value["whole"] = int(stored) - int(damaged)

    def on_damaged(self, copy, path):
        self.damaged.append(f"{path}, copy {int(copy) + 1}")

    def on_error(self, *words):
        self.problems.append("the guest says: " + " ".join(words))

    def run(self, kernel, modules, files):
        self.progress.show("boot", 0, 1)
        guest = Guest(kernel, f"demo-{self.mode}", memory=MEMORY)
        guest.add_modules(modules, ["algif_hash", "movable_heap"])
        for path, source in files.items():
            guest.add_file(source, path)
        script = (f"load_modules && /demo/demo {self.mode} "
                  f"/demo/manifest {SEED} && unload_modules")
        result = guest.run(script, self.line)
        self.problems += ["\n  ".join(lines) for lines in result.problems]
        if result.status and not self.damaged and not self.problems:
            self.problems.append(f"the guest failed; see {result.report}")
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


def compile_guest(machine):
    """The guest's program, static, in the cache."""
    output = cache.tree_dir() / f"demo-{machine.name}"
    done = subprocess.run(
        [machine.cc(), "-O2", "-Wall", "-Wextra", "-Werror", "-static",
         "-o", output, TREE / "samples/heap/demo.c"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure("cannot build samples/heap/demo.c (is libc6-dev "
                      f"installed?):\n{done.stdout}")
    return output


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
    say("  " + style.bold("Driver memory that the kernel can move")
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
    kernel = kernels.to_boot(parser.parse_args().kernel)
    style = Style(sys.stdout)
    modules = build.modules(kernel, "normal")
    program = compile_guest(kernel.machine)
    files, total = choose_files(kernel, program)
    intro(kernel, files, total, style)

    runs = [Run("unmovable", style), Run("movable", style)]
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as manifest:
        write_manifest(files, manifest)
        files["/demo/manifest"] = manifest.name
        files["/demo/demo"] = program
        for number, run in enumerate(runs, 1):
            say()
            say("  " + style.bold(f"{number}. {run.mode} pages"))
            run.run(kernel, modules, files)
            if run.problems or run.damaged:
                return failed(run)
    table(runs, style)
    return 0


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
