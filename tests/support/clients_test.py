#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""strict_client.py and deaf_client.py see what servers do wrong: servers that do just that."""
import json
import os
import socket
import subprocess
import sys
import threading
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"


class Server:
    """Answers each request of a connection with the next of @replies, then closes it."""

    def __init__(self, *replies):
        self.replies = replies
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            for reply in self.replies:
                self.heads.append(stream.readline())
                while stream.readline() not in (b"\r\n", b""):
                    pass
                connection.sendall(reply)


def ask(program, *arguments):
    done = subprocess.run([sys.executable, os.path.join(FOLDER, program), *map(str, arguments)],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


class StrictClient(unittest.TestCase):
    def check(self, replies, expected):
        server = Server(*replies)
        status, counts = ask("strict_client.py", server.port, 2, "/")
        self.assertEqual(counts, {"answered": 2 * expected[0], "lost": 2 * expected[1]})
        self.assertEqual(status, 1 if expected[1] else 0)

    def test_all_answered(self):
        self.check([WHOLE, WHOLE, LAST], (3, 0))

    def test_closed_without_a_word(self):
        self.check([WHOLE, b""], (1, 1))

    def test_closed_after_a_reply_that_did_not_say_so(self):
        self.check([WHOLE], (1, 1))

    def test_half_a_body(self):
        self.check([WHOLE, LAST[:-1]], (1, 1))

    def test_half_a_head(self):
        self.check([WHOLE[:20]], (0, 1))

    def test_an_error(self):
        self.check([WHOLE, LAST.replace(b"200 OK", b"503 No")], (1, 1))

    def test_no_length(self):
        self.check([b"HTTP/1.1 200 OK\r\n\r\nabc"], (0, 1))

    def test_numbers(self):
        server = Server(WHOLE, WHOLE, LAST)
        ask("strict_client.py", server.port, 4, "/fast?id=%d")
        ids = sorted(int(head.split()[1].rpartition(b"=")[2]) for head in server.heads)
        self.assertEqual(ids, list(range(1, 13)))


class DeafClient(unittest.TestCase):
    def test_dropped(self):
        server = Server(WHOLE)  # closes after one
        self.assertEqual(ask("deaf_client.py", server.port, "/", 20)[0], 0)

    def test_kept(self):
        with socket.create_server(("127.0.0.1", 0)) as kept:  # takes nothing at all
            status, said = ask("deaf_client.py", kept.getsockname()[1], "/", 1)
        self.assertEqual((status, said["dropped"]), (1, False))
        self.assertGreater(said["requests_bytes"], 4096)


unittest.main()
