# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens pages in a Chromium without a window, by its own protocol (Chrome DevTools); knows no report."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import types
import typing as t

import aiohttp

Json = dict[str, t.Any]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
LIMIT = 60.0
"""Seconds for anything that is asked of the browser."""


def find_browser() -> str | None:
    """Return the path of a Chromium on this machine; the variable CHROMIUM names one that is elsewhere."""
    return next(
        (path for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name and (path := shutil.which(name))), None
    )


class Browser:
    """A browser with one page, for as long as the ``with`` block takes.

    :param path: the program.
    """

    def __init__(self, path: str) -> None:
        self._path, self._number = path, 0
        self._loop = asyncio.new_event_loop()
        self._stack = contextlib.ExitStack()
        #: What the page and the browser wrote to the console since the last page was opened: level and text.
        self.console: list[tuple[str, str]] = []
        self._loaded = False

    def __enter__(self) -> Browser:
        try:
            folder = self._stack.enter_context(
                tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
            )
            self._stack.callback(self._end, self._start(folder))
            port = _wait_for(pathlib.Path(folder) / "DevToolsActivePort").split("\n")[0]
            self._loop.run_until_complete(self._connect(int(port)))
            for domain in ("Page", "Runtime", "Log"):
                self.ask(f"{domain}.enable")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self, folder: str) -> subprocess.Popen[bytes]:
        command = [self._path, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if hasattr(self, "_session"):
            self._loop.run_until_complete(self._session.close())
        self._loop.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def _connect(self, port: int) -> None:
        # No proxy of the environment leads to this machine's own browser.
        self._session = aiohttp.ClientSession(trust_env=False)
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [target for target in await answer.json() if target["type"] == "page"]
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)

    def ask(self, method: str, **params: t.Any) -> Json:
        """Call a method of the protocol and return its result.

        :raises RuntimeError: the browser refuses it.
        """
        return self._loop.run_until_complete(asyncio.wait_for(self._ask(method, params), LIMIT))

    async def _ask(self, method: str, params: Json) -> Json:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return t.cast("Json", message["result"])
            self._note(message)

    def _note(self, message: Json) -> None:
        """Keep what the console and the browser's log tell."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.consoleAPICalled":
            text = " ".join(str(part.get("value", part.get("description", ""))) for part in params["args"])
            self.console.append((params["type"], text))
        elif method == "Runtime.exceptionThrown":
            self.console.append(("error", params["exceptionDetails"]["text"]))
        elif method == "Log.entryAdded":
            self.console.append((params["entry"]["level"], params["entry"]["text"]))
        elif method == "Page.javascriptDialogOpening":
            self.console.append(("error", f"a dialog: {params['message']}"))
        elif method == "Page.loadEventFired":
            self._loaded = True

    def open(self, page: pathlib.Path, *, width: int = 1280, height: int = 800, scheme: str = "light") -> None:
        """Open a file.

        :param width: of the window, in pixels of CSS.
        :param scheme: which colours the user prefers, ``light`` or ``dark``.
        """
        self.console, self._loaded = [], False
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=page.resolve().as_uri())
        deadline = time.monotonic() + LIMIT
        while not self._loaded:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{page} was not loaded within {LIMIT:g} s")
            self.evaluate("document.readyState")

    def evaluate(self, expression: str) -> t.Any:
        """Return the value of an expression in the page. It runs beside the page's own policy, which allows none.

        :raises RuntimeError: it fails.
        """
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, *, whole: bool = False) -> bytes:
        """Return what is to be seen as PNG.

        :param whole: the page down to its end, and not just what fits into the window.
        """
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def paper(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])


def _wait_for(file: pathlib.Path) -> str:
    """Return the text of a file as soon as it is there."""
    deadline = time.monotonic() + LIMIT
    while not (file.exists() and (text := file.read_text(encoding="utf-8"))):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the browser did not start within {LIMIT:g} s")
        time.sleep(0.05)
    return text
