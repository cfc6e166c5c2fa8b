# SPDX-License-Identifier: GPL-2.0
"""A web server with one file of any size, for tests of network cards.

The file is made anew, piece by piece, for whoever asks: the test host's memory is
small, and so is what Python leaves of it for the guest.
"""
import functools
import hashlib
import http.server
import random
import threading

PIECE = 1 << 20


class File:
    """So many random bytes, the same each time."""

    def __init__(self, size):
        self.size = size

    def pieces(self):
        """They in order."""
        source = random.Random("file")
        for at in range(0, self.size, PIECE):
            yield source.randbytes(min(PIECE, self.size - at))

    @functools.cached_property
    def digest(self):
        """Of all of them."""
        total = hashlib.sha256()
        for piece in self.pieces():
            total.update(piece)
        return total.hexdigest()

    def serve(self, address):
        """To whoever connects to an address; the port."""
        file = self

        class Server(http.server.BaseHTTPRequestHandler):
            """Hands it out."""

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(file.size))
                self.end_headers()
                for piece in file.pieces():
                    self.wfile.write(piece)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((address, 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]
