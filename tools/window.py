# SPDX-License-Identifier: GPL-2.0
"""A terminal that is drawn on, and left as it was found, whatever happens."""
import os
import select
import signal
import sys
import termios
import tty

ENTER = "\033[?1049h\033[?25l"          # the other screen, no cursor
LEAVE = "\033[?25h\033[?1049l"
HOME, TO_END, BELOW = "\033[H", "\033[K", "\033[J"
KEYS = {b"\033[A": "up", b"\033[B": "down", b"\033OA": "up", b"\033OB": "down",
        b"k": "up", b"j": "down"}
ENDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Ended(Exception):
    """Somebody wants us to go."""


def end(number, _frame):
    raise Ended(number)


def ignore(_number, _frame):
    """The wake-up is what matters."""


class Window:
    """with Window(...) as window: it is ours, else the shell's."""

    def __init__(self, source, target):
        self.source = source.fileno()
        self.target = target
        self.saved = termios.tcgetattr(self.source)
        self.stopping = False
        self.rest = b""

    def __enter__(self):
        # A signal does not end select(), so it wakes it up.
        self.woken, self.wake = os.pipe()
        for descriptor in (self.woken, self.wake):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, ignore)
        signal.signal(signal.SIGTSTP, self.stop)
        for number in ENDED:
            signal.signal(number, end)
        self.begin()
        return self

    def __exit__(self, *_):
        for number in ENDED:
            signal.signal(number, signal.SIG_IGN)
        self.leave()
        signal.set_wakeup_fd(-1)
        os.close(self.woken)
        os.close(self.wake)

    def begin(self):
        try:
            tty.setcbreak(self.source)
            self.write(ENTER)
        except BaseException:
            self.leave()
            raise

    def leave(self):
        try:
            termios.tcsetattr(self.source, termios.TCSADRAIN, self.saved)
            self.write(LEAVE)
        except (OSError, termios.error):
            pass                # there is no terminal any more

    def stop(self, _number, _frame):
        """Ctrl-Z; done where nothing is half drawn."""
        self.stopping = True

    def write(self, text):
        self.target.write(text)
        self.target.flush()

    def size(self):
        """(columns, lines)"""
        try:
            size = os.get_terminal_size(self.target.fileno())
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def draw(self, lines):
        self.write(HOME + f"{TO_END}\n".join(lines) + TO_END + BELOW)

    def wait(self, seconds=None, other=None):
        """(names of the keys pressed, whether the other can be read).

        No keys if the time has passed or the window has another size, None
        at the end of input.  Without a time it is for ever."""
        sources = [self.source, self.woken] + ([other] if other else [])
        ready, _, _ = select.select(
            sources, [], [], None if seconds is None else max(0, seconds))
        return self.pressed(ready), other in ready

    def pressed(self, ready):
        if self.woken in ready:
            os.read(self.woken, 4096)
        if self.stopping:
            self.stopping = False
            self.leave()
            os.kill(os.getpid(), signal.SIGSTOP)
            self.begin()
        if self.source not in ready:
            return []
        try:
            data = os.read(self.source, 4096)
        except OSError:         # the other side of it has gone
            return None
        return list(self.keys(data)) if data else None

    def keys(self, data):
        data, self.rest = self.rest + data, b""
        while data:
            known = next((key for key in KEYS if data.startswith(key)), None)
            if not known and any(key.startswith(data) and key != data
                                 for key in KEYS):
                self.rest = data        # the beginning of one
                return
            size = len(known) if known else 1
            yield KEYS.get(data[:size]) or data[:size].decode(
                errors="replace")
            data = data[size:]


def usable():
    """Is there somebody who sees it and can press a key?"""
    return (sys.stdin.isatty() and sys.stdout.isatty()
            and os.environ.get("TERM", "dumb") != "dumb")
