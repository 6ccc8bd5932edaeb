# SPDX-License-Identifier: GPL-2.0
"""What compaction and unplug win, and what many pages and small objects cost:
what guests report is read, and compared."""
import sys
import unittest

import archive
from measured import Quiet, There

sys.path.insert(0, str(archive.HERE.parent))
import compaction
import locks
import objects
import scale
import subjects
import unplug
from cache import Failure

PLACES = """
bench empty fill 50 900 0
bench empty before 2048 4 4 2048
bench empty compact 1000 0 0 5 6
bench empty after 2048 4 4 2048
bench anon fill 50 900 1
bench anon before 1048 0 2 40
bench anon compact 5000 100 2 5 6
bench anon after 1048 2 2 1024
tries anon moved 102 0
moved anon fill 50 900 1
moved anon compact 5000 100 2 5 6
bench pool fill 50 900 18
bench pool before 1048 0 2 40
bench pool compact 4000 100 3 5 6
bench pool after 1048 1 2 600
tries empty moved 0 0
tries pool   moved   108    2
result pool -11
result pool -11
result pool -16
""".strip().splitlines()
UNPLUG = """
bench empty fill 50 900 0
unplug empty 5 6
bench pool fill 50 1024 0
unplug pool 4 6
""".strip().splitlines()


SCALE = """
bench pool alloc 16384000
bench pool publish 409600
bench pool taken 16416
bench pool free 8192000
bench pool end 3000
""".strip().splitlines()
OBJECTS = """
bench files kmalloc alloc 400
bench files kmalloc taken 1
bench files kmalloc free 40
bench files kmalloc end 4
""".strip().splitlines()


LOCKS = """
lock empty 2 alloc 100 10 1 &rq->__lock
lock raw 2 alloc 2100 10 1 &pcp->lock
lock pool 2 alloc 2100 30 11 &pcp->lock
lock pool 2 alloc 2000 0 0 fs_reclaim
lock pool 2 pin 1500 0 0 movable_pool_op
lock pool 2 pin 999 0 0 &rq->__lock
lock pool 2 free 2000 1000 0 &list->lock#3
lock pool 2 free 2000 1000 0 &other->lock
lock pool-each 2 alloc 3 2 0 two words
""".strip().splitlines()


class Kernel:
    version = release = package = "1.0"


def told(report, lines):
    for line in lines:
        report.line(line)
    return report


def compacted(lines=PLACES):
    return told(compaction.Compaction(Kernel, compaction.EVERYBODY, Quiet()),
                lines)


def unplugged(lines=UNPLUG):
    return told(unplug.Unplug(Kernel, unplug.MACHINES[0], 2048,
                              unplug.EVERYBODY, Quiet()), lines)


def row(found, title):
    return next(line.split() for line in found.lines()
                if line.startswith(title))


class Compaction(unittest.TestCase):
    def test_row(self):
        self.assertEqual(row(compacted(), "movable_pool")[1:],
                         ["1", "of", "2", "0", "2", "100", "3", "108", "2",
                          "1", "40", "-", "-"])

    def test_nothing_moved(self):
        self.assertIsNone(compacted().rounds["empty", 50].each())

    def test_goal_is_missed(self):
        goal, = compaction.goals(compacted())
        self.assertEqual((goal.ours, goal.reached()), (0.5, False))

    def test_who_is_missing(self):
        lacks = list(compacted().lacking(There("mp_bench_anon",
                                               "mp_bench_tmpfs")))
        self.assertIn("tmpfs, 50 %: was not compacted", lacks)
        self.assertFalse([line for line in lacks if "anon" in line])
        self.assertIn("pool: tries to move it were not all seen", lacks)

    def test_ours_are_elsewhere(self):
        found = compacted([line.replace("900 18", "900 19")
                           for line in PLACES])
        self.assertIn("pool, 50 %: 19 of 900 pages are not where they should "
                      "be", list(found.lacking(There())))

    def test_a_peer_that_is_elsewhere(self):
        found = compacted([*PLACES, "bench zsmalloc fill 50 900 30",
                           "bench zsmalloc before 1048 0 2 40",
                           "bench zsmalloc compact 4000 100 3 5 6",
                           "bench zsmalloc after 1048 1 2 600",
                           "tries zsmalloc moved 100 0"])
        self.assertEqual(row(found, "zsmalloc")[1], "-")
        self.assertFalse([line for line in found.lacking(There())
                          if "zsmalloc" in line])

    def test_the_kernels_own_test(self):
        task = told(compaction.Task(Quiet()), (
            "selftest # Number of huge pages allocated = 12",
            "selftest not ok 1 check_compaction"))
        self.assertEqual((task.huge, task.fine), (12, False))
        task.line("selftest ok 1 check_compaction")
        self.assertTrue(task.fine)

    def test_a_task_that_was_not_done(self):
        found = compacted()
        found.huge["pool"] = found.huge["empty"] = 5
        found.test["pool"] = (3, True)
        lacks = list(found.lacking(There()))
        self.assertIn("empty: compaction_test said nothing", lacks)
        self.assertIn("pool-cache: no huge pages were asked for", lacks)
        self.assertNotIn("pool: compaction_test said nothing", lacks)

    def test_huge_pages_of_half_of_memory(self):
        found = compacted()
        self.assertEqual(list(compaction.huge_lines([found])), [])
        found.huge = {"empty": 400, "raw": 10, "pool-cache": 190}
        self.assertEqual(list(compaction.huge_lines([found])),
                         ["Linux 1.0: alloc_page() 5, in page cache 95"])

    def test_record_has_every_round(self):
        record = compacted().record()
        self.assertEqual(len(record["rounds"]), 3)
        self.assertEqual(record["rounds"][2]["after"]["free_blocks"], 1)
        self.assertEqual(record["tries"]["pool"],
                         {"all": 108, "moved": 0,
                          "failed": {"EBUSY": 1, "EAGAIN": 2}})

    def test_tries_that_the_probe_does_not_see(self):
        found = compacted([*PLACES, "moved pool compact 4000 300 3 5 6"])
        self.assertEqual(row(found, "movable_pool")[8:12],
                         ["-", "-", "-", "40"])


class Misplaced(unittest.TestCase):
    """Who fills memory looks whether it was filled as it should be."""

    LINE = "bench pool fill 50 900 19"

    def test_in_all_guests(self):
        for report in (compaction.Task(Quiet()), unplugged([])):
            report.line(self.LINE)
            with self.assertRaisesRegex(Failure, "1.0: pool: 19 of 900 pages"):
                subjects.insist(report, "1.0")

    def test_a_few_may_be(self):
        report = told(compaction.Task(Quiet()), ["bench pool fill 50 900 18"])
        subjects.insist(report, "1.0")


class Unplug(unittest.TestCase):
    def test_rows(self):
        self.assertEqual(row(unplugged(), "movable_pool")[1:],
                         ["4", "4", "6"])
        self.assertEqual(row(unplugged(), "nothing")[1:], ["0", "5", "6"])

    def test_goal_is_what_goes_without_us(self):
        goal, = unplug.goals(unplugged())
        self.assertEqual((goal.ours, goal.limit), (4, 5))
        self.assertFalse(goal.reached())

    def test_who_is_missing(self):
        lacks = list(unplugged().lacking(There("mp_bench_raw")))
        self.assertIn("raw: no block was tried", lacks)
        self.assertNotIn("pool: no block was tried", lacks)


class Scale(unittest.TestCase):
    def one(self, size=64, lines=SCALE):
        return told(scale.Scale(Kernel, size, scale.asked_of(size, False),
                                Quiet()), lines)

    def test_row(self):
        found = self.one(lines=[*SCALE, "bench raw taken 16416",
                                "bench raw end 1000"])
        self.assertEqual(row(found, "movable_pool")[1:],
                         ["1,000", "25", "-", "-", "500", "1,525", "8.0",
                          "2,000"])

    def test_goal_is_flat(self):
        more = self.one(lines=[*SCALE, "bench pool alloc 19660800",
                               "bench pool pin 1", "bench pool map 1"])
        same = self.one(lines=[*SCALE, "bench pool pin 1",
                               "bench pool map 1"])
        goal = next(iter(scale.goals([same, more])))
        self.assertAlmostEqual(goal.ours, 20)
        self.assertFalse(goal.reached())
        self.assertTrue(next(iter(scale.goals([same, same]))).reached())

    def test_some_are_not_asked(self):
        self.assertEqual(scale.asked_of(64, True), ("raw", "pool"))
        self.assertIn("tmpfs", scale.asked_of(1024, False))

    def test_who_is_missing(self):
        self.assertEqual(list(self.one(4096).lacking(There("mp_bench_raw"))),
                         ["raw, 4096 MiB: was not measured"])


class Locks(unittest.TestCase):
    def one(self, lines=LOCKS):
        return told(locks.Locks(Kernel, 1000, (2,), locks.EVERYBODY, Quiet()),
                    lines)

    def test_beyond_nothing(self):
        found = self.one()
        self.assertEqual(found.each("pool", 2, "times", ("alloc",)), 1.0)
        self.assertEqual(found.each("pool", 2, "waited", ("alloc",)), 0.005)

    def test_what_is_no_lock(self):
        self.assertEqual(list(self.one().ops["pool", 2, "alloc"]),
                         ["&pcp->lock"])

    def test_names_of_ours(self):
        self.assertLess({"&list->lock", "mp_pools_lock"}, locks.own_classes())
        self.assertTrue(locks.is_one_of("&list->lock#3/1", {"&list->lock"}))
        self.assertFalse(locks.is_one_of("&a->list", {"&a"}))

    def test_goals(self):
        pins, elsewhere = locks.goals(self.one())
        self.assertTrue(pins.reached() and elsewhere.reached())
        pins, elsewhere = locks.goals(self.one([
            *LOCKS, "lock pool 2 map 1001 0 0 &a->lock",
            "lock pool-each 2 free 5 1 0 &list->lock"]))
        self.assertFalse(pins.reached() or elsewhere.reached())

    def test_of_whom(self):
        self.assertEqual(self.one().ours_elsewhere("pool", 2), 1000)
        self.assertEqual(self.one().classes("pool-each", 2, "elsewhere"),
                         {"two words": 0.001})

    def test_who_is_missing(self):
        self.assertIn("raw, 2 CPUs: no lock in free",
                      list(self.one().lacking(There("mp_bench_raw"))))

    def test_a_pin_that_takes_a_lock_fails(self):
        self.assertNotIn("pool: a pin takes a lock",
                         list(self.one().lacking(There())))
        found = self.one([*LOCKS, "lock pool 2 pin 2000 0 0 mp_conduct_lock"])
        self.assertIn("pool: a pin takes a lock",
                      list(found.lacking(There())))


class Objects(unittest.TestCase):
    def one(self):
        return told(objects.Objects(Kernel, {"files": [100, 924]}, 4, Quiet()),
                    OBJECTS)

    def test_figures(self):
        found = self.one()
        self.assertEqual(found.bytes("files"), 2048)
        self.assertEqual(found.each("files", "kmalloc", "alloc"), 100)
        self.assertIsNone(found.each("files", "kmalloc", "map"))
        self.assertEqual(found.wasted("files", "kmalloc"), 100)

    def test_who_is_missing(self):
        self.assertEqual(list(self.one().lacking()),
                         ["zsmalloc-objects, files: was not measured",
                          "heap, files: was not measured"])


if __name__ == "__main__":
    unittest.main()
