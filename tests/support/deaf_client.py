#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A client that asks and never reads: deaf_client.py PORT PATH SECONDS

Sends requests until the server takes no more of them, since its replies are not taken either. Prints
{"requests_bytes": N, "dropped": true or false}: whether the server closed the connection within
SECONDS. Exits 1 when it did not.
"""
import json
import select
import socket
import sys
import time

QUIET_SECONDS = 0.5  # nothing more is taken


def fill(connection, request):
    """Bytes sent until the server takes none for a while; as far as it got when it is dropped."""
    sent = 0
    while select.select([], [connection], [], QUIET_SECONDS)[1]:
        try:
            sent += connection.send(request * 100)
        except OSError:
            break
    return sent


def is_dropped(connection, seconds):
    """Whether it is closed within that time. What has come to be read is no news, and stays."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)  # and errors, hang-ups
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            return True
    return False


def main():
    port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        sent = fill(connection, request)
        dropped = is_dropped(connection, seconds)
    print(json.dumps({"requests_bytes": sent, "dropped": dropped}))
    return 0 if dropped else 1


sys.exit(main())
