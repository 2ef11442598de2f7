# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What a work function may ask of the place it runs in: check mode, warnings, progress, diff mode; knows no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._progress import News
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain


def _ignore(dummy: object) -> None:
    """Drop what is told: nobody listens."""


@dataclasses.dataclass(frozen=True)
class Context:
    """Given to every work function. What goes out by it may hold names and words of vCenter, so it is made plain.

    :param check_mode: whether nothing may be changed.
    :param warn: tells the user something beside the result.
    :param progress: takes news whenever something moves.
    :param diff: whether the user wants to see what changes.
    :param followed: whether somebody reads the news while the work goes on, so that they are worth looking for.
    """

    check_mode: bool = False
    warn: t.Callable[[str], None] = _ignore
    progress: t.Callable[[News], None] = _ignore
    diff: bool = False
    followed: bool = False

    def __post_init__(self) -> None:
        # News make themselves plain.
        object.__setattr__(self, "warn", _plainly(self.warn))


def _plainly(tell: t.Callable[[str], None]) -> t.Callable[[str], None]:
    return lambda text: tell(plain(text))
