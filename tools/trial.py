# SPDX-License-Identifier: GPL-2.0
"""make try DRIVER=directory: a driver of one's own, and its pages moving.

The directory, which has a Kbuild, is built against this tree, and its modules
are loaded in a guest, whose memory blocks then go offline and come back, one
after the other: what a pool has in them must move.  Shown is what became of it,
by the pool's own books.
"""
import argparse
import pathlib
import re
import sys

import build
import cache
import kernels
import klog
from cache import Failure, say
from guest import Guest
from tables import aligned, number
from terminal import Report, Style

MEMORY = 320                    # MiB; a block has 128
# Beside it memory only for what moves, where pages of pools come from first.
WORDS = "memhp_default_state=online_movable"
DIMM = ["-m", "slots=1,maxmem=2G",
        "-object", "memory-backend-ram,id=dimm,size=256M",
        "-device", "pc-dimm,memdev=dimm"]
LIMIT = 600                     # seconds
ROUNDS = 2
SCRIPT = """
echo "try: loading" >/dev/kmsg
load_modules || exit 1
{script}
pools=/sys/kernel/debug/movable_pool
for pool in $pools/*/; do
	[ -e "$pool/stats" ] || continue
	name=$(basename "$pool")
	echo "backing $name $(head -n 1 "$pool/backing")"
done
for round in $(seq {rounds}); do
	for block in /sys/devices/system/memory/memory[0-9]*; do
		read -r zone _ <"$block/valid_zones"
		[ "$zone" = Movable ] || continue
		# It tries until a signal comes.
		timeout -s INT 20 sh -c "echo offline >$block/state" 2>/dev/null
		echo "block $round $(basename "$block") $(cat "$block/state")"
		echo online_movable >"$block/state" 2>/dev/null
	done
done
for pool in $pools/*/; do
	[ -e "$pool/stats" ] || continue
	sed "s/^/stat $(basename "$pool") /" "$pool/stats"
done
echo "try: unloading" >/dev/kmsg
unload_modules
"""
# What the kernel says of memory that comes and goes, and of modules of others.
NOISE = re.compile(r"Offlined Pages|Built \d+ zonelists|Policy zone|Fallback "
                   r"order|mem auto-init|online_pages|taint|verification failed"
                   r"|memory.*offline|isolate")
# A module that cannot be loaded or unloaded (guest/functions).
UNLOADED = "mp-fail: "
BOOKS = {"pages": "pages", "unpublished": "unpublished", "migrated": "moves",
         "refused_pinned": "pinned", "refused_referenced": "referenced",
         "refused_driver": "driver would not", "failed_driver": "driver failed"}


class Trial(Report):
    """One guest, and what the books of its pools say."""

    def __init__(self, progress=None):
        super().__init__(progress)
        self.backings = {}      # {pool: what moves its pages}
        self.stats = {}         # {pool: {name: value}}
        self.blocks = {}        # {(round, block): state}

    def line(self, text):
        if text.startswith(UNLOADED):
            self.problems.append(text[len(UNLOADED):])
        super().line(text)

    def on_mp_begin(self):
        pass

    def on_backing(self, pool, *words):
        self.backings[pool] = " ".join(words)

    def on_stat(self, pool, name, value):
        self.stats.setdefault(pool, {})[name] = int(value)

    def on_block(self, number_, name, state):
        self.blocks[number_, name] = state

    def rows(self):
        yield ["pool", *BOOKS.values()]
        for pool, stats in self.stats.items():
            yield [pool, *(number(stats[name]) for name in BOOKS)]

    def advice(self):
        """What a driver's author would want to know."""
        if not self.stats:
            yield "no pool was there after the module was loaded"
        for pool, stats in self.stats.items():
            if stats["unpublished"]:
                yield (f"{pool}: {stats['unpublished']} of {stats['pages']} "
                       "pages are not published: they cannot move")
            elif not stats["pages"]:
                yield f"{pool}: has no page; SCRIPT=file can make it have some"
            elif not stats["migrated"]:
                yield f"{pool}: no page has moved"
        stayed = sorted(name for (_, name), state in self.blocks.items()
                        if state != "offline")
        if stayed:
            yield ("memory that did not go offline, for something in it would "
                   "not move: " + ", ".join(dict.fromkeys(stayed)))


def own_words(log):
    """Of the kernel's log, what drivers have said since they were loaded."""
    lines = [klog.STAMP.sub("", line) for line in log.splitlines()]
    while lines and lines.pop(0) != "try: loading":
        pass
    return [line for line in lines if not NOISE.search(line)
            and not line.startswith(("try: ", "mp-"))]


def directory(name):
    path = pathlib.Path(name).resolve()
    if not path.is_dir():
        raise Failure(f"{name} is no directory; DRIVER=samples/first is one")
    if not any((path / file).exists() for file in ("Kbuild", "Makefile")):
        raise Failure(f"{name} has no Kbuild: samples/first has the smallest")
    return path


def run(kernel, built, script, name):
    guest = Guest(kernel, f"try-{name}", MEMORY + kernel.extra,
                  cmdline=WORDS, qemu=DIMM)
    guest.add_modules(built, ["movable_pool", *built.drivers])
    found = Trial()
    result = guest.run(SCRIPT.format(rounds=ROUNDS, script=script),
                       found.line, LIMIT)
    found.judge(result)
    return found, own_words(result.log.read_text(errors="replace"))


def show(found, words, style):
    say()
    for line in words:
        say("  " + style.bold("log") + f"  {line}")
    say()
    for line in aligned(list(found.rows()), style.rule):
        say("  " + line)
    say()
    for pool, backing in found.backings.items():
        say(f"  {pool}: {backing}")
    gone = sum(state == "offline" for state in found.blocks.values())
    say(f"  memory blocks taken offline and brought back: {gone} of "
        f"{len(found.blocks)} tries")


def main():
    parser = argparse.ArgumentParser(description="make try")
    parser.add_argument("driver")
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    parser.add_argument("--script", help="shell commands for the guest, run "
                        "when the modules are loaded")
    options = parser.parse_args()
    path = directory(options.driver)
    script = pathlib.Path(options.script).read_text() if options.script else ""
    kernel = kernels.to_boot(options.kernel)
    style = Style(sys.stdout)
    built = build.driver(kernel, path)
    say("  " + style.bold(f"{path.name} on Linux {kernel.release}") + ": "
        + ", ".join(built.drivers))
    found, words = run(kernel, built, script, path.name)
    show(found, words, style)
    problems = found.problems + list(found.advice())
    for line in problems:
        say(f"  problem: {line}")
    say()
    return 1 if problems else 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
