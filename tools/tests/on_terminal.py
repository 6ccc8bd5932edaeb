# SPDX-License-Identifier: GPL-2.0
"""How a program starts that has a terminal to itself."""
import fcntl
import signal
import termios


def begin():
    """For preexec_fn, with start_new_session: standard input is a terminal.

    A shell's background job ignores SIGINT, nohup's SIGHUP, and whoever they
    start inherits that.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
