# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Makes HTML in which a text can be nothing but text; knows no report."""

from __future__ import annotations

import html
import typing as t

_WITHOUT_END = ("br", "meta")


class Html(str):
    """Markup. Only ``element`` and ``page`` make it, so that whatever else is put into an element is escaped there."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | None) -> Html:
    """Return an element.

    :param children: texts, which are escaped, and elements.
    :param attributes: texts; None leaves one out. ``class_`` is class, ``aria_label`` is aria-label.
    """
    start = "".join(
        f' {_attribute(key)}="{html.escape(value)}"' for key, value in attributes.items() if value is not None
    )
    end = "" if tag in _WITHOUT_END else f"</{tag}>"
    return Html(f"<{tag}{start}>{together(children)}{end}")


def together(children: t.Iterable[str]) -> Html:
    """Return texts and elements one after the other; texts are escaped."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child, quote=False) for child in children))


def page(title: str, style: str, *body: Html) -> Html:
    """Return a whole document that loads nothing and runs nothing, whatever is in it.

    :param style: CSS of our own; nothing from outside may be in it.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        Html(f"<style>{style}</style>"),
    )
    return Html(f"<!DOCTYPE html>\n{element('html', head, element('body', *body), lang='en')}")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
