# SPDX-License-Identifier: GPL-2.0
"""What a guest asks of QEMU, and what it is answered."""
import io
import json
import pathlib
import socket
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import qmp
from cache import Failure


def serve(listener, said):
    """A QEMU that knows one command; an event comes before each answer."""
    try:
        link, _ = listener.accept()
    except OSError:             # a test that asked nothing has ended
        return
    with link, link.makefile("rw", encoding="utf-8") as stream:
        stream.write('{"QMP": {}}\n')
        stream.flush()
        for line in stream:
            command = json.loads(line)
            said.append(command)
            answer = {"return": {}}
            if command["execute"] == "unknown":
                answer = {"error": {"desc": "no such command"}}
            stream.write('{"event": "RESUME"}\n' + json.dumps(answer) + "\n")
            stream.flush()


class Asking(unittest.TestCase):
    def setUp(self):
        self.keeper = tempfile.TemporaryDirectory(prefix="movable-pool-")
        self.work = pathlib.Path(self.keeper.name)
        self.said = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.work / "qmp"))
        self.listener.listen(1)
        self.server = threading.Thread(
            target=serve, args=(self.listener, self.said), daemon=True)
        self.server.start()
        self.reply = io.BytesIO()
        self.monitor = qmp.Monitor(self.work, self.reply)

    def tearDown(self):
        self.monitor.close()
        self.listener.close()
        self.keeper.cleanup()

    def answers(self):
        return [json.loads(line)
                for line in self.reply.getvalue().splitlines()]

    def test_what_is_no_command_is_none(self):
        self.monitor.line("# mp-ask: query-balloon")
        self.assertEqual(self.answers(), [])
        self.assertEqual(self.said, [])

    def test_answer(self):
        self.monitor.line('mp-ask: balloon {"value": 1}')
        self.assertEqual(self.answers(), [{"return": {}}])
        self.assertEqual(self.said[-1], {"execute": "balloon",
                                         "arguments": {"value": 1}})

    def test_error_is_an_answer(self):
        self.monitor.line("mp-ask: unknown")
        self.assertEqual(self.answers(), [{"error": "no such command"}])

    def test_error_nobody_asked_for(self):
        with self.assertRaisesRegex(Failure, "unknown: no such command"):
            self.monitor.line("mp-qmp: unknown")

    def test_told_only(self):
        self.monitor.line("mp-qmp: stop")
        self.assertEqual(self.answers(), [])
        self.assertEqual(self.said[-1]["execute"], "stop")


class Trace(unittest.TestCase):
    def test_lines_with_a_word(self):
        with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
            work = pathlib.Path(name)
            monitor = qmp.Monitor(work)
            self.assertEqual(monitor.count("told"), 0)
            with open(work / "trace", "w") as trace:
                trace.write("told a\ntolder told\ntolder b\ntold half")
                trace.flush()
                self.assertEqual(monitor.count("told"), 2)
                trace.write(" a line\n")
                trace.flush()
                self.assertEqual(monitor.count("told"), 3)
                self.assertEqual(monitor.count("tolder"), 2)
                self.assertEqual(monitor.count("told"), 3)


if __name__ == "__main__":
    unittest.main()
