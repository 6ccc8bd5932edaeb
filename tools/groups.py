# SPDX-License-Identifier: GPL-2.0
"""Test groups: what selftests/groups.ini says, and which tests ONLY=x means."""
import configparser
import re
import shlex
import subprocess

from cache import Failure, TREE

FILE = TREE / "selftests/groups.ini"
DEFAULTS = {"about": "", "memory": "512", "cpus": "2", "variant": "normal",
            "modules": "", "carried": "", "programs": "", "cmdline": "",
            "files": "", "tools": "", "host_programs": "", "python": "",
            "sources": "0", "rarely": "no", "qemu": "", "disk": "0",
            "boots": "1", "limit": "300",
            "expected_skips": "", "sets": "", "backing": "", "needs": ""}
# The framework under both of its names.
CORE = ("movable_pool", "movable_pool_test")
# In a group's qemu: what is not anyone's in particular, in MiB.
SHARE = re.compile(r"\{(\d+)\}")
TEST_COLUMN = 40                # in what the harness prints for -l
VARIANTS = ("normal", "test")


class Test:
    """One test of one program, under the names people use for it."""

    def __init__(self, program, fixture, variant, name):
        self.program = program
        self.fixture = fixture
        self.name = name
        # What the harness calls it, in its -r option and in its results.
        self.key = ".".join(part for part in (fixture, variant, name) if part)
        self.id = f"{program}.{name}"

    def matches(self, word):
        """Does the name contain this word: R7 is in foo_R7, not in R70."""
        return re.search(rf"(^|_){re.escape(word)}(_|$)", self.name)


class Group:
    """One guest."""

    def __init__(self, name, section):
        self.name = name
        self.about = section["about"]
        self.memory = number(name, section, "memory")
        self.cpus = number(name, section, "cpus")
        self.disk = number(name, section, "disk")
        self.boots = number(name, section, "boots")
        self.limit = number(name, section, "limit")
        self.variant = section["variant"]
        self.modules = lines(section["modules"])
        self.carried = section["carried"].split()
        self.programs = section["programs"].split()
        self.files = section["files"].split()
        self.tools = section["tools"].split()
        self.host_programs = section["host_programs"].split()
        self.python = section["python"].split()
        self.sources = number(name, section, "sources")
        self.rarely = section["rarely"] == "yes"
        self.cmdline = " ".join(section["cmdline"].split())
        self.qemu = shlex.split(section["qemu"])
        self.expected_skips = [line.split(":")[0].strip()
                               for line in lines(section["expected_skips"])]
        self.sets = section["sets"].split()
        self.backing = section["backing"].split()
        self.needs = section["needs"].split()
        self.tests = []
        if self.variant not in VARIANTS:
            raise Failure(f"group {name}: variant is one of "
                          + ", ".join(VARIANTS))


    def runs_on(self, backing):
        """Only groups that say so run where no page can move."""
        return backing in self.backing if self.backing else backing != "none"

    def enlarge(self, extra):
        """More memory, in all and where the group says how it is shared."""
        self.memory += extra
        self.qemu = [SHARE.sub(lambda share: str(int(share.group(1)) + extra),
                               word) for word in self.qemu]

    def ask_for(self, backing):
        """Have pools of kernel data use it."""
        self.modules = [f"{line} backing={backing}"
                        if line.split()[0] in CORE else line
                        for line in self.modules]


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def number(name, section, key):
    try:
        return int(section[key])
    except ValueError:
        raise Failure(f"group {name}: {key} is a number")


def load():
    """All groups, in the file's order."""
    parser = configparser.ConfigParser(DEFAULTS, default_section="default",
                                       interpolation=None)
    try:
        parser.read(FILE)
    except configparser.Error as error:
        raise Failure(f"{FILE.name}: {error}")
    groups = []
    for name in parser.sections():
        unknown = set(parser[name]) - set(DEFAULTS)
        if unknown:
            raise Failure(f"group {name}: no such key: {sorted(unknown)[0]}")
        groups.append(Group(name, parser[name]))
    return groups


def programs():
    """The names of all programs that some group runs."""
    return sorted({name for group in load() for name in group.programs})


def list_tests(binary):
    """Ask a program which tests it has, in the order it runs them.

    The harness prints columns: a fixture's variants and its tests side by
    side, its name on the first row only.
    """
    done = subprocess.run([binary, "-l"], text=True, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    fixtures = []
    for row in done.stderr.splitlines():
        if row.startswith("# FIXTURE") or set(row) == {"-"}:
            continue
        words = row.split()
        if not words:
            continue
        if not row.startswith(" "):
            fixtures.append((words.pop(0), [], []))
        if not fixtures:
            raise Failure(f"{binary.name} -l does not list its tests: "
                          "it must use kselftest_harness.h")
        _, variants, tests = fixtures[-1]
        if len(words) == 2:
            variants.append(words.pop(0))
        elif tests and words and row.index(words[0], 1) < TEST_COLUMN:
            variants.append(words.pop(0))
        tests += words
    return distinguish([
        Test(binary.name, fixture, variant, name)
        for fixture, variants, tests in fixtures
        for variant in (variants or [""]) for name in tests])


def distinguish(tests):
    """Where program.test says too little, add fixture and variant."""
    plain = [test.id for test in tests]
    for test in tests:
        if plain.count(test.id) > 1:
            test.id = f"{test.program}.{test.key}"
    return tests


def fill(groups, programs):
    """Find out each group's tests from the built programs."""
    known = {}
    for group in groups:
        for name in group.programs:
            if not (programs / name).exists():
                raise Failure(f"group {group.name} names the program {name}, "
                              f"but there is no selftests/{name}.c")
            if name not in known:
                known[name] = list_tests(programs / name)
            group.tests += known[name]


def select(groups, only):
    """Keep what ONLY names: the first kind of name that it is one of."""
    if not only:
        return groups
    kinds = (lambda group, test: group.name == only,
             lambda group, test: only in group.sets,
             lambda group, test: test.program == only,
             lambda group, test: only in (test.id, test.name,
                                          f"{test.program}.{test.name}",
                                          f"{test.program}.{test.key}"),
             lambda group, test: test.matches(only))
    for kind in kinds:
        chosen = [(group, [test for test in group.tests if kind(group, test)])
                  for group in groups]
        if any(tests for _, tests in chosen):
            break
    else:
        raise Failure(f"ONLY={only} is no group, set, program or test; "
                      "there is:\n" + overview(groups))
    for group, tests in chosen:
        group.tests = tests
    return [group for group in groups if group.tests]


def usual(groups, only):
    """All but those that are run by name, or by make test-all."""
    return [group for group in groups
            if not group.rarely or only == group.name
            or only.partition(".")[0] in group.programs]


def leave_out(groups, sets):
    """All but the groups of these sets."""
    known = {name for group in groups for name in group.sets}
    for name in sets:
        if name not in known:
            raise Failure(f"WITHOUT={name} is no set; there is: "
                          + ", ".join(sorted(known)))
    return [group for group in groups if not set(sets) & set(group.sets)]


def drop_needy(groups, kernel):
    """Take the tests out that need more than is built into the kernel.

    Returns (name, reason)s.
    """
    dropped = []
    for group in groups:
        lacks = [option for option in group.needs if not kernel.has(option)]
        if lacks:
            dropped += [(test.id, "the kernel is built without "
                         + ", ".join(lacks)) for test in group.tests]
            group.tests = []
    return dropped


def overview(groups):
    """The names there are, for whoever mistyped one."""
    return "\n".join(f"  {group.name}:\n" + "\n".join(
        f"    {test.id}" for test in group.tests) for group in groups)
