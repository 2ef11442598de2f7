# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the simulator answers, so that it is known not to be what limits the rest."""

from __future__ import annotations

import asyncio
import ssl
import time
import typing as t

import aiohttp

from .figures import Figure
from .laboratory import SESSION_HEADER, Laboratory, laboratory, world
from .measure import cpu_seconds

SECONDS = 2.0
CONNECTIONS = 8


def measure(runs: int, number: int) -> list[Figure]:
    """Return answers a second, as a client sees them and by the simulator's own CPU.

    :param number: clusters in the world, as many as the largest measurement has.
    """
    series: dict[str, list[float]] = {}
    with laboratory(world([1.0] * number)) as lab, lab.session() as session:
        paths = {
            "update state": "/api/appliance/update",
            "hosts of a cluster": "/api/vcenter/host?clusters=domain-c8",
            "compliance of 16 hosts": "/api/esx/settings/clusters/domain-c8/software/compliance",
        }
        for _dummy in range(runs):
            for name, path in paths.items():
                wall, cpu = asyncio.run(rates(lab, session, path))
                series.setdefault(f"simulator with {number} clusters, {name}: answers a second", []).append(wall)
                series.setdefault(f"simulator with {number} clusters, {name}: answers a CPU second", []).append(cpu)
            lab.vcenter.ask("reset", {})
    return [Figure(name, tuple(values)) for name, values in series.items()]


async def rates(lab: Laboratory, session: str, path: str) -> tuple[float, float]:
    """Return answers in a second of wall, and in a CPU second of the simulator."""
    context = ssl.create_default_context(cafile=lab.ca_path)
    answers = 0

    async def ask(http: aiohttp.ClientSession, until: float) -> None:
        nonlocal answers
        while time.monotonic() < until:
            async with http.get(lab.url + path) as answer:
                answer.raise_for_status()
                await answer.read()
            answers += 1

    headers: t.Final = {SESSION_HEADER: session}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=context)) as http:
        began, worked = time.monotonic(), cpu_seconds(lab.vcenter.pid)
        await asyncio.gather(*(ask(http, began + SECONDS) for _dummy in range(CONNECTIONS)))
        return answers / (time.monotonic() - began), answers / (cpu_seconds(lab.vcenter.pid) - worked)
