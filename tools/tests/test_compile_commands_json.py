# SPDX-License-Identifier: GPL-2.0
"""make compile_commands.json: clangd reads the tree's files by it."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import clangd
import kernels
from cache import TREE


class Entries(unittest.TestCase):
    def test_names_and_options(self):
        entry = {"directory": "/k", "file": "/area/drivers/a.c",
                 "command": "gcc -Wp,-MMD,/area/.a.d -mrecord-mcount -O2 "
                            "-I/area/include -fmacro-prefix-map=/area/= "
                            "-I/areal -c /area/drivers/a.c"}
        self.assertEqual(
            clangd.for_tree([entry], "/area"),
            [{"directory": "/k", "file": f"{TREE}/drivers/a.c",
              "command": f"gcc -O2 -I{TREE}/include "
                         f"-fmacro-prefix-map={TREE}/= -I/areal "
                         f"-c {TREE}/drivers/a.c"}])


class Read(unittest.TestCase):
    def test_by_clangd(self):
        entries = clangd.database(kernels.get())
        files = {entry["file"] for entry in entries}
        for name in ("drivers/movable-pool/page.c", "samples/first/"
                     "movable_first.c", "selftests/kmod/driver.c"):
            self.assertIn(str(TREE / name), files)
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as place:
            (pathlib.Path(place) / clangd.NAME).write_text(json.dumps(entries))
            done = subprocess.run(
                ["clangd", f"--compile-commands-dir={place}",
                 f"--check={TREE}/drivers/movable-pool/page.c"], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertIn("All checks completed, 0 errors", done.stdout)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
