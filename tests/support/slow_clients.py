#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""slow_clients.py PORT COUNT SECONDS [WAY]: that many connections that never finish their request. WAY: "dribble" (default)
sends a byte of a header every half second, "silent" nothing, "handshake" half a TLS greeting; one that is ended comes back,
ten a second in all. Prints at the end how often that was."""
import selectors
import socket
import sys
import time

GREETINGS = {"dribble": b"GET /metrics HTTP/1.1\r\nX-Slow: ", "silent": b"", "handshake": b"\x16\x03\x01\x02\x00\x01\x00"}


def connect(port, way):
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    if GREETINGS[way]:
        client.send(GREETINGS[way])
    return client


def main():
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    way = sys.argv[4] if len(sys.argv) > 4 else "dribble"
    end = time.monotonic() + seconds
    ready = selectors.DefaultSelector()
    clients = [connect(port, way) for _ in range(count)]
    for client in clients:
        ready.register(client, selectors.EVENT_READ)
    print("connected", flush=True)
    back, next_byte = 0, time.monotonic() + 0.5
    while time.monotonic() < end:
        for key, _ in ready.select(0.1):
            gone = key.fileobj
            ready.unregister(gone)
            gone.close()
            clients.remove(gone)
            clients.append(connect(port, way))
            ready.register(clients[-1], selectors.EVENT_READ)
            back += 1
            time.sleep(0.1)
        if way == "dribble" and time.monotonic() >= next_byte:
            next_byte += 0.5
            for client in clients:
                try:
                    client.send(b"x")
                except OSError:
                    pass
    print("back", back)


main()
