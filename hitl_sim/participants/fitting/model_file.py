"""The model file: a fitted crowd as populations that studies name.

There are two of labels: one draws traits of people by a normal law, the other around
groups of the fitted people. What the answers identify is written; of what was fitted
beside it and is not identified the best guess, as assumed; the rest stays that of the
default population. Parameters and summaries are written, rows never.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hitl_sim.output import write_text
from hitl_sim.participants.answers import LABEL, MARKS, check_out
from hitl_sim.participants.fitting.estimate import FittedNumber
from hitl_sim.participants.fitting.fit import CrowdFit
from hitl_sim.participants.fitting.joint import LEAST_GROUP
from oracles import Population, build_population
from oracles.parameter import PARAMETERS
from oracles.populations import DEFAULT, POPULATIONS, parse_populations

_KINDS = (LABEL, MARKS)
# Skill depends on the classes of the set; the accuracy says the same of any.
_LEFT_TO_ACCURACY = {LABEL: ("skill",)}
_NEEDED = {"memory": "drift", "skill_activity": "activity_spread"}
# Told of the people who were fitted; drawn from the joint.
_IN_JOINT = ("skill_pace", "skill_activity")
# Fitted together: each has its value only beside the others'.
_TOGETHER = (
    *("skill_spread", "lean_spread", "difficulty_spread"),
    *("shared_error", "lapse"),
    *("seconds", "pace_spread", "spread"),
    *("conflict", "lapse_time", "length", "pause", "spread_variation", "pause_spread"),
    *("skew", "wait"),
    *("practice", "practice_power", "practice_spread"),
)
# Where it was not seen it is in the seconds, or in their spread, already.
_HELD = {"practice": "seconds", "drift": "spread"}
RESAMPLED = "_resampled"
"""What the name of the population of groups of people ends in."""


def carried(fit: CrowdFit) -> list[FittedNumber]:
    """Return the numbers of a fit that a population holds; some are not identified."""
    left = _LEFT_TO_ACCURACY.get(fit.kind, ())
    if fit.joint is not None:
        left = (*left, *_IN_JOINT)
    found = {
        n.name: n
        for n in fit.numbers
        if n.name in PARAMETERS and n.name not in left and _is_worth_a_line(n)
    }
    return [
        n for name, n in found.items() if name not in _NEEDED or _NEEDED[name] in found
    ]


def _is_worth_a_line(number: FittedNumber) -> bool:
    is_guess = number.name in _TOGETHER and bool(np.isfinite(number.value))
    return number.is_identified or is_guess


def check_name(name: str) -> None:
    """Refuse a name that no population can have.

    Raises:
        ValueError: it is no plain word.
    """
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"`name` must be letters, digits and _, got {name!r}.")


def check_kind(kind: str) -> None:
    """Refuse answers that no population file can be written from.

    Raises:
        ValueError: no kind of feedback takes a fit of that kind.
    """
    if kind not in _KINDS:
        allowed = ", ".join(_KINDS)
        raise ValueError(
            f"`kind` must be one of {allowed} for a population file, got {kind!r}. "
            "Without --out the fit is shown."
        )


def write_population(path: Path, name: str, fit: CrowdFit, citation: str) -> None:
    """Write a fitted crowd as a population file.

    Args:
        path: file to write, .toml.
        name: what studies call it, after the path and a colon.
        fit: a fit of labels or marks.
        citation: whose answers these are.

    Raises:
        ValueError: no kind of feedback takes this fit, or as `check_name` and
            `check_out`.
    """
    check_kind(fit.kind)
    check_name(name)
    check_out(path, ".toml")
    write_text(path, population_text(name, fit, citation))


def population_text(name: str, fit: CrowdFit, citation: str) -> str:
    """Return what the file of a fitted crowd says; see `write_population`."""
    words = (
        f"Fitted to {fit.num_answers} answers of {fit.num_people} people to "
        f"{fit.num_items} items ({Path(fit.origin).name})."
    )
    status = quoted(f"calibrated (on {citation})")
    lines = [
        "# Written by hitl-sim fit. Parameters only; no answer is in this file.",
        f"[{name}]",
        f"summary = {quoted(words)}",
        f"status = {{ {fit.kind} = {status} }}",
        *(
            f"{parameter}.{fit.kind} = {{ value = {value:.5g}, "
            f'status = "{known}", source = {quoted(source)} }}'
            for parameter, value, known, source in _numbers(fit, citation)
        ),
    ]
    if fit.joint is None:
        return "\n".join(lines) + "\n"
    joint = fit.joint.plain()
    people = {n: joint.pop(n) for n in ("people", "noise")}
    kinds = joint.pop("behaviour")
    joint["source"] = f"fitted to {citation}"
    lines += ["", f"[{name}.joint.{fit.kind}]", *_fields(joint)]
    for fixed in kinds:
        lines += ["", f"[[{name}.joint.{fit.kind}.behaviour]]", *_fields(fixed)]
    if fit.joint.people:
        words += f" Drawn around {len(fit.joint.people)} groups of these people."
        lines += [
            "",
            f"# No row stands for fewer than {LEAST_GROUP} people.",
            f"[{name}{RESAMPLED}]",
            f"summary = {quoted(words)}",
            f"based_on = {quoted(name)}",
            f"status = {{ {fit.kind} = {status} }}",
            "",
            f"[{name}{RESAMPLED}.joint.{fit.kind}]",
            *_fields(people),
        ]
    return "\n".join(lines) + "\n"


def _numbers(fit: CrowdFit, citation: str) -> Iterator[tuple[str, float, str, str]]:
    """Yield name, value, status and source of each number that the file holds."""
    found = {n.name: n for n in carried(fit)}
    for name, number in found.items():
        if number.is_identified:
            source, known = f"fitted to {citation}", "calibrated"
            if np.isfinite(number.low):
                source += f", 95 % {number.low:.3g} to {number.high:.3g}"
        else:
            source, known = f"best guess beside the others: {number.note}", "assumed"
        is_of_two = not fit.quality.shape.has_difficulty
        if name in ("shared_error", "repeatability") and is_of_two:
            source += "; difficulty of items is counted as shared"
        yield name, number.value, known, source
    # what all people share, where second looks do not say what a person repeats
    shared, default = found.get("shared_error"), DEFAULT["repeatability"]["all"].value
    if shared and "repeatability" not in found and shared.value > default:
        source = "not identified: at least what all people share"
        yield "repeatability", shared.value, "assumed", source
    for name, held in _HELD.items():
        if held in found and name not in found:
            why = fit.number(name).note
            yield name, 0.0, "assumed", f"{why}: `{held}` holds what it does"


def _fields(table: Mapping[str, Any]) -> list[str]:
    """Return a line per field, and per row of a matrix."""
    lines = []
    for name, value in table.items():
        if isinstance(value, tuple) and value and isinstance(value[0], tuple):
            rows = (f"  {json.dumps(row)}," for row in value)
            lines += [f"{name} = [", *rows, "]"]
        else:
            lines.append(f"{name} = {quoted(value)}")
    return lines


def populations_of(fit: CrowdFit) -> dict[str, Population]:
    """Build what studies draw that name the populations of a fitted crowd's file.

    Returns:
        By `NORMAL` and `PEOPLE`; the second where there are groups of people.

    Raises:
        ValueError: the file's numbers make no population.
    """
    text = population_text(_OWN, fit, "these answers")
    found = parse_populations(text, POPULATIONS, DEFAULT)[1]
    return {
        name: build_population(source, fit.kind, fit.quality.shape.num_options)
        for name, source in zip((NORMAL, PEOPLE), found.values(), strict=False)
    }


NORMAL, PEOPLE = "normal", "resampled"
"""Two ways to draw people of a file: by a normal law, around groups of real ones."""

_OWN = "fitted"


def quoted(value: Any) -> str:
    """Write as TOML does; JSON's escapes of controls, numbers and lists are TOML's."""
    # JSON halves what lies beyond 16 bits, and leaves DEL as it is
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
