# SPDX-License-Identifier: GPL-2.0
"""A private apt: any Debian suite, without root, without touching /.

The mirrors are the ones this machine is configured with, read at run time.
"""
import contextlib
import os
import pathlib
import re
import subprocess
import threading

from cache import Failure, full_disk, root, step

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PROGRESS_SECONDS = 10
TARGETS = "$(SITE) $(RELEASE) $(COMPONENT)"


def mirrors():
    """(archive, security): the Debian mirrors this machine uses."""
    text = subprocess.run(
        ["apt-get", "indextargets", "--format", TARGETS,
         "Created-By: Packages"], check=True, text=True,
        stdout=subprocess.PIPE).stdout
    archive = security = None
    for line in text.splitlines():
        site, release, component = line.split()
        if component != "main" or not is_debian(release):
            continue
        if re.search("[-/](security|updates/?$)", release) and \
                "security" in release + site:
            security = security or site
        elif "-" not in release:
            archive = archive or site
    if not archive:
        raise Failure("apt on this machine has no Debian mirror configured; "
                      "see sources.list(5)")
    return archive, security


def sources(suites):
    """Lines of a sources.list(5)."""
    archive, security = mirrors()
    signed = f" [signed-by={KEYRING}]" if os.path.exists(KEYRING) else ""
    sites = {suite: security if suite.endswith("-security") else archive
             for suite in suites}
    return [f"deb{signed} {site} {suite} main"
            for suite, site in sites.items() if site]


def is_debian(release):
    """A third-party source may be configured too; it names other suites."""
    names = set(re.findall("[a-z]+", release))
    return bool(names & {"bullseye", "bookworm", "trixie", "forky", "sid",
                         "oldstable", "stable", "oldoldstable", "testing",
                         "unstable"})


class Apt:
    """The suites of one kernel row, with lists and archives of their own."""

    def __init__(self, name, suites, also=""):
        self.dir = root() / "apt" / name
        self.suites = suites
        self.also = also        # an architecture besides this machine's

    def options(self):
        here = self.dir
        pairs = {
            "Dir::Etc::sourcelist": here / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": "-",
            "Dir::Etc::preferencesparts": "-",
            "Dir::State::Lists": here / "lists",
            # Else what this machine has installed counts as available.
            "Dir::State::status": here / "status",
            "Dir::Cache": here,
            "Dir::Cache::archives": here / "archives",
            "APT::Sandbox::User": "",
            "APT::Get::List-Cleanup": "0",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        if self.also:
            pairs["APT::Architectures"] = self.also
        return [f"-o{key}={value}" for key, value in pairs.items()]

    def run(self, program, *words, cwd=None):
        result = subprocess.run(
            [program, *self.options(), *words], text=True, cwd=cwd,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, env=dict(os.environ, LC_ALL="C"))
        if result.returncode:
            full_disk(result.stderr)
            raise Failure(self.reason(result.stderr, words))
        return result.stdout

    @staticmethod
    def reason(stderr, words):
        """apt's own first complaint, as one sentence."""
        lines = [line for line in stderr.splitlines()
                 if line.startswith(("E:", "W:", "Err"))]
        first = (lines or stderr.splitlines() or ["no reason given"])[0]
        return f"apt could not {' '.join(words)[:60]}: {first}"

    def update(self):
        for part in ("lists/partial", "archives/partial"):
            (self.dir / part).mkdir(parents=True, exist_ok=True)
        (self.dir / "status").write_text("")
        (self.dir / "sources.list").write_text("".join(
            f"{line}\n" for line in sources(self.suites)))
        step("lists", " ".join(self.suites))
        # Without it a list that did not arrive is only a warning.
        self.run("apt-get", "update", "-oAPT::Update::Error-Mode=any")

    def names(self):
        """All packages of these suites, and what they depend on."""
        return self.run("apt-cache", "pkgnames", "linux-").split()

    def show(self, package):
        """The fields of the newest version, empty if there is none."""
        try:
            text = self.run("apt-cache", "show", "--no-all-versions", package)
        except Failure as failure:
            if "No packages found" in str(failure):
                return {}
            raise
        return dict(re.findall(r"^([\w-]+): (.*)$", text, re.M))

    def download(self, package, into):
        """Fetch one package; returns its file."""
        fields = self.show(package)
        if not fields:
            raise Failure(f"{' '.join(self.suites)} has no {package}")
        size = int(fields["Size"])
        step("fetch", f"{package} {fields['Version']} ({size / 1e6:.0f} MB)")
        with progress(into, size):
            self.run("apt-get", "download", package, cwd=into)
        name = package.split(":")[0]
        debs = list(pathlib.Path(into).glob(f"{name}_*.deb"))
        if len(debs) != 1 or debs[0].stat().st_size != size:
            full_disk()
            raise Failure(f"the download of {package} is incomplete; "
                          "run the same command again")
        return debs[0]


@contextlib.contextmanager
def progress(directory, size):
    """A line now and then while a download takes longer than that."""
    done = threading.Event()

    def watch():
        while not done.wait(PROGRESS_SECONDS):
            have = sum(entry.stat().st_size for entry in
                       pathlib.Path(directory).rglob("*") if entry.is_file())
            step("", f"{have / 1e6:.0f} of {size / 1e6:.0f} MB")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
