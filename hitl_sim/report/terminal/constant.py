"""The constants that ship, as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hitl_sim.constant import ShippedConstant
from hitl_sim.report.number import digits, span

_OLD = "*"


def print_constants(
    console: Console,
    constants: Sequence[ShippedConstant],
    year: int,
    older_than: int,
) -> None:
    """Print constants file by file, with those marked that are older than some years.

    Neighbours of one source share the lines that tell it, below them.

    Args:
        console: where to print.
        constants: which.
        year: the present one.
        older_than: years.
    """
    for file, group in groupby(constants, key=lambda one: one.file):
        inside = list(group)
        names = max(len(one.name) for one in inside)
        numbers = max(len(_number(one)) for one in inside)
        console.print(Text(file, style="bold"))
        for told, alike in groupby(inside, key=_told):
            for one in alike:
                mark = _year(one, year, older_than)
                line = f"{one.name:<{names}}  {_number(one):<{numbers}}  {mark}"
                console.print(_indented(Text(line.rstrip()), 2))
            console.print(_indented(Text(told, style="dim"), 6))
        console.print()
    files = len({one.file for one in constants})
    old = sum(is_old(one, year, older_than) for one in constants)
    console.print(
        f"{len(constants):,} constants in {files} files; {old:,} of them, marked"
        f" {_OLD}, are older than {older_than} years in {year}."
    )


def _indented(text: Text, by: int) -> Padding:
    return Padding(text, (0, 0, 0, by), expand=False)


def _told(constant: ShippedConstant) -> str:
    """Say how a constant is known, what it covers, and where it comes from."""
    kind = constant.kind.replace("_", " ")
    return ". ".join(
        filter(None, [", ".join(filter(None, [kind, constant.scope])), constant.source])
    )


def is_old(constant: ShippedConstant, year: int, older_than: int) -> bool:
    """Return whether a constant is older than some years; an unknown age is old."""
    age = constant.age(year)
    return age is None or age > older_than


def constants_csv(
    constants: Sequence[ShippedConstant], year: int, older_than: int
) -> str:
    """Return constants as CSV with a header; see `print_constants`."""
    rows = list(_rows(constants, year, older_than))
    text = io.StringIO()
    columns = list(rows[0]) if rows else ["file", "name"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def constants_json(
    constants: Sequence[ShippedConstant], year: int, older_than: int
) -> str:
    """Return constants as a JSON list of objects; see `print_constants`."""
    rows = list(_rows(constants, year, older_than))
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _rows(
    constants: Sequence[ShippedConstant], year: int, older_than: int
) -> Iterator[dict[str, Any]]:
    for one in constants:
        yield {
            "file": one.file,
            "name": one.name,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "unit": one.unit,
            "kind": one.kind,
            "scope": one.scope,
            "year": one.year,
            "age_years": one.age(year),
            "is_old": is_old(one, year, older_than),
            "source": one.source,
        }


def _number(constant: ShippedConstant) -> str:
    value, low, high = constant.value, constant.low, constant.high
    parts = [] if value is None else [digits(value)]
    if low is not None and high is not None:
        parts.append(span(low, high))
    elif low is not None or high is not None:
        parts.append(f">= {low:g}" if low is not None else f"<= {high:g}")
    else:
        parts.append("[none given]")
    unit = "" if constant.unit == "1" else constant.unit
    return " ".join(filter(None, [*parts, unit]))


def _year(constant: ShippedConstant, year: int, older_than: int) -> str:
    told = "?" if constant.year is None else str(constant.year)
    return f"{told} {_OLD}" if is_old(constant, year, older_than) else told
