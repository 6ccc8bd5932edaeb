# SPDX-License-Identifier: GPL-2.0
"""Speaks QEMU's machine protocol (QMP) to a running guest.

A test asks for a command by printing a line to the host, and may want to read
the answer, which comes as a line of JSON on the serial line it prints to:

    mp-qmp: balloon {"value": 134217728}
    mp-ask: query-balloon
    mp-ask: trace-count {"event": "virtio_balloon_handle_output"}

The last is no command of QEMU's, but asks how many lines with that word are in
QEMU's trace; the group's options say what is traced (-trace).
"""
import json
import socket

from cache import Failure

ASKED = {"mp-qmp: ": False, "mp-ask: ": True}   # is the answer wanted?
PATIENCE = 30                   # seconds QEMU may take to answer


class Monitor:
    """Connects at the first command: most guests need none."""

    def __init__(self, work, reply=None):
        self.path = work / "qmp"
        self.trace = work / "trace"
        self.counted = {}       # word: (bytes read for it, lines found)
        self.reply = reply      # file to write answers to
        self.stream = None

    @staticmethod
    def options(work):
        return ["-qmp", f"unix:{work}/qmp,server=on,wait=off",
                "-D", f"{work}/trace"]

    def line(self, text):
        """Do what a line of the guest asks for, if it does."""
        for prefix, wanted in ASKED.items():
            if text.startswith(prefix):
                command, _, words = text[len(prefix):].partition(" ")
                answer = self.execute(command, json.loads(words or "{}"))
                if wanted:
                    self.answer(answer)
                elif "error" in answer:
                    raise Failure(f"QEMU says to {command}: "
                                  + answer["error"])

    def answer(self, answer):
        self.reply.write(json.dumps(answer).encode() + b"\n")
        self.reply.flush()

    def execute(self, command, arguments):
        """Returns what QEMU returns, as {"return": }, or {"error": text}."""
        if command == "trace-count":
            return {"return": self.count(arguments["event"])}
        if not self.stream:
            self.connect()
        return self.ask(command, arguments)

    def count(self, word):
        """How many lines of the trace have this word; reads none twice."""
        place, found = self.counted.get(word, (0, 0))
        if self.trace.exists():
            with open(self.trace, "rb") as trace:
                trace.seek(place)
                whole, end, _ = trace.read().rpartition(b"\n")
            place += len(whole + end)
            found += sum(word.encode() in line.split()
                         for line in whole.split(b"\n"))
        self.counted[word] = place, found
        return found

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(PATIENCE)
        link.connect(str(self.path))
        self.stream = link.makefile("rw", encoding="utf-8")
        link.close()
        self.stream.readline()          # the greeting
        self.ask("qmp_capabilities", {})

    def ask(self, command, arguments):
        self.stream.write(json.dumps({"execute": command,
                                      "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline() or "{}")
            if "return" in answer:
                return {"return": answer["return"]}
            if "event" not in answer:
                return {"error": answer.get("error", {}).get("desc",
                                                             "nothing")}

    def close(self):
        if self.stream:
            self.stream.close()
