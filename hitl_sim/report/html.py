"""HTML as nested calls; every plain text is escaped on the way in."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Escape a text, unless it is HTML already."""
    return text if isinstance(text, Markup) else Markup(html.escape(text))


def join(parts: Iterable[str]) -> Markup:
    """Put pieces one after the other."""
    return Markup("".join(escape(part) for part in parts))


def element(tag: str, *children: str, **attributes: str) -> Markup:
    """Build an element.

    Args:
        tag: its name.
        *children: texts, which are escaped, and elements.
        **attributes: its attributes; a trailing underscore is dropped, so that
            `class_` can be written.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for name, value in attributes.items()
    )
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def listing(items: Iterable[str]) -> Markup:
    """Build a bulleted list."""
    return element("ul", *(element("li", item) for item in items))


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    classes: Iterable[str] | None = None,
) -> Markup:
    """Build a table that scrolls sideways where the page is narrow.

    Args:
        headings: of the columns.
        rows: cells under each heading.
        classes: one class per row; default none.
    """
    head = element("tr", *(element("th", text, scope="col") for text in headings))
    cells = [join(element("td", text) for text in row) for row in rows]
    names = [""] * len(cells) if classes is None else list(classes)
    body = [
        element("tr", row, class_=name) if name else element("tr", row)
        for row, name in zip(cells, names, strict=True)
    ]
    inner = element("table", element("thead", head), element("tbody", *body))
    return element("div", inner, class_="wide", tabindex="0")
