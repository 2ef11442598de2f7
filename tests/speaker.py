# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server for what no HTTP server would say: bytes as they are, old TLS, a proxy that refuses."""

from __future__ import annotations

import socket
import ssl
import threading


class Speaker:
    """Says the same to everybody and hangs up.

    :param says: the bytes; may be changed at any time.
    :param context: with which TLS; None for none.
    """

    def __init__(self, says: bytes = b"", context: ssl.SSLContext | None = None) -> None:
        self.says, self._context = says, context
        #: What each connection began with.
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, dummy = self._listener.accept()
            except OSError:
                # Closed: that is the end.
                return
            try:
                with self._secured(connection) as line:
                    line.settimeout(5)
                    self.heard.append(line.recv(65536))
                    line.sendall(self.says)
            except OSError:
                # The client has had enough of it.
                connection.close()

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._context.wrap_socket(connection, server_side=True) if self._context else connection

    def close(self) -> None:
        self._listener.close()
