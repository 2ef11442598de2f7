# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What a work function may ask of the place it runs in: check mode, warnings, progress, diff mode; knows no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain


def _ignore(dummy: str) -> None:
    """Drop a text: nobody listens."""


@dataclasses.dataclass(frozen=True)
class Context:
    """Given to every work function. What goes out by it may hold names and words of vCenter, so it is made plain.

    :param check_mode: whether nothing may be changed.
    :param warn: tells the user something beside the result.
    :param progress: takes one line whenever something moves.
    :param diff: whether the user wants to see what changes.
    """

    check_mode: bool = False
    warn: t.Callable[[str], None] = _ignore
    progress: t.Callable[[str], None] = _ignore
    diff: bool = False

    def __post_init__(self) -> None:
        for name in ("warn", "progress"):
            object.__setattr__(self, name, _plainly(getattr(self, name)))


def _plainly(tell: t.Callable[[str], None]) -> t.Callable[[str], None]:
    return lambda text: tell(plain(text))
