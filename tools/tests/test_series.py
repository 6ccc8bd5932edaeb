# SPDX-License-Identifier: GPL-2.0
"""The series for the kernel: small changes of text, sources without compat/,
what is in which patch, the cover letter, links into a kernel tree."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import applied
import cover
import hunks
import intree
import link
import series
import program
import upstream
from cache import Failure, TREE

HUNKS = """\
# a remark
== drivers/Makefile
 obj-y += resctrl/
+obj-y += ours/

-two
+2
== other
+first
 one
"""
INI = """\
[sources]
dropped = driver/compat/compat.h
[paths]
driver/compat/form-a.c = driver/form.c
selftests/ = tools/testing/selftests/x/
[names]
mp_compat_cache_ = mp_file_
MP_HAVE_MOVE\\b = CONFIG_MOVE
"""
CALLS = """\
[mp_compat_copy(dst, src)]
is = folio_mc_copy(page_folio(dst), page_folio(src))
header = linux/mm.h

[kzalloc(sizeof(*object), gfp)]
is = kzalloc_obj(*object, gfp)
header = linux/slab.h
"""
SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/pagemap.h>

#include "compat/compat.h"
#include "own.h"

#ifdef MP_HAVE_NEW
int new(void);
#else
int old(void);
#endif

static int f(struct page *a, struct page *b)
{
	struct x *x = kzalloc(sizeof(*x), GFP_KERNEL);

	return mp_compat_cache_add(mp_compat_copy(a, b),
				   x);
}
"""


class Hunks(unittest.TestCase):
    def apply(self, name, text):
        return hunks.apply(hunks.parse(HUNKS, "here")[name], text, "there")

    def test_what_is_there_once(self):
        self.assertEqual(
            self.apply("drivers/Makefile", "one\nobj-y += resctrl/\ntwo\n"),
            "one\nobj-y += resctrl/\nobj-y += ours/\n2\n")
        self.assertEqual(self.apply("other", "one\n"), "first\none\n")

    def test_what_is_not_there_and_what_is_twice(self):
        for text, times in (("nothing\n", 0), ("one\none\n", 2)):
            with self.assertRaisesRegex(Failure, f"found {times} times"):
                self.apply("other", text)

    def test_what_is_no_hunk(self):
        with self.assertRaisesRegex(Failure, "here:2: not a line"):
            hunks.parse("== file\nfree words\n", "here")
        with self.assertRaisesRegex(Failure, "here:1: not a line"):
            hunks.parse("+of no file\n", "here")


class Conversion(unittest.TestCase):
    def setUp(self):
        area = tempfile.TemporaryDirectory()
        self.addCleanup(area.cleanup)
        self.tree = pathlib.Path(area.name)
        for name, text in {
                "up/series.ini": INI, "up/calls.ini": CALLS,
                "up/words.txt": "== driver/a.c\n-#include <linux/err.h>\n",
                "up/lines.txt": "== driver/a.c\n-\t\t\t   x);\n"
                                "+\t\t\t   x);\t/* last */\n",
                "up/has.h": "#define MP_HAVE_NEW 1\n",
                "driver/compat/compat.h": "int mp_compat_copy(void);\n",
                "driver/own.h": "#ifndef OWN\n", "driver/a.c": SOURCE,
                "driver/compat/form-a.c": '#include "../own.h"\n'}.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        patch = mock.patch.object(intree, "TREE", self.tree)
        patch.start()
        self.addCleanup(patch.stop)
        self.rules = intree.Rules(self.tree / "up")

    def convert(self, *names):
        return intree.convert(self.rules, names)

    def test_all_of_it(self):
        text = self.convert("driver/a.c")["driver/a.c"]
        self.assertEqual(text, """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "own.h"

int new(void);

static int f(struct page *a, struct page *b)
{
	struct x *x = kzalloc_obj(*x, GFP_KERNEL);

	return mp_file_add(folio_mc_copy(page_folio(a), page_folio(b)),
			   x);	/* last */
}
""")

    def test_what_is_left_is_an_error(self):
        lines = {"int mp_compat_other(void);": "knows of other kernels",
                 "#ifdef MP_HAVE_OLD\n#endif": "knows of other kernels",
                 "/* Since 6.3 it may sleep. */": "knows of other kernels",
                 f"int x;{' ' * 70}int y;": "too long"}
        for line, complaint in lines.items():
            (self.tree / "driver/a.c").write_text(SOURCE + line + "\n")
            with self.subTest(line), \
                    self.assertRaisesRegex(Failure, complaint):
                self.convert("driver/a.c")

    def test_documents_speak_of_this_kernel_alone(self):
        page = self.tree / "Documentation/page.rst"
        page.parent.mkdir()
        for line in ("Since 6.3 it sleeps.", "aops, mops and typed",
                     "A stock kernel has it.", "``make check`` compares."):
            page.write_text(f"Page\n====\n\n{line}\n")
            with self.subTest(line), \
                    self.assertRaisesRegex(Failure, "other kernels"):
                self.convert("driver/a.c", "Documentation/page.rst")
        page.write_text("It came in 2.6.16.\n")
        self.convert("driver/a.c", "Documentation/page.rst")

    def test_words_that_nobody_says(self):
        with self.assertRaisesRegex(Failure, "not part of the series"):
            self.convert("driver/compat/form-a.c")

    def test_a_file_that_moves_finds_its_headers(self):
        texts = self.convert("driver/a.c", "driver/compat/form-a.c")
        self.assertEqual(texts["driver/compat/form-a.c"],
                         '#include "own.h"\n')

    def test_two_headers_of_one_guard(self):
        (self.tree / "driver/twin.h").write_text("#ifndef OWN\n")
        with self.assertRaisesRegex(Failure, "the same guard, OWN"):
            self.convert("driver/a.c", "driver/own.h", "driver/twin.h")

    def test_places(self):
        self.assertEqual(self.rules.place("driver/compat/form-a.c"),
                         "driver/form.c")
        self.assertEqual(self.rules.place("selftests/kmod/a.c"),
                         "tools/testing/selftests/x/kmod/a.c")
        self.assertEqual(
            self.rules.in_prose("see selftests/a.c, not myselftests/a.c"),
            "see tools/testing/selftests/x/a.c, not myselftests/a.c")


class Plan(unittest.TestCase):
    """The series as it is."""

    def setUp(self):
        self.plan = series.Series()

    def test_each_file_comes_once_and_headers_before_their_users(self):
        known = []
        for names in self.plan.sources().values():
            known += names
            for name in names:
                text = (series.TREE / name).read_text()
                for path in intree.needed(name, text):
                    self.assertIn(path, known, name)
        self.assertEqual(len(known), len(set(known)))

    def test_every_source_of_the_driver_is_in_it(self):
        """But for those that are for other kernels."""
        mine = {name for names in self.plan.sources().values()
                for name in names}
        there = {str(path.relative_to(series.TREE)) for path in
                 (series.TREE / "drivers/movable-pool").glob("**/*.[ch]")
                 if "/probe/" not in str(path)}
        there |= {f"include/linux/{path.name}" for path in
                  (series.TREE / "include/linux").glob("movable_*.h")}
        left_out = {name for name in there - mine if "/compat/" not in name}
        self.assertEqual(left_out, set())
        self.assertIn("drivers/movable-pool/compat/nonlru-mops.c",
                      there - mine)

    def test_every_patch_has_a_message_of_short_lines(self):
        for patch in self.plan.patches:
            subject, _, body = patch.message().partition("\n\n")
            with self.subTest(patch.name):
                self.assertRegex(subject, r"^[\w/ .]+: \S")
                self.assertGreater(len(body), 100)
                self.assertLessEqual(max(map(len, body.splitlines())), 75)

    def test_what_a_tree_must_have(self):
        needed = self.plan.needed()
        self.assertIn("mm/migrate.c", needed)
        self.assertIn("arch/powerpc/platforms/pseries/cmm.c", needed)
        self.assertNotIn("mm/movable_pool.c", needed)
        self.assertNotIn("drivers/movable-pool/Makefile", needed)

    def test_messages_are_filled(self):
        text = series.wrapped("one\ntwo\n\n - an item that\n   goes on\n\n"
                              "    $ as it is\n    and so on\n")
        self.assertEqual(text, "one two\n\n - an item that goes on\n\n"
                               "    $ as it is\n    and so on\n")


class Letter(unittest.TestCase):
    FORM = "Subject: *** SUBJECT HERE ***\n\n*** BLURB HERE ***\n\nstat\n"

    def test_its_figures_are_the_benches(self):
        row = cover.one(cover.figures("costs"), kernel="7.2-typed",
                        unit="instructions")
        text = cover.letter(self.FORM, series.Series())
        self.assertIn(f"{row['costs']['pool']['move']:,.0f}", text)
        self.assertIn(row["release"], text)
        self.assertNotIn("@", text)
        self.assertNotIn("***", text)

    def test_other_figures_are_another_letter(self):
        before = cover.letter(self.FORM, series.Series())
        real = cover.figures

        def doubled(name):
            rows = real(name)
            for row in rows if name == "costs" else ():
                for costs in row["costs"].values():
                    costs.update({op: 2 * value
                                  for op, value in costs.items()})
            return rows
        with mock.patch.object(cover, "figures", doubled):
            self.assertNotEqual(cover.letter(self.FORM, series.Series()),
                                before)

    def test_what_was_not_run_is_not_said(self):
        row = {"passed": 7, "failed": 0, "release": "Linux 7.2"}
        for seen, said in (({}, "was not built and run"),
                           (row, "built as a module after each patch")):
            with self.subTest(said), \
                    mock.patch.object(cover.cache, "read_json",
                                      lambda _, seen=seen: seen):
                self.assertIn(said, "\n".join(cover.tested()))

    def test_the_size_is_that_of_the_files(self):
        plan = mock.Mock(kernel_patches=[])
        plan.texts.return_value = {
            "one": {"drivers/movable-pool/a.c": "a\n\nb\n",
                    "drivers/movable-pool/tests/a.c": "a\n"},
            "two": {"tools/a.c": "a\nb\n"}}
        self.assertEqual(cover.sizes(plan), {
            "mm/": 0, "driver": 3, "headers": 0, "samples": 0,
            "documentation": 0, "selftests": 2, "KUnit tests": 1})

    def test_a_figure_that_nobody_has_measured(self):
        with self.assertRaisesRegex(Failure, "there is no @speed@"):
            cover.filled("twice the @speed@", series.Series())
        with self.assertRaisesRegex(Failure, "0 results"):
            cover.costs(kernel="9.9")


class KernelTree(unittest.TestCase):
    """What is asked of, and done to, somebody else's tree."""

    FILES = {"Makefile": "VERSION = 7\n", "MAINTAINERS": "all\n",
             "mm/migrate.c": "\n", "include/linux/movable_type.h": "\n",
             "drivers/Makefile": "obj-y += base/\n",
             "drivers/Kconfig": 'menu "Device Drivers"\n\nendmenu\n'}

    def setUp(self):
        area = tempfile.TemporaryDirectory()
        self.addCleanup(area.cleanup)
        self.tree = pathlib.Path(area.name) / "linux"
        for name, text in self.FILES.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def files(self):
        return {str(path.relative_to(self.tree)): path.read_text()
                for path in self.tree.rglob("*") if path.is_file()}

    def test_there_and_back(self):
        link.link(self.tree)
        link.link(self.tree)
        driver = self.tree / "drivers/movable-pool"
        self.assertTrue((driver / "pool.c").is_file())
        self.assertIn("MOVABLE_POOL", (self.tree
                                       / "drivers/Makefile").read_text())
        lines = (self.tree / "drivers/Kconfig").read_text().splitlines()
        self.assertEqual(lines[-2:], [
            'source "drivers/movable-pool/Kconfig"', "endmenu"])
        self.assertTrue(link.unlink(self.tree))
        self.assertEqual(self.files(), self.FILES)
        self.assertFalse(link.unlink(self.tree))

    def test_a_tree_of_hard_links(self):
        other = self.tree.parent / "Kconfig of another tree"
        os.link(self.tree / "drivers/Kconfig", other)
        link.link(self.tree)
        self.assertNotIn("movable", other.read_text())

    def test_somebody_elses_file_is_kept(self):
        path = self.tree / "include/linux/movable_pool.h"
        path.write_text("theirs\n")
        before = self.files()
        with self.assertRaisesRegex(Failure, "is no link into this tree"):
            link.link(self.tree)
        link.unlink(self.tree)
        self.assertEqual(self.files(), before)

    def test_a_tree_that_cannot_be_hooked_is_left_alone(self):
        (self.tree / "drivers/Kconfig").write_text("# nothing\n")
        before = self.files()
        with self.assertRaisesRegex(Failure, "has no line 'endmenu'"):
            link.link(self.tree)
        self.assertEqual(self.files(), before)

    def test_what_is_no_kernel_tree(self):
        (self.tree / "mm/migrate.c").unlink()
        with self.assertRaisesRegex(Failure, "it has no mm/migrate.c"):
            series.check_tree(self.tree)

    def test_a_tree_that_has_the_series(self):
        (self.tree / "drivers/movable-pool").mkdir()
        with self.assertRaisesRegex(Failure, "has drivers/movable-pool"):
            upstream.write(self.tree, self.tree / "out", upstream.AUTHOR)

    def test_a_directory_of_something_else_is_not_emptied(self):
        out = self.tree / "out"
        out.mkdir()
        for name in ("notes.txt", "0001-mine.patch"):
            (out / name).write_text("precious\n")
            with self.subTest(name), \
                    self.assertRaisesRegex(Failure, "another directory"):
                upstream.replace(out, self.tree, upstream.AUTHOR)
            self.assertEqual((out / name).read_text(), "precious\n")
            (out / name).unlink()

    def test_another_kernel_is_refused_with_its_reason(self):
        with self.assertRaisesRegex(Failure, r"0001\S* does not apply"):
            upstream.write(self.tree, self.tree / "out", upstream.AUTHOR)

    def test_who_it_is_from(self):
        for words, good in (("A B <a@example.org>", True), ("nobody", False)):
            done = mock.Mock(stdout=words + "\n")
            with mock.patch.object(upstream.subprocess, "run",
                                   return_value=done):
                if good:
                    self.assertEqual(upstream.author(), words)
                else:
                    with self.assertRaisesRegex(Failure, "not 'Name"):
                        upstream.author()


class Documents(unittest.TestCase):
    """Those of the series, which are not all of this tree's."""

    def wrong(self, why, **texts):
        made = {"documentation": {f"{series.DOCUMENTS}/{name}.rst": text
                                  for name, text in texts.items()}}
        with self.assertRaisesRegex(Failure, why):
            series.no_dead_references(made)

    def test_one_that_is_not_there(self):
        self.wrong("one.rst speaks of what is not there: testing.rst",
                   index="   one\n", one="See testing.rst.\n")
        self.wrong("states.dot", index="   one\n",
                   one=".. kernel-figure:: states.dot\n")

    def test_an_index_that_is_another(self):
        self.wrong("differ: one, two", index="   two\n", one="Text.\n")


class Verbs(unittest.TestCase):
    """What Documentation/upstream.rst says to type."""

    def setUp(self):
        area = tempfile.TemporaryDirectory()
        self.addCleanup(area.cleanup)
        self.area = pathlib.Path(area.name)
        self.tree = self.area / "linux"
        base = upstream.base()
        for name in series.Series().needed():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((base / name).read_bytes())
        self.run_in(self.tree, "git init -q . && git add -A && "
                    "git commit -q -m base")

    def run_in(self, where, command):
        person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
                  for what, value in (("NAME", "A"), ("EMAIL", "a@b"))}
        done = subprocess.run(
            command, cwd=where, shell=True, text=True,
            env=dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", **person),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_patch(self):
        out = self.area / "out"
        self.run_in(TREE, f"make -s patch KSRC={self.tree} OUT={out}")
        self.run_in(self.tree, f"git am --empty=drop {out}/*.patch")
        plan = series.Series()
        self.assertEqual(
            len(self.run_in(self.tree, "git log --format=%s").splitlines()),
            1 + len(plan.kernel_patches) + len(plan.patches))
        self.assertTrue((self.tree / "drivers/movable-pool/pool.c").is_file())
        self.run_in(self.tree, "git reset -q --hard HEAD~1")
        last = sorted(out.iterdir())[-1]
        self.run_in(self.tree, f"git am -s {last}")
        self.assertIn("Signed-off-by: A <a@b>",
                      self.run_in(self.tree, "git log -1"))

    def test_link_and_unlink(self):
        self.run_in(TREE, f"make -s link KSRC={self.tree}")
        self.assertTrue((self.tree / "drivers/movable-pool/pool.c").is_file())
        self.run_in(TREE, f"make -s unlink KSRC={self.tree}")
        self.assertEqual(self.run_in(self.tree, "git status --short"), "")

    def test_author(self):
        person = "Name <name@example.org>"
        self.run_in(self.tree, f'git config movablepool.author "{person}"')
        with mock.patch.object(upstream, "TREE", self.tree):
            self.assertEqual(upstream.author(), person)


class Bench(unittest.TestCase):
    """What tests the series can fail."""

    def setUp(self):
        self.bench = program.load("test-series")
        area = tempfile.TemporaryDirectory()
        self.addCleanup(area.cleanup)
        self.area = pathlib.Path(area.name)

    def report(self, function, *words):
        report = self.bench.Report()
        with mock.patch.object(self.bench, "say"), \
                mock.patch("cache.say"):
            value = report.test("it", function, *words)
        return report, value

    def test_a_failure_counts(self):
        def fails(why):
            raise Failure(why)
        report, value = self.report(fails, "no reason")
        self.assertEqual((report.passed, report.failed, value), (0, 1, None))
        report, value = self.report(len, "four")
        self.assertEqual((report.passed, report.failed, value), (1, 0, 4))

    def test_a_letter_that_is_not_complete(self):
        path = self.area / "0000-cover-letter.patch"
        for left in ("*** BLURB HERE ***", "a move is @move@"):
            path.write_text(f"Subject: one\n\n{left}\n")
            with self.subTest(left), self.assertRaisesRegex(Failure, "left"):
                self.bench.letter(path)
        path.write_text("From: A <a@example.org>\n")
        self.bench.letter(path)

    def test_a_patch_that_does_not_apply(self):
        (self.area / "a").write_text("one\n")
        applied.repository(self.area, ["a"])
        patch = self.area / "0001.patch"
        patch.write_text("From: A <a@example.org>\nSubject: [PATCH] a\n\n---\n"
                         "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-two\n+2\n")
        with self.assertRaisesRegex(Failure, "git am: "):
            applied.am(self.area, patch)

    def test_files_of_the_driver_that_a_patch_adds(self):
        (self.area / "a").write_text("one\n")
        applied.repository(self.area, ["a"])
        driver = self.area / applied.DRIVER
        driver.mkdir(parents=True)
        (driver / "new.c").write_text("\n")
        (driver / "new.h").write_text("\n")
        (self.area / "a").write_text("two\n")
        applied.git(self.area, "add", "-f", "a", applied.DRIVER)
        applied.git(self.area, "commit", "-q", "-m", "more")
        self.assertEqual(applied.added(self.area),
                         [f"{applied.DRIVER}/new.c"])

    def test_modules_by_the_names_of_the_groups(self):
        tree = mock.Mock(source=self.area / "source")
        for name in (f"objects/{applied.DRIVER}/movable_pool.ko",
                     f"source/{applied.SELFTESTS}/kmod/mp_test.ko"):
            (self.area / name).parent.mkdir(parents=True)
            (self.area / name).write_text("\n")
        modules = applied.Modules(self.area / "objects", tree)
        self.assertEqual(modules.module("movable_pool_test").name,
                         "movable_pool.ko")
        self.assertEqual(modules.module("mp_test").name, "mp_test.ko")
        self.assertIsNone(modules.module("movable_ramdisk"))


if __name__ == "__main__":
    unittest.main()
