# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Texts that vCenter translates, and times: checked, brought to one shape, compared; sends nothing.

Source: ``vapi.std.localizable_message`` and ``vapi.std.localization_param``.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption
from ansible_collections.vsphere.lifecycle.plugins.module_utils._values import (
    Json,
    dict_or_empty,
    mapping_of,
    strings_of,
)

Number = t.TypeVar("Number", int, float)

TEXT_ID = "vsphere.lifecycle.text"
"""Identifier of a message that the user gave as a plain text: no catalogue has it, so its default is shown."""

ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:[Zz]|([+-]\d\d):?(\d\d)?)?", re.ASCII
)


def utc_of(text: str) -> str | None:
    """Return a time as vCenter writes it, in UTC with milliseconds; None when it is none. Without an offset it is UTC.

    Two texts mean the same instant when this returns the same for both.
    """
    found = ISO_8601.fullmatch(text.strip())
    if found is None:
        return None
    day, clock, seconds, fraction, hours, minutes = found.groups()
    # Python 3.10 reads neither Z nor fractions of another length.
    whole = f"{day}T{clock}:{seconds or '00'}.{(fraction or '')[:6]:0<6}{hours or '+00'}:{minutes or '00'}"
    try:
        moment = datetime.datetime.fromisoformat(whole).astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str, option: str) -> str:
    """Return the time in an option as vCenter writes it.

    :raises InvalidOption: it is no time.
    """
    time = utc_of(text)
    if time is None:
        raise InvalidOption(
            f"The option '{option}' is '{text}', which is not a time by ISO 8601",
            "Write it like 2026-03-01T22:00:05.000Z",
        )
    return time


def localizable(value: t.Any, option: str) -> Json:
    """Return a message in its full structure, parameters as an object, from a plain text or that structure.

    :param option: how an error calls it.
    :raises InvalidOption: a member is missing, unknown or of the wrong type.
    """
    if isinstance(value, str):
        return {"id": TEXT_ID, "default_message": value, "args": []}
    message = members_of(value, ("id", "default_message", "args", "params", "localized"), option)
    args = message.get("args", [])
    if not isinstance(args, list) or any(isinstance(arg, (dict, list)) for arg in args):
        raise InvalidOption(f"The option '{option}.args' is not a list of texts", f"Correct {option}")
    complete: Json = {
        "id": _text(message, "id", option),
        "default_message": _text(message, "default_message", option),
        "args": [str(arg) for arg in args],
    }
    if message.get("params"):
        complete["params"] = _params(message["params"], f"{option}.params")
    if "localized" in message:
        complete["localized"] = _text(message, "localized", option)
    return complete


def is_plain(message: Json) -> bool:
    """Whether the user gave the message as a text."""
    return bool(message["id"] == TEXT_ID)


def same_text(wanted: Json, present: t.Any) -> bool:
    """Whether vCenter's message is the wanted one. A plain text is compared with the default message.

    ``localized`` does not count: vCenter writes it, in the language of whoever asks.
    """
    if is_plain(wanted):
        return dict_or_empty(present).get("default_message") == wanted["default_message"]
    return comparable(wanted) == comparable(present)


def keyed(message: Json) -> Json:
    """Return a message as /rest wants it: its parameters as an array of keys and values, nested ones too."""
    if "params" not in message:
        return message
    pairs = [
        {"key": name, "value": {**param, "l": keyed(param["l"])} if "l" in param else param}
        for name, param in message["params"].items()
    ]
    return {**message, "params": pairs}


def _params(value: t.Any, option: str) -> Json:
    if not isinstance(value, (dict, list)):
        raise InvalidOption(f"The option '{option}' is not an object of parameters by name", f"Correct {option}")
    return {name: _param(param, f"{option}.{name}") for name, param in mapping_of(value).items()}


def _param(value: t.Any, option: str) -> Json:
    given = members_of(value, ("s", "dt", "i", "d", "l", "format", "precision"), option)
    param: Json = {name: str(given[name]) for name in ("s", "format") if name in given}
    if "dt" in given:
        param["dt"] = time_of(str(given["dt"]), f"{option}.dt")
    for name in ("i", "precision"):
        if name in given:
            param[name] = number_of(given[name], int, f"{option}.{name}")
    if "d" in given:
        param["d"] = number_of(given["d"], float, f"{option}.d")
    if "l" in given:
        nested = members_of(given["l"], ("id", "params"), f"{option}.l")
        param["l"] = {"id": _text(nested, "id", f"{option}.l")}
        if nested.get("params"):
            param["l"]["params"] = _params(nested["params"], f"{option}.l.params")
    return param


def members_of(value: t.Any, known: tuple[str, ...], option: str) -> Json:
    """Return the members of a structure that are set.

    :raises InvalidOption: it is no structure, or has a member that is not known.
    """
    if not isinstance(value, dict):
        raise InvalidOption(f"The option '{option}' is not a structure with {', '.join(known)}", f"Correct {option}")
    unknown = sorted(str(name) for name in value if name not in known)
    if unknown:
        raise InvalidOption(
            f"The option '{option}' has no member {', '.join(unknown)}", f"Use only {', '.join(known)} in {option}"
        )
    return {name: entry for name, entry in value.items() if entry is not None}


def _text(structure: Json, name: str, option: str) -> str:
    if not isinstance(structure.get(name), str):
        raise InvalidOption(f"The option '{option}' needs a text as '{name}'", f"Set {option}.{name}")
    return structure[name]


def number_of(value: t.Any, kind: type[Number], option: str) -> Number:
    """Return a number, of which a template may have made a text.

    :raises InvalidOption: it is none.
    """
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        what = "whole number" if kind is int else "number"
        raise InvalidOption(f"The option '{option}' is '{value}', which is no {what}", f"Correct {option}") from None


def comparable(message: t.Any) -> Json:
    """Return what counts of a message, whatever the server made of its form."""
    given = dict_or_empty(message)
    return {
        "id": given.get("id"),
        "default_message": given.get("default_message"),
        "args": strings_of(given.get("args")),
        "params": {name: _comparable_param(param) for name, param in mapping_of(given.get("params")).items()},
    }


def _comparable_param(param: t.Any) -> Json:
    own = {name: value for name, value in dict_or_empty(param).items() if value is not None}
    if isinstance(own.get("dt"), str):
        own["dt"] = utc_of(own["dt"])
    if "l" in own:
        own["l"] = comparable(own["l"])
    return own
