#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Counts what a server owes to clients that come anew: fresh_client.py PORT CLIENTS PATH

Each client makes a connection for each request, until one is refused. A connection that was made and
gave no whole reply is lost. Says "begun" on standard error after the first answers. Prints
{"answered": N, "lost": N}.
"""
import json
import socket
import sys
import threading


def ask(port, path):
    """True: answered. False: lost. Raises ConnectionRefusedError."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(request)
            with connection.makefile("rb") as stream:
                return is_whole(stream.read())
        except OSError:
            return False


def is_whole(reply):
    head, end, body = reply.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    lengths = [line.split(b":")[1] for line in lines if line.lower().startswith(b"content-length:")]
    return bool(end) and status.startswith(b"HTTP/1.1 200 ") and [int(n) for n in lengths] == [len(body)]


def client(port, path, count, begun):
    try:
        while True:
            count["answered" if ask(port, path) else "lost"] += 1
            begun.set()
    except (ConnectionRefusedError, ConnectionResetError):
        pass  # the port is closed, or was while this one knocked


def main():
    port, clients, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    counts = [{"answered": 0, "lost": 0} for _ in range(clients)]
    begun = threading.Event()
    threads = [threading.Thread(target=client, args=(port, path, count, begun)) for count in counts]
    for thread in threads:
        thread.start()
    begun.wait()
    print("begun", file=sys.stderr, flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps({key: sum(count[key] for count in counts) for key in counts[0]}))


if __name__ == "__main__":
    main()
