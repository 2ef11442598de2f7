# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a picture of a page, such as a report for README.md: `python -m tools.picture report.html report.png`."""

from __future__ import annotations

import argparse
import pathlib
import sys

from .browser import Browser, find_browser


def main() -> int:
    """Write the picture, and print how large it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.picture", description=__doc__)
    parser.add_argument("page", type=pathlib.Path, help="the file to open")
    parser.add_argument("picture", type=pathlib.Path, help="the PNG to write; with .pdf, the page as it is printed")
    parser.add_argument("--width", type=int, default=1000, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=0, help="of the picture, in pixels; down to the end without it")
    parser.add_argument("--dark", action="store_true", help="for a user who prefers dark colours")
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        print("There is no Chromium on this machine; set CHROMIUM to the path of one", file=sys.stderr)
        return 1
    scheme = "dark" if options.dark else "light"
    with Browser(path) as browser:
        browser.open(options.page, width=options.width, height=options.height or 800, scheme=scheme)
        paper = options.picture.suffix == ".pdf"
        taken = browser.paper() if paper else browser.picture(whole=not options.height)
    options.picture.write_bytes(taken)
    print(f"{options.picture}: {len(taken)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
