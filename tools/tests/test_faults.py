# SPDX-License-Identifier: GPL-2.0
"""Sites that failed are read from logs, added up, and missed; groups' needs."""
import importlib
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import faults
import groups
import kernels

LOG = """\
[    1.0] movable_pool: fault alloc-page 3 1
[    1.0] movable_pool: fault mount 1 0
[    1.1] movable_pool: fault is no list
[    2.0] movable_pool: fault alloc-page 4 0
[    2.0] movable_pool: fault mount 1 0
"""


class Faults(unittest.TestCase):
    def test_sums(self):
        """Of modules loaded twice, and of several guests."""
        found = faults.Faults()
        self.assertTrue(found.add(LOG))
        self.assertTrue(found.add(LOG))
        self.assertFalse(found.add("[    1.0] something else\n"))
        self.assertEqual(found.sites, {"alloc-page": [14, 2],
                                       "mount": [4, 0]})
        self.assertEqual(found.never_failed(), ["mount"])

    def test_table(self):
        found = faults.Faults()
        found.add(LOG)
        self.assertEqual(list(found.table()),
                         ["  site        passes  failed",
                          "  alloc-page       7       1",
                          "  mount            2       0"])

    def test_untested_site_fails_the_run(self):
        run_tests = importlib.import_module("run-tests")
        totals = run_tests.Totals()
        totals.faults.add(LOG)
        with mock.patch.object(run_tests, "say") as say:
            totals.check_faults()
        self.assertEqual(totals.failed, 1)
        self.assertIn("mount", say.call_args[0][0])


class Needs(unittest.TestCase):
    def dropped(self, config):
        """(tests left, reasons) of a group that needs two options."""
        group = groups.Group("nth", dict(
            groups.DEFAULTS, needs="CONFIG_FAULT_INJECTION CONFIG_FAILSLAB"))
        group.tests = [groups.Test("nth", "", "", "alloc")]
        with tempfile.TemporaryDirectory() as name:
            kernel = mock.Mock(kdir=pathlib.Path(name))
            (kernel.kdir / ".config").write_text("#\n" + config)
            kernel.has = lambda option: kernels.Kernel.has(kernel, option)
            reasons = groups.drop_needy([group], kernel)
        return group.tests, reasons

    def test_kernel_has_all(self):
        left, reasons = self.dropped("CONFIG_FAULT_INJECTION=y\n"
                                     "CONFIG_FAILSLAB=y\n")
        self.assertEqual((len(left), reasons), (1, []))

    def test_kernel_lacks_one(self):
        left, reasons = self.dropped("CONFIG_FAULT_INJECTION=y\n"
                                     "# CONFIG_FAILSLAB is not set\n")
        self.assertEqual(left, [])
        self.assertEqual(reasons, [("nth.alloc", "the kernel is built without "
                                    "CONFIG_FAILSLAB")])


if __name__ == "__main__":
    unittest.main()
