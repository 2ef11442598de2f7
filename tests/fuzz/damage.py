# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies for JSON: any at all, and valid documents with a few things wrong; knows not what they mean."""

from __future__ import annotations

import copy
import json
import typing as t

from hypothesis import strategies as st

#: Put into a document, these become arrays in arrays, deeper than any parser should follow.
DEEP = {"@deep@": 20000, "@deeper than agreed@": 150}

#: Words of the API beside each other's places, and one of a release to come.
WORDS = (
    *("OK", "SKIPPED", "ERROR", "TIMED_OUT", "RUNNING", "RETRY_PENDING", "PENDING", "BLOCKED", "SUCCEEDED", "FAILED"),
    *("COMPLIANT", "NON_COMPLIANT", "INCOMPATIBLE", "STAGED", "NOT_STAGED", "UNKNOWN", "NOT_FOUND", "BRAND_NEW"),
    *("stage", "stage$task", "scan", "domain-c8", "host-16", "host-17", "5", ""),
)
#: Texts that hurt when they are believed: escapes, line breaks, halves of characters, templates, other addresses.
TEXTS = (
    *(
        "\x1b[31mred\x1b[0m",
        "one\ntwo\r\nok: [localhost]",
        "\ud800",
        "\udfff\ud83d",
        "{{ 7*7 }}",
        "<script>",
        "\u202eabc",
    ),
    *("..", "../../session", "a/b", "%2f", "?a=b", "#", " ", "\x00", "x" * 5000, *DEEP),
    *("2026-01-15T12:00:00.000Z", "9999-12-31T23:59:59.999+99:99", "0001-01-01T00:00:00-23:59"),
)
NUMBERS = (0, 1, -1, 2**63, -(10**400), 10**4000, 1e308, -0.0, float("nan"), float("inf"), float("-inf"))

#: Also what no encoding can hold.
any_text = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.sampled_from(TEXTS),
    any_text,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=12,
)

hostile = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(TEXTS), any_text)

Place = tuple[t.Any, t.Any]
Change = t.Callable[[t.Any, t.Callable[..., t.Any]], t.Any]


def _as_pairs(value: t.Any, dummy: t.Any) -> t.Any:
    return [{"key": name, "value": entry} for name, entry in value.items()] if isinstance(value, dict) else [value]


def _as_object(value: t.Any, dummy: t.Any) -> t.Any:
    return {str(number): entry for number, entry in enumerate(value)} if isinstance(value, list) else {"value": value}


def _alike(value: t.Any, other: t.Callable[..., t.Any]) -> t.Any:
    """Something of the same kind, where a value of another kind would be refused at once."""
    if isinstance(value, str):
        return other(st.one_of(st.sampled_from(TEXTS), st.sampled_from(WORDS), any_text))
    if isinstance(value, (int, float)):
        return other(st.one_of(st.sampled_from(NUMBERS), st.integers(), st.floats()))
    return other(hostile)


CHANGES: tuple[Change, ...] = (
    lambda value, other: None,
    lambda value, other: other(scalars),
    lambda value, other: other(values),
    _alike,
    _alike,
    _alike,
    lambda value, other: [value],
    lambda value, other: {"value": value},
    lambda value, other: str(value),
    lambda value, other: copy.deepcopy([value, value]),
    lambda value, other: [] if isinstance(value, list) else {},
    _as_pairs,
    _as_object,
)


def places(value: t.Any) -> list[Place]:
    """Every place in a document that can be changed, as container and key."""
    found: list[Place] = []
    pending = [value]
    while pending:
        container = pending.pop()
        keys: t.Iterable[t.Any] = container if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], (dict, list)):
                pending.append(container[key])
    return found


@st.composite
def damaged(draw: st.DrawFn, document: t.Any, most: int = 4) -> t.Any:
    """A document with one to ``most`` things wrong."""
    whole = [copy.deepcopy(document)]
    damages = draw(st.integers(1, most))
    while damages:
        damages -= 1
        candidates = places(whole)
        container, key = candidates[draw(st.integers(0, len(candidates) - 1))]
        number = draw(st.integers(-1, len(CHANGES) - 1))
        if number >= 0:
            container[key] = CHANGES[number](container[key], draw)
        elif container is not whole:
            del container[key]
    return whole[0]


@st.composite
def respelled(draw: st.DrawFn, document: t.Any) -> t.Any:
    """A document of the right shape with texts and numbers that hurt, in half of its places for them."""
    whole = [copy.deepcopy(document)]
    for container, key in places(whole):
        value = container[key]
        if isinstance(value, str) and draw(st.booleans()):
            container[key] = draw(st.one_of(st.sampled_from(TEXTS), any_text))
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and draw(st.booleans()):
            container[key] = draw(st.sampled_from([number for number in NUMBERS if number - number == 0]))
    return whole[0]


def text_of(document: t.Any) -> str:
    """Write a document as a server would that knows neither limits nor Unicode."""
    text = json.dumps(document)
    for mark, depth in DEEP.items():
        text = text.replace(json.dumps(mark), "[" * depth + "]" * depth)
    return text
