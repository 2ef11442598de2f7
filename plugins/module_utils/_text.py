# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Makes texts from outside harmless to show, in a terminal, a log or a report; knows not where they come from."""

from __future__ import annotations

import re
import typing as t

_BREAKS = re.compile("[ \t-\r\x85\u2028\u2029]*[\t-\r\x85\u2028\u2029][ \t-\r\x85\u2028\u2029]*")
# Control characters but line feed and tab, marks that turn the direction of writing, halves of characters.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def plain(text: str) -> str:
    r"""Return a text as one line in which nothing is left for a terminal to obey.

    Line breaks and tabs become a space; what else is no character to read becomes visible, such as ``\x1b``.
    """
    return text if text.isprintable() else _visible(_BREAKS.sub(" ", text))


def harmless(value: t.Any) -> t.Any:
    """Return JSON in which no text, key or value, holds anything but characters to read, line feeds and tabs."""
    if isinstance(value, str):
        return value if value.isprintable() else _visible(value.replace("\r\n", "\n"))
    if isinstance(value, dict):
        return {harmless(name): harmless(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(entry) for entry in value]
    return value


def listed(names: t.Sequence[str], most: int) -> str:
    """Return the first few names for a sentence, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _visible(text: str) -> str:
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], text)
