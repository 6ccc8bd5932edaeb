# SPDX-License-Identifier: GPL-2.0
"""Speaks QEMU's machine protocol (QMP) to a running guest.

A test asks for a command by printing a line to the host:

    mp-qmp: balloon {"value": 134217728}
"""
import json
import socket

from cache import Failure

ASKED = "mp-qmp: "
PATIENCE = 30                   # seconds QEMU may take to answer


class Monitor:
    """Connects at the first command: most guests need none."""

    def __init__(self, path):
        self.path = path
        self.stream = None

    @staticmethod
    def options(path):
        return ["-qmp", f"unix:{path},server=on,wait=off"]

    def line(self, text):
        """Do what a line of the guest asks for, if it does."""
        if text.startswith(ASKED):
            command, _, arguments = text[len(ASKED):].partition(" ")
            self.execute(command, json.loads(arguments or "{}"))

    def execute(self, command, arguments):
        if not self.stream:
            self.connect()
        return self.ask(command, arguments)

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
                return answer["return"]
            if "event" not in answer:
                said = answer.get("error", {}).get("desc", "nothing")
                raise Failure(f"QEMU says to {command}: {said}")

    def close(self):
        if self.stream:
            self.stream.close()
