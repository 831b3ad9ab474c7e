"""The sentences of a report, by the names under which they stand in one file.

They are read together in `template/sentences.toml`, as jinja2 templates; what decides
between them is in the file that says them.
"""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from rich.markup import escape

from hitl_sim.energy.display import format_value
from hitl_sim.report.number import (
    RHO,
    digits,
    duration,
    duration_text,
    join_words,
    joules_text,
    kwh_span,
    kwh_text,
    near_text,
    percent,
    plain_joules,
    ratio_text,
    rough_time,
    share_of_runs,
    share_text,
    size_text,
    some_of,
    span,
    times,
    times_span,
    worth_text,
)


@cache
def sentences() -> Mapping[str, str]:
    """Return every sentence by `part.name`, as it stands in the file."""
    file = resources.files("hitl_sim.report") / "template" / "sentences.toml"
    parts = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{part}.{name}": text
        for part, named in parts.items()
        for name, text in named.items()
    }


@cache
def _environment(*, is_markup: bool) -> Environment:
    """Return how sentences are filled: as plain text, which the page escapes later.

    In markup of a terminal what is filled in is escaped.
    """
    found = Environment(
        undefined=StrictUndefined,
        autoescape=False,
        # most are filled once, so that compiling them is what takes time
        optimized=False,
        finalize=(lambda value: escape(str(value))) if is_markup else None,
    )
    found.globals |= {"rho": RHO, "inf": math.inf}
    found.filters |= {
        "bounded": lambda found: f"{digits(found.value)} {span(found.low, found.high)}",
        "bytes": size_text,
        "comma": lambda number: f"{number:,}",
        "digits": digits,
        "duration": duration_text,
        "energy": lambda joules: format_value(joules, "J"),
        "ends": lambda found: span(found.low, found.high),
        "joule": plain_joules,
        "joules": joules_text,
        "kwh": kwh_text,
        "kwh_span": kwh_span,
        "near": near_text,
        "of": lambda number, written: f"{number:{written}}",
        "part": share_text,
        "percent": percent,
        "plain": lambda q: plain_joules(math.nan if q.value is None else q.value),
        "ratio": ratio_text,
        "rough_time": rough_time,
        "run_share": share_of_runs,
        "some": some_of,
        "spent": format_value,
        "time": duration,
        "times": times,
        "times_span": times_span,
        "words": join_words,
        "worth": worth_text,
    }
    return found


@cache
def _template(name: str, *, is_markup: bool = False) -> Template:
    return _environment(is_markup=is_markup).from_string(sentences()[name])


def say(name: str, **values: Any) -> str:
    """Return a sentence with its gaps filled.

    Args:
        name: as `part.name`.
        **values: what stands in its gaps.

    Raises:
        KeyError: there is no such sentence.
        jinja2.UndefinedError: a gap is left.
    """
    return _template(name).render(values)


def mark_up(name: str, **values: Any) -> str:
    """Return a text for a terminal, in rich's markup; arguments are as of `say`."""
    return _template(name, is_markup=True).render(values).strip("\n")
