# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sets and gets over a few connections to a memcached until SIGTERM, opening new connections all
the time; every answer is checked. Prints the number of requests; exits 1 at the first wrong one.

usage: memcached_load.py PORT"""
import signal
import socket
import sys

running = True


def stop(_signal, _frame):
    global running
    running = False


def talk(stream, key, value):
    stream.write(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
    stream.flush()
    stored = stream.readline()
    stream.write(b"get %s\r\n" % key)
    stream.flush()
    header, got, end = stream.readline(), stream.readline(), stream.readline()
    return (stored, got, end) == (b"STORED\r\n", value + b"\r\n", b"END\r\n") and header


def ask_statistics(stream):
    """Their text is the one thing for which memcached allocates and frees at each request."""
    stream.write(b"stats\r\n")
    stream.flush()
    while stream.readline() != b"END\r\n":
        pass


def main(port):
    count = 0
    signal.signal(signal.SIGTERM, stop)
    while running:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            stream = connection.makefile("rwb")
            for _ in range(200):
                key = b"key-%d" % (count % 1000000)
                if not talk(stream, key, b"v" * (1 + count * 37 % 4000)):
                    sys.exit("wrong answer to request %d" % count)
                count += 2
            ask_statistics(stream)
    print("requests", count)


main(int(sys.argv[1]))
