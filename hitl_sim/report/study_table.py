"""Tables of what holds for a whole study: what was set, who was asked, its growth.

Growth is predicted one decade ahead; and beyond, which rho would be required.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scipy.stats import binomtest

from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.condition.growth import (
    DECADE,
    Scaling,
    find_scalings,
    hidden_tests,
    required_ratio,
)
from hitl_sim.cost import Boundary, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.report.number import RHO, digits, span
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

_TABLES = ("network", "training", "target", "crowd", "workforce", "prices")
_REPLAY = {
    "replayed": "recorded",
    "modelled": "by fitted people",
    "untimed": "recorded without a time",
    "left_out": "not asked",
}


_LIVE = _REPLAY | {"replayed": "real", "modelled": "simulated beside them"}
"""The same where real people answered while the study ran."""


def has_real_people(result: StudyResult) -> bool:
    """Whether real people answered while the study ran, if only some of the answers."""
    crowd = result.study.get("crowd") or {}
    return crowd.get("source") == "live"


def has_others(result: StudyResult) -> bool:
    """Whether fitted or simulated people answered beside real or recorded ones."""
    every = (found for task in result.tasks for found in task.findings)
    return any(found.replay.get("modelled") for found in every)


def setup_table(result: StudyResult) -> Table:
    """List what the study set, in the order of a study file, without what is unset."""
    study = result.study
    names = ("seed", "replicates", "smallest_effect", "device", "width")
    found = [*_rows("study", {name: study[name] for name in names if name in study})]
    for name, task in study.get("task", {}).items():
        found += _rows(f"task {name}", task)
    for name in _TABLES:
        found += _rows(name, study.get(name, {}))
    for arm in study.get("arm", ()):
        rest = {key: value for key, value in arm.items() if key != "name"}
        found += _rows(f"arm {arm['name']}", rest)
    for axis in study.get("axis", ()):
        arms = axis.get("arms")
        whose = f" (arms {', '.join(arms)})" if arms else ""
        found += _rows("axis", {axis["field"] + whose: axis["values"]})
    return Table(("part", "name", "value"), found, "all that was set")


def _rows(part: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            # options of a part, as they may stand beside it
            yield from _rows(part, value)
        elif value is not None:
            yield part, name, _written(value)


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def evidence_table(result: StudyResult) -> Table:
    """Say how far whoever was asked may be trusted, by the file of each.

    After the populations stand machines among the annotators.
    """
    asked = {
        (finding.population, kind)
        for task in result.tasks
        for finding in task.findings
        if finding.population is not None
        # of every stage of the arm
        for kind in str(finding.parameters["feedback"]).split(", ")
    }
    rows = []
    for name, kind in sorted(asked):
        own = result.populations.get(name)
        said = "not a named population" if own is None else str(own["status"][kind])
        rows.append((name, kind, said))
    for name, own in result.machines.items():
        rows.append((f"machine {name}", "label", str(own["evidence"])))
    return Table(("population", "question", "evidence"), rows)


def evidence_words(result: StudyResult) -> str:
    """Say it in one line; empty where nobody was asked."""
    rows = evidence_table(result).rows
    return "; ".join(f"{name} ({kind}: {said})" for name, kind, said in rows)


def replay_table(result: StudyResult) -> Table:
    """Say where the answers of replayed arms came from."""
    named = _LIVE if has_real_people(result) else _REPLAY
    return Table(
        ("task", "arm", "who is asked", *named.values()),
        [
            (f.task, f.arm, f.crowd, *(f"{f.replay[name]:.1f}" for name in _REPLAY))
            for task in result.tasks
            for f in task.with_people
            if f.replay
        ],
    )


def swept_parameters(result: StudyResult) -> list[str]:
    """Return the parameters along which some arm's break-even was sought."""
    every = (found.sweep.parameter for task in result.tasks for found in task.crossings)
    return list(dict.fromkeys(every))


_GROWTH = (
    "grows with",
    "held",
    "arm",
    "amount per success",
    "exponent [95 %]",
    "one decade beyond (hypothetical)",
    "largest size hidden",
)


def growth_note(scalings: Sequence[Scaling]) -> str:
    """Say how predictions of hidden sizes ended."""
    tested = hidden_tests(scalings)
    share = None
    if tested:
        share = binomtest(sum(tested), len(tested)).proportion_ci(0.95, "exact")
    return say("note.laws", tested=tested, share=share)


def tell_growth(found: Scaling) -> str:
    """Say one law in a sentence."""
    names = ("size", "held", "arm", "amount", "exponent", "ahead", "hidden")
    return say("note.law", **dict(zip(names, _growth_row(found), strict=True)))


def growth_table(result: StudyResult) -> Table:
    """List every law, its prediction one decade ahead and its test, under a note."""
    scalings = find_scalings(result)
    rows = [_growth_row(scaling) for scaling in scalings]
    return Table(_GROWTH, rows, growth_note(scalings) if rows else "")


def _growth_row(found: Scaling) -> tuple[str, ...]:
    law, ahead = found.growth, found.ahead
    first, last = (f"{size:,.0f}" for size in (law.size[0], law.size[-1]))
    return (
        f"{found.size}, {first} to {last}",
        f"{found.task}{', ' + found.rest if found.rest else ''}",
        found.arm,
        found.amount,
        f"{digits(law.exponent)} {span(law.exponent_low, law.exponent_high)}",
        f"at {DECADE * law.size[-1]:,.0f}: {digits(ahead.value)}"
        f" {span(ahead.low, ahead.high)}",
        _hidden(found),
    )


def _hidden(found: Scaling) -> str:
    if found.hidden is None:
        return "not tested"
    held = "held" if found.is_held else "missed"
    measured = digits(float(found.growth.amount[-1]))
    return f"{held}: {span(found.hidden.low, found.hidden.high)}, found {measured}"


HOURS = (1e2, 1e4, 1e6, 1e7)
"""Hours of people for which the question is asked, h."""
_LEAST = 1e-2
"""Closer to 1 the ratio is written as what it lacks."""


def inverted_table(boundary: Boundary) -> Table:
    """List the required ratios by hours of people, under a note on what they mean."""
    # of smaller runs not even training for nothing repays a hundred hours
    runs = published_runs()[:-3:-1]
    return Table(
        (
            "hours of people",
            *(f"{RHO} required at {run.name}'s energy" for run in runs),
        ),
        [
            (
                f"{hours:,.0f} h",
                *(_required(required_ratio(run, hours, boundary)) for run in runs),
            )
            for hours in HOURS
        ],
        say("page.inverted"),
    )


def _required(ratio: Quantity) -> str:
    if ratio.value is None:
        return f"unavailable: {ratio.reason}"
    value = float(ratio.value)
    left = 1.0 - value
    return f"1 - {digits(left)}" if 0.0 < left < _LEAST else digits(value)
