# SPDX-License-Identifier: GPL-2.0
"""Commands in documents: which are found, and which are refused."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import commands
from cache import TREE

MARKDOWN = """
Type this:

    make demo       # watch
    make test ONLY=core

or `make check`, but `make_it` is a name.

```c
make(this, not);
```

```text
make what was printed
```
"""
REST = """
Type this::

    make test ONLY="a b"      one group
    # insmod some.ko          # as root
    # cat /proc/x  # fails

    prose of the block

or ``make docs``, or ``making``.
"""
KNOWN = {"demo": {"KERNEL"}, "test": {"ONLY", "KERNEL"}, "modules": {"KDIR"},
         "nothing-runs-this": set()}


class Found(unittest.TestCase):
    def test_in_markdown(self):
        self.assertEqual(list(commands.commands("x.md", MARKDOWN)),
                         [("make demo", False), ("make test ONLY=core", False),
                          ("make check", False)])

    def test_in_rest(self):
        self.assertEqual(list(commands.commands("x.rst", REST)),
                         [('make test ONLY="a b"', False),
                          ("insmod some.ko", True), ("cat /proc/x", True),
                          ("make docs", False)])


class Refused(unittest.TestCase):
    def test_good(self):
        for command in ("make demo", "make", "make KDIR=dir",
                        'make test ONLY="a b" KERNEL=7.2'):
            with self.subTest(command):
                self.assertIsNone(commands.refused(command, KNOWN))

    def test_bad(self):
        for command, why in (
                ("make deno", "make has no verb deno"),
                ("make demo ONLY=x", "make demo knows no ONLY"),
                ("make test now", "make test knows no now"),
                ("make nothing-runs-this",
                 "no test runs make nothing-runs-this")):
            with self.subTest(command):
                self.assertEqual(commands.refused(command, KNOWN), why)

    def wrong(self, text, name="Documentation/locking.rst"):
        return list(commands.complaints(name, text))

    def test_roots(self):
        self.assertEqual(
            self.wrong("See::\n\n    # rmmod some\n"),
            ["Documentation/locking.rst: rmmod some: no group runs this "
             "document"])
        self.assertEqual(self.wrong("See::\n\n    # rmmod some\n",
                                    "Documentation/debugging.rst"), [])
        self.assertEqual(
            self.wrong("See::\n\n    rmmod some\n"),
            ["Documentation/locking.rst: rmmod some: root's, so '# ' goes "
             "before it"])


class Tree(unittest.TestCase):
    def test_verbs_and_variables(self):
        self.assertLessEqual({"KERNEL", "FLAVOUR", "ONLY", "CMDLINE"},
                             commands.verbs()["test"])
        self.assertLessEqual({"KDIR", "DESTDIR"}, commands.verbs()["install"])
        self.assertFalse([verb for verb in commands.verbs() if "_" == verb[0]])

    def test_help_names_each_verb(self):
        said = subprocess.run(["make", "help"], cwd=TREE, text=True,
                              check=True, stdout=subprocess.PIPE).stdout
        for verb in set(commands.verbs()) - {"modules", "help"}:
            self.assertRegex(said, rf"make {re.escape(verb)}[ :]")

    def test_what_is_run_elsewhere_is_shown(self):
        shown = {command for name in commands.all_complaints()[0]
                 for command, _ in commands.commands(
                     name, (TREE / name).read_text())}
        self.assertEqual(set(commands.RUN) - shown, set())


if __name__ == "__main__":
    unittest.main()
