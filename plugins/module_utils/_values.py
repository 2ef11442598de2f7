# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Reads JSON from vCenter without trusting it: shapes, localizable texts, maps of both roots; knows no address."""

from __future__ import annotations

import itertools
import json
import math
import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import UnexpectedReply
from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain

T = t.TypeVar("T")
Json = dict[str, t.Any]

DEPTH_LIMIT = 100
"""How deep JSON may be nested; the deepest that vCenter is known to send is about 15."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def json_of(text: str) -> t.Any:
    """Return the value of a JSON text, with a mark for each half of a character: whoever cuts texts may leave one.

    :raises ValueError: it is none, has NaN or Infinity, or is nested beyond reason.
    """
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not _shallow(value):
        raise ValueError("nested too deep")
    if _HALF.search(text):
        # What JSON can escape but no encoding can hold would fail wherever it is sent or written.
        whole = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.loads(whole)
    return value


def _refused(constant: str) -> t.NoReturn:
    raise ValueError(f"JSON has no {constant}")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is beyond all numbers")
    return number


def _shallow(value: t.Any) -> bool:
    """Whether the value is nested no deeper than the limit, so that whatever walks through it later may recurse."""
    # Everything that comes passes here, so it is done a level at a time.
    kinds = (dict, list)
    containers = [value] if isinstance(value, kinds) else []
    depth = 0
    while containers and depth < DEPTH_LIMIT:
        depth += 1
        entries = itertools.chain.from_iterable(
            container.values() if isinstance(container, dict) else container for container in containers
        )
        containers = [entry for entry in entries if isinstance(entry, kinds)]
    return not containers


def expect(value: t.Any, kind: type[T], what: str) -> T:
    """Return ``value`` when it is a ``kind``; raise UnexpectedReply naming ``what`` otherwise."""
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise UnexpectedReply(f"vCenter's answer has no usable {what} ({type(value).__name__} instead of {kind.__name__})")


def member(value: t.Any, name: str, kind: type[T], what: str) -> T:
    """Return a member that the API documents as required; raise UnexpectedReply without it."""
    return expect(expect(value, dict, what).get(name), kind, f"'{name}' in the {what}")


def mapping_of(value: t.Any) -> Json:
    """Return a map as a dict, whether it came as an object (/api) or as keys and values (/rest); contract section 2."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        pairs = [entry for entry in value if isinstance(entry, dict) and isinstance(entry.get("key"), str)]
        return {entry["key"]: entry.get("value") for entry in pairs}
    return {}


def whole_mapping_of(value: t.Any, what: str) -> Json:
    """Return a map of which every entry counts; an absent one is empty, a damaged one is an UnexpectedReply."""
    found = mapping_of(value)
    if value is not None and (not isinstance(value, (dict, list)) or len(found) != len(value)):
        raise UnexpectedReply(f"vCenter's answer has no usable {what}: it is no map, or a damaged one")
    return found


def all_strings_of(value: t.Any, what: str) -> list[str]:
    """Return an array of which every entry counts; an absent one is empty, any other is an UnexpectedReply."""
    entries = expect([] if value is None else value, list, what)
    return [expect(entry, str, f"entry of {what}") for entry in entries]


def strings_of(value: t.Any) -> list[str]:
    """Return the strings of an array; an absent or wrong one has none."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def text_of(message: t.Any) -> str:
    """Return a localizable message as one plain line: vCenter's translation, else its default, else its id."""
    if isinstance(message, str):
        return plain(message)
    if not isinstance(message, dict):
        return ""
    texts = (string_or_none(message.get(name)) for name in ("localized", "default_message", "id"))
    return plain(next((text for text in texts if text), ""))


def texts_of(messages: t.Any) -> list[str]:
    """Return the texts of a list of localizable messages, without empty ones."""
    return [text for text in map(text_of, messages) if text] if isinstance(messages, list) else []


def string_or_none(value: t.Any) -> str | None:
    """Return a string, and None for anything else."""
    return value if isinstance(value, str) else None


def number_or_none(value: t.Any) -> int | float | None:
    """Return a number, and None for anything else."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def dict_or_empty(value: t.Any) -> Json:
    """Return an object, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_or_empty(value: t.Any) -> list[t.Any]:
    """Return an array, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def notifications_of(value: t.Any) -> list[Json]:
    """Flatten a ``notifications`` structure to a list, errors first.

    Each entry has type (ERROR, WARNING or INFO), id, message, resolution, retriable (None where vCenter does not say)
    and time. An error of a form that we do not know is an error all the same. Source: contract section 4.
    """
    groups = dict_or_empty(value)
    return [
        _notification(entry, kind)
        for name, kind in (("errors", "ERROR"), ("warnings", "WARNING"), ("info", "INFO"))
        for entry in _entries(groups.get(name))
    ]


def _entries(group: t.Any) -> list[t.Any]:
    if isinstance(group, list):
        return group
    return [group] if group else []


def _notification(value: t.Any, kind: str) -> Json:
    entry = value if isinstance(value, dict) else {"message": value}
    retriable = entry.get("retriable")
    return {
        "type": kind,
        "id": string_or_none(entry.get("id")),
        "message": text_of(entry.get("message")) or text_of(entry.get("id")) or "(no text)",
        "resolution": text_of(entry.get("resolution")) or None,
        "retriable": retriable if isinstance(retriable, bool) else None,
        "time": string_or_none(entry.get("time")),
    }
