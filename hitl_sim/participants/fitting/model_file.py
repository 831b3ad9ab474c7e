"""The model file: a fitted crowd as a population that studies name.

Only what the answers identify is written; the rest stays that of the default
population. Parameters and summaries are written, rows never.
"""

import json
from pathlib import Path

import numpy as np

from hitl_sim.output import write_text
from hitl_sim.participants.answers import LABEL, MARKS, check_out
from hitl_sim.participants.fitting.estimate import FittedNumber
from hitl_sim.participants.fitting.fit import CrowdFit
from oracles import Population, build_population
from oracles.parameter import PARAMETERS
from oracles.populations import DEFAULT, POPULATIONS, parse_populations

_KINDS = (LABEL, MARKS)
# Skill depends on the classes of the set; the accuracy says the same of any.
_LEFT_TO_ACCURACY = {LABEL: ("skill",)}
_NEEDED = {"memory": "drift", "skill_activity": "activity_spread"}


def carried(fit: CrowdFit) -> list[FittedNumber]:
    """Return the numbers of a fit that a population holds."""
    left = _LEFT_TO_ACCURACY.get(fit.kind, ())
    found = {
        n.name: n
        for n in fit.numbers
        if n.name in PARAMETERS and n.is_identified and n.name not in left
    }
    return [
        n for name, n in found.items() if name not in _NEEDED or _NEEDED[name] in found
    ]


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
    kind, found = fit.kind, {n.name: n for n in carried(fit)}
    words = (
        f"Fitted to {fit.num_answers} answers of {fit.num_people} people to "
        f"{fit.num_items} items ({Path(fit.origin).name})."
    )
    status = _quoted(f"calibrated (on {citation})")
    lines = [
        "# Written by hitl-sim fit. Parameters only; no answer is in this file.",
        f"[{name}]",
        f"summary = {_quoted(words)}",
        f"status = {{ {kind} = {status} }}",
    ]

    def add(number: FittedNumber, parameter: str, status: str, source: str) -> None:
        value = f'value = {number.value:.5g}, status = "{status}"'
        entry = f"{value}, source = {_quoted(source)}"
        lines.append(f"{parameter}.{kind} = {{ {entry} }}")

    for number in found.values():
        source = f"fitted to {citation}"
        if np.isfinite(number.low):
            source += f", 95 % {number.low:.3g} to {number.high:.3g}"
        if number.name in ("shared_error", "repeatability"):
            source += "; difficulty of items is counted as shared"
        add(number, number.name, "calibrated", source)
    # what all people share, where second looks do not say what a person repeats
    shared, default = found.get("shared_error"), DEFAULT["repeatability"]["all"].value
    if shared and "repeatability" not in found and shared.value > default:
        source = "not identified: at least what all people share"
        add(shared, "repeatability", "assumed", source)
    return "\n".join(lines) + "\n"


def population_of(fit: CrowdFit) -> Population:
    """Build what a study draws that names the file of a fitted crowd.

    Raises:
        ValueError: the file's numbers make no population.
    """
    text = population_text(_OWN, fit, "these answers")
    source = parse_populations(text, POPULATIONS, DEFAULT)[1][_OWN]
    return build_population(source, fit.kind, fit.quality.shape.num_options)


_OWN = "fitted"


def _quoted(text: str) -> str:
    """Quote as TOML does; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=True)
