"""Constants that ship, as a table, as CSV and as JSON; checks of a part; the cache."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from hitl_sim.constant import ShippedConstant
from hitl_sim.report.number import digits, span

if TYPE_CHECKING:
    from hitl_sim.part import Part

_OLD = "*"


def print_constants(
    console: Console,
    constants: Sequence[ShippedConstant],
    year: int,
    older_than: int,
) -> None:
    """Print constants file by file, with those marked that are older than some years.

    Neighbours of one source share the lines that tell it, below them. `year` is the
    present one.
    """
    for file, group in groupby(constants, key=lambda one: one.file):
        inside = list(group)
        names = max(len(one.name) for one in inside)
        numbers = max(len(_number(one)) for one in inside)
        console.print(Text(file, style="bold"))
        for told, alike in groupby(inside, key=_told):
            for one in alike:
                age = "?" if one.year is None else str(one.year)
                mark = f" {_OLD}" if is_old(one, year, older_than) else ""
                line = f"{one.name:<{names}}  {_number(one):<{numbers}}  {age}{mark}"
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
    known = (constant.kind.replace("_", " "), constant.scope)
    return ". ".join(filter(None, [", ".join(filter(None, known)), constant.source]))


def is_old(constant: ShippedConstant, year: int, older_than: int) -> bool:
    """Return whether a constant is older than some years; an unknown age is old."""
    age = constant.age(year)
    return age is None or age > older_than


def constants_csv(
    constants: Sequence[ShippedConstant], year: int, older_than: int
) -> str:
    """Return constants as CSV with a header; see `print_constants`."""
    rows = [_row(one, year, older_than) for one in constants]
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
    rows = [_row(one, year, older_than) for one in constants]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _row(one: ShippedConstant, year: int, older_than: int) -> dict[str, Any]:
    names = ("file", "name", "value", "low", "high", "unit", "kind", "scope", "year")
    return {
        **{name: getattr(one, name) for name in names},
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


def print_checks(
    console: Console,
    part: Part,
    options: Mapping[str, Any],
    done: Iterable[tuple[str, str, str]],
) -> bool:
    """Print each check of a part as it is done.

    Args:
        console: where to print.
        part: what is checked.
        options: it is checked with.
        done: of `hitl_sim.check.run_checks`: name, failure and note of each.

    Returns:
        Whether all passed.
    """
    given = "".join(f", {name} = {value!r}" for name, value in options.items())
    console.print(f"[bold]{part.kind} {escape(part.name + given)}[/bold]")
    is_passed = True
    for name, failure, note in done:
        is_passed &= not failure
        verdict = "[red]failed[/red]" if failure else "passed"
        words = escape(failure or note)
        console.print(f"  {name}: {verdict}{'; ' if words else ''}{words}")
    return is_passed
