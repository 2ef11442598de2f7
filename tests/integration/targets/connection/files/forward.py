# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forwards an IPv6 port to the IPv4 port of the simulated vCenter, for two minutes; knows not what it carries.

usage: forward.py PORT FILE    FILE gets the number of the new port, or ``none`` where there is no IPv6
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import sys


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _serve(target: int, file: pathlib.Path) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer), return_exceptions=True)

    try:
        server = await asyncio.start_server(forward, "::1", 0)
    except OSError:
        _write(file, "none")
        return
    async with server:
        _write(file, str(server.sockets[0].getsockname()[1]))
        await asyncio.sleep(120)


def _write(file: pathlib.Path, text: str) -> None:
    """Write the file whole or not at all, as somebody waits for it to appear."""
    temporary = file.with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, file)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), pathlib.Path(sys.argv[2])))
