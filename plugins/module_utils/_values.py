# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Reads JSON from vCenter without trusting it: shapes, localizable texts, maps of both roots; knows no address."""

from __future__ import annotations

import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import UnexpectedReply

T = t.TypeVar("T")
Json = dict[str, t.Any]


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


def strings_of(value: t.Any) -> list[str]:
    """Return the strings of an array; an absent or wrong one has none."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def text_of(message: t.Any) -> str:
    """Return a localizable message as text: vCenter's translation, else its default, else its id."""
    if isinstance(message, str):
        return message
    if not isinstance(message, dict):
        return ""
    texts = (string_or_none(message.get(name)) for name in ("localized", "default_message", "id"))
    return next((text for text in texts if text), "")


def texts_of(messages: t.Any) -> list[str]:
    """Return the texts of a list of localizable messages, without empty ones."""
    return [text for text in map(text_of, messages) if text] if isinstance(messages, list) else []


def string_or_none(value: t.Any) -> str | None:
    """Return a string, and None for anything else."""
    return value if isinstance(value, str) else None


def dict_or_empty(value: t.Any) -> Json:
    """Return an object, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_or_empty(value: t.Any) -> list[t.Any]:
    """Return an array, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def notifications_of(value: t.Any) -> list[Json]:
    """Flatten a ``notifications`` structure to a list, errors first.

    Each entry has type (ERROR, WARNING or INFO), id, message, resolution, retriable (None where vCenter does not say)
    and time. Source: contract section 4.
    """
    groups = dict_or_empty(value)
    return [
        _notification(entry, kind)
        for name, kind in (("errors", "ERROR"), ("warnings", "WARNING"), ("info", "INFO"))
        for entry in list_or_empty(groups.get(name))
        if isinstance(entry, dict)
    ]


def _notification(entry: Json, kind: str) -> Json:
    retriable = entry.get("retriable")
    return {
        "type": kind,
        "id": string_or_none(entry.get("id")),
        "message": text_of(entry.get("message")) or string_or_none(entry.get("id")) or "(no text)",
        "resolution": text_of(entry.get("resolution")) or None,
        "retriable": retriable if isinstance(retriable, bool) else None,
        "time": string_or_none(entry.get("time")),
    }
