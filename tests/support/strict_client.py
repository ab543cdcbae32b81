#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Counts what a server owes: strict_client.py PORT CONNECTIONS PATH

Each connection asks again and again until a reply says close; %d in PATH is a number that no other
request has. A request that was sent and not answered in full is lost. Says "begun" on standard error when each connection has its first answer. Prints {"answered": N, "lost": N} and exits 1 when any is lost.
"""
import itertools
import json
import socket
import sys
import threading


def read_reply(stream):
    """True: answered, and the connection stays. False: answered, it closes. Raises EOFError."""
    keep = True
    length = None
    if not stream.readline().startswith(b"HTTP/1.1 200 "):
        raise EOFError
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        if name.lower() == "content-length":
            length = int(value)
        if name.lower() == "connection" and value.strip() == "close":
            keep = False
    if length is None or len(stream.read(length)) != length:
        raise EOFError
    return keep


def client(port, path, numbers, first, count):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        stream = connection.makefile("rb")
        keep = True
        while keep:
            target = path.replace("%d", str(next(numbers)))
            try:
                connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                keep = read_reply(stream)
                count["answered"] += 1
                if count["answered"] == 1:
                    first.wait()
            except (EOFError, OSError):
                count["lost"] += 1
                first.abort()
                return
            except threading.BrokenBarrierError:
                pass  # another one has lost its request


def main():
    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    counts = [{"answered": 0, "lost": 0} for _ in range(connections)]
    numbers = itertools.count(1)
    first = threading.Barrier(connections, lambda: print("begun", file=sys.stderr, flush=True))
    threads = [threading.Thread(target=client, args=(port, path, numbers, first, count)) for count in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = {key: sum(count[key] for count in counts) for key in counts[0]}
    print(json.dumps(total))
    return 1 if total["lost"] else 0


sys.exit(main())
