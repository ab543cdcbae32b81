#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An HTTP server that answers, or does not, in the way its path says: what a load generator must tell
apart. usage: faulty_server.py [--port 0]

The first request of all, whatever its path, is answered as /length: a load test asks whether
the path is right. /sometimes is /broken once in 200 times, else /length."""
import itertools
import socketserver

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nok\n\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: 1\r\n\r\n",
    "missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "broken": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n",
    "garbage": b"SMTP, please\r\n\r\n",
    "twice": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "huge": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
}
# These are followed by the end of the connection.
LAST = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n",
    "to-end": b"HTTP/1.1 200 OK\r\n\r\nas much as there is",
    "reset": b"",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok\n",
}
REQUESTS = itertools.count()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while (line := self.rfile.readline()):
            while self.rfile.readline().strip():
                pass
            number = next(REQUESTS)
            name = line.split()[1].decode().strip("/") if number else "length"
            if name == "sometimes":
                name = "broken" if number % 200 == 0 else "length"
            if name == "silent":
                continue
            self.wfile.write(LAST[name] if name in LAST else ANSWERS[name])
            if name in LAST:
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Clients go away; that is what they are for."""


with Server(("127.0.0.1", 0), Handler) as server:
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
