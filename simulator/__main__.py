# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m simulator`: one simulated vCenter in a process of its own, until it is stopped or its time is up."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import os
import pathlib
import signal
import sys
import tempfile

from .errors import WorldError
from .server import ADDRESS, HOSTNAME, NAMES, Server, certificate, start
from .timeline import ScaledClock
from .world import World

DESCRIPTION = """\
A vCenter in memory. It answers the REST operations that staging with vSphere
Lifecycle Manager needs, over TLS with an authority made at start, on the
loopback address only. It keeps nothing and ends by itself.

A world file (YAML) says what it manages; the smallest one is

  datacenters:
    - name: Berlin
      clusters:
        - name: prod
          hosts: [esx01, esx02]
"""
EPILOG = f"""\
example:
  python -m simulator --world demo/world.yml --port 8443 --speed 20 --ca-file ca.pem

then, for the modules of vsphere.lifecycle:
  export VMWARE_HOST={HOSTNAME} VMWARE_PORT=8443 VMWARE_CA_PATH=$PWD/ca.pem
  export VMWARE_USER=...  VMWARE_PASSWORD=...     (printed at start)
or by hand:
  curl --cacert ca.pem -u "$VMWARE_USER" -X POST https://{HOSTNAME}:8443/api/session

simulator/README.md describes world files, every route, and the control
address /_simulator/ by which tests look behind the scenes.
"""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--world", required=True, metavar="FILE", help="world file to start from")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port to listen on; 0 (default) takes any free one"
    )
    parser.add_argument(
        "--address",
        type=_loopback,
        default=ADDRESS,
        metavar="ADDRESS",
        help=f"loopback address to listen on: {ADDRESS} (default), ::1, or another of 127.0.0.0/8",
    )
    parser.add_argument("--speed", type=_positive, default=1.0, metavar="X", help="simulated seconds in a real one (1)")
    parser.add_argument(
        "--lifetime", type=_positive, default=3600.0, metavar="SECONDS", help="real seconds after which it ends (3600)"
    )
    parser.add_argument(
        "--ca-file", metavar="PATH", help="where to write the authority's certificate (a temporary file)"
    )
    parser.add_argument(
        "--ready-file",
        metavar="PATH",
        help="JSON written once it listens: hostname, port, ca_path, username, password, pid",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser.parse_args(argv)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def _loopback(text: str) -> str:
    """Never an address that others can reach."""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an address such as {ADDRESS} or ::1, got {text}") from None
    if not address.is_loopback:
        raise argparse.ArgumentTypeError(f"must be a loopback address, got {text}")
    return str(address)


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    try:
        world = World.load(options.world, ScaledClock(options.speed))
        with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
            asyncio.run(_serve(world, options, pathlib.Path(options.ca_file or pathlib.Path(folder, "ca.pem"))))
    except (WorldError, OSError) as exc:
        print(f"simulator: {exc}", file=sys.stderr)
        return 2
    return 0


async def _serve(world: World, options: argparse.Namespace, ca_path: pathlib.Path) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    issued = certificate(tuple(dict.fromkeys((*NAMES, options.address))))
    write(ca_path, issued.ca)
    runner, port = await start(Server(world), options.port, issued.context, options.address)
    try:
        ready = {
            "hostname": HOSTNAME if options.address == ADDRESS else options.address,
            "port": port,
            "ca_path": str(ca_path.resolve()),
            "username": world.username,
            "password": world.password,
            "pid": os.getpid(),
        }
        if not options.quiet:
            print(_welcome(ready), flush=True)
        if options.ready_file:
            write(pathlib.Path(options.ready_file), json.dumps(ready).encode())
        await _wait(stopped, options.lifetime)
    finally:
        await runner.cleanup()


async def _wait(stopped: asyncio.Event, lifetime: float) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), lifetime)
    except asyncio.TimeoutError:
        # Its time is up: a forgotten one must not live on.
        return


def write(path: pathlib.Path, content: bytes) -> None:
    """Whole or not at all, and for this user only."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(temporary, path)


def _welcome(ready: dict[str, object]) -> str:
    host = f"[{ready['hostname']}]" if ":" in str(ready["hostname"]) else ready["hostname"]
    lines = [f"The simulated vCenter listens on https://{host}:{ready['port']}. To use it by hand:"]
    variables = {
        "VMWARE_HOST": "hostname",
        "VMWARE_PORT": "port",
        "VMWARE_USER": "username",
        "VMWARE_PASSWORD": "password",
        "VMWARE_CA_PATH": "ca_path",
        "VMWARE_VALIDATE_CERTS": "",
    }
    lines += [f"  export {name}={ready[key] if key else True}" for name, key in variables.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
