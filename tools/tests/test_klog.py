# SPDX-License-Identifier: GPL-2.0
"""A kernel log's complaints, as x86 and arm64 write them."""
import re
import sys
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import klog

STACK = """Call trace:
 dump_backtrace+0xe8/0x120
 oom_kill_process+0x25c/0x260"""
WARNING = """------------[ cut here ]------------
WARNING: CPU: 1 PID: 7 at page.c:1 mp_misuse+0x1/0x2 [movable_pool]
pc : mp_misuse+0x1/0x2 [movable_pool]
x29: ffff800008003c00 x28: 0000000000000000
Call trace:
 mp_misuse+0x1/0x2 [movable_pool]
---[ end trace 0000000000000000 ]---"""
OOPS = """Unable to handle kernel NULL pointer dereference at 0000000000000010
Mem abort info:
Internal error: Oops: 0000000096000004 [#1] SMP
Call trace:
 mp_migrate+0x1/0x2
---[ end trace 0000000000000000 ]---"""
TRAP = "general protection fault, probably for non-canonical address"


def stamped(*texts):
    return "\n".join(f"[    1.000000] {line}" for text in texts
                     for line in text.splitlines())

RACE = """\
==================================================================
BUG: KCSAN: data-race in {one} / {other}

write to 0xffff888001 of 8 bytes by task 1 on cpu 0:
 {one}
 kthread+0x1/0x2
read to 0xffff888001 of 8 bytes by task 2 on cpu 1:
 {other}
=================================================================="""


class Complaints(unittest.TestCase):
    def found(self, *texts):
        return [lines[0] for lines in klog.complaints(stamped(*texts))]

    def test_each_is_one(self):
        for text in (STACK, OOPS, TRAP, STACK.replace("trace", "Trace")):
            with self.subTest(text=text):
                self.assertEqual(self.found("before", text, "after"),
                                 [text.splitlines()[0]])

    def test_stack_of_a_process(self):
        """UML's stacks have no end, and other lines follow them."""
        stack = ("Call Trace:\n [<60037eba>] ? oom_kill_process.cold+0x94\n"
                 " [<601f3083>] ? out_of_memory+0x5c3/0x910")
        rest = "a line\n" * klog.LONGEST
        self.assertEqual(self.found("mp-allow-begin: oom_kill_process", stack,
                                    rest, "mp-expect-end"), [])
        self.assertEqual(self.found("mp-allow-begin: warn_alloc", stack,
                                    rest, "mp-expect-end"), ["Call Trace:"])

    def test_without_registers(self):
        lines = klog.complaints(stamped(WARNING))[0]
        self.assertEqual(len(lines), 4, lines)

    def test_announced(self):
        for text, pattern in ((STACK, "oom_kill"), (WARNING, "mp_misuse")):
            window = klog.BEGIN + pattern, text, klog.END
            self.assertEqual(self.found(*window), [])
            self.assertEqual(self.found(klog.BEGIN + "other", *window[1:])[0],
                             klog.readable(text.splitlines())[0])

    def test_stack_without_end(self):
        lockdep = "WARNING: possible recursive locking detected\nCall Trace:\n f"
        self.assertEqual(self.found(
            klog.BEGIN + "mp_misuse", klog.BEGIN + "recursive locking",
            lockdep, WARNING, klog.END, klog.END), [])

    def test_leaks(self):
        leak = ("kmemleak: 1 new suspected memory leaks (see "
                "/sys/kernel/debug/kmemleak)")
        self.assertEqual(self.found(leak), [leak])
        self.assertEqual(self.found(klog.BEGIN + "kmemleak: 1 new", leak,
                                    klog.END), [])

    def test_allowed(self):
        self.assertEqual(self.found(klog.ALLOW + "oom", klog.END), [])
        self.assertEqual(self.found(klog.ALLOW + "oom", STACK, klog.END), [])
        self.assertEqual(len(self.found(klog.ALLOW + "oom", WARNING,
                                        klog.END)), 1)

    def test_no_announcement_covers_an_oops(self):
        self.assertEqual(len(self.found(klog.BEGIN + "mp_migrate", OOPS,
                                        klog.END)), 2)

    def test_nested(self):
        texts = [klog.BEGIN + "mp_misuse", klog.BEGIN + "oom_kill", STACK,
                 WARNING, klog.END, klog.END]
        self.assertEqual(self.found(*texts), [])
        del texts[2]
        self.assertEqual(self.found(*texts), [
            "the warning a test announced never came: oom_kill"])
        self.assertEqual(self.found(*texts[:-1])[-1],
                         f"no {klog.END} followed: mp_misuse")

    def test_whose_race(self):
        theirs = RACE.format(one="folio_put+0x1", other="lru_add+0x1")
        ours = RACE.format(one="mp_link_cut+0x1 [movable_pool]",
                           other="lru_add+0x1")
        self.assertEqual(self.found(theirs), [])
        cut_short = theirs.splitlines()[:-1]
        self.assertEqual(len(self.found(*cut_short)), 1)
        self.assertEqual(len(self.found(ours)), 1)
        scanned = RACE.format(
            one="__ClearPageMovable\n mp_mops_unmark+0x1 [movable_pool]",
            other="isolate_migratepages_block")
        titled = ("data-race in __ClearPageMovable / "
                  "isolate_migratepages_block\n")
        scanned = re.sub("data-race in [^/]*/ .*\n", titled, scanned, 1)
        self.assertEqual(self.found(scanned), [])
        self.assertEqual(len(self.found(scanned.replace(
            "in __ClearPageMovable", "in mp_mark [movable_pool]"))), 1)
        interrupted = RACE.format(
            one="tick+0x1\n asm_sysvec_apic_timer_interrupt+0x1\n"
                " mp_link_cut+0x1 [movable_pool]", other="tick+0x1")
        self.assertEqual(self.found(interrupted), [])
        self.assertEqual(len(self.found(interrupted + "\n" + ours)), 1)
        self.assertEqual(self.found(klog.BEGIN + "mp_link_cut", ours,
                                    klog.END), [])

    def test_quiet(self):
        self.assertEqual(self.found("a trace of", "pc : nothing"), [])


if __name__ == "__main__":
    unittest.main()
