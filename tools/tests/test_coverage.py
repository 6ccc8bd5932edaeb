# SPDX-License-Identifier: GPL-2.0
"""Coverage: what guests send is kept, read by gcov, and made one."""
import base64
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import coverage
from cache import Failure

PROGRAM = """\
static int twice(int n)
{
	if (n > 100)
		return 0;
	return 2 * n;
}

static int never(void)
{
	return 1;
}

int main(int argc, char **argv)
{
	return argc > 5 ? never() : twice(argc) - 2;
}
"""


def sent(**files):
    """A guest's report with these files in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"./{name}.gcda")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    text = base64.encodebytes(buffer.getvalue()).decode()
    return "ok 1 test\n" + "".join(f"mp-coverage: {line}\n"
                                   for line in text.splitlines()) + "end\n"


def found(name, function, **counts):
    """As gcov says it."""
    return {"files": [{"file": name, "lines": [
        {"line_number": int(line[1:]), "count": count,
         "function_name": function} for line, count in counts.items()]}]}


class Coverage(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        self.work = pathlib.Path(keeper.name)

    def test_save(self):
        note = self.work / "pool.gcno"
        note.write_text("note")
        target = self.work / "kept/api"
        self.assertIsNone(coverage.save(sent(pool=b"one", page=b"two"),
                                        [note], target))
        self.assertEqual({path.name: path.read_text()
                          for path in target.iterdir()},
                         {"pool.gcda": "one", "page.gcda": "two",
                          "pool.gcno": "note"})

    def test_nothing_sent(self):
        self.assertIn("sent no data", coverage.save("ok 1 test\n", [],
                                                    self.work / "kept"))

    def test_union(self):
        """A line that ran on one kernel has run; each compiled line counts."""
        lines = coverage.Lines()
        path = "/some/where/drivers/movable-pool/compat/x.c"
        lines.add(found(path, "x_init", n1=0, n2=3, n7=0))
        lines.add(found("drivers/movable-pool/compat/../compat/x.c", "x_init",
                        n1=2, n2=0))
        lines.add(found(path, "x_exit", n9=0, n10=0))
        lines.add(found("include/linux/mm.h", "page_count", n5=0))
        self.assertEqual(lines.total(), (5, 2))
        self.assertEqual(lines.missing("compat/x.c"),
                         [("x_init", [7]), ("x_exit", [9, 10])])

    def test_gcov(self):
        source = self.work / "drivers/movable-pool/x.c"
        source.parent.mkdir(parents=True)
        source.write_text(PROGRAM)
        subprocess.run(["gcc", "--coverage", "-c", source, "-o", "x.o"],
                       cwd=self.work, check=True)
        subprocess.run(["gcc", "--coverage", "x.o", "-o", "x"],
                       cwd=self.work, check=True)
        subprocess.run(["./x"], cwd=self.work, check=True)
        lines = coverage.read(self.work)
        self.assertEqual(lines.missing("x.c"),
                         [("twice", [4]), ("never", [8, 10])])
        # Notes of another build than the data's are no answer.
        source.write_text(PROGRAM.replace("100", "10"))
        subprocess.run(["gcc", "--coverage", "-c", source, "-o", "x.o"],
                       cwd=self.work, check=True)
        with self.assertRaisesRegex(Failure, "gcov cannot read"):
            coverage.read(self.work)

    def test_table(self):
        lines = coverage.Lines()
        lines.add(found("drivers/movable-pool/pool.c", "f", n1=1, n2=0))
        lines.add(found("drivers/movable-pool/compat/x.c", "f", n1=1))
        self.assertEqual(list(coverage.table(lines)),
                         ["  file        lines  covered       %",
                          "  compat/x.c      1        1   100.0",
                          "  pool.c          2        1    50.0",
                          "  all             3        2    66.7"])


if __name__ == "__main__":
    unittest.main()
