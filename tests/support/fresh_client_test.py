#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""fresh_client.py sees what a server owes: a server that answers well or badly, so many times."""
import socket
import threading
import unittest

import fresh_client

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"


def server(*replies):
    """Answers one connection with each of @replies, then refuses; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with listener:
            for reply in replies:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(reply)

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def counted(*replies):
    count = {"answered": 0, "lost": 0}
    fresh_client.client(server(*replies), "/", count, threading.Event())
    return count["answered"], count["lost"]


class FreshClient(unittest.TestCase):
    def test_whole_replies_until_it_is_refused(self):
        self.assertEqual(counted(WHOLE, WHOLE, WHOLE), (3, 0))

    def test_a_reply_that_is_cut_is_lost(self):
        self.assertEqual(counted(WHOLE, WHOLE[:-1], WHOLE), (2, 1))
        self.assertEqual(counted(WHOLE[:20]), (0, 1))

    def test_nothing_is_lost_too(self):
        self.assertEqual(counted(b"", WHOLE), (1, 1))

    def test_an_error_is_no_answer(self):
        self.assertEqual(counted(WHOLE.replace(b"200 OK", b"503 No")), (0, 1))

    def test_a_reply_without_a_length_is_not_whole(self):
        self.assertEqual(counted(b"HTTP/1.1 200 OK\r\n\r\nabc"), (0, 1))


if __name__ == "__main__":
    unittest.main()
