"""Write what held-out people and items say of every set as one page."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hitl_sim.participants.describing.statistic import EM_GAIN
from hitl_sim.participants.validating.compare import Line, TwoSampleTest
from hitl_sim.participants.validating.policy import Transfer
from hitl_sim.participants.validating.predict import (
    BRADLEY_TERRY,
    LOGIT,
    POOLED,
    Gain,
    Grades,
)
from hitl_sim.participants.validating.validate import CrowdCheck, Validation
from hitl_sim.report.validation import (
    WAYS,
    grades_to_markdown,
    say_gains,
    to_markdown,
    verdict,
)

Rows = Sequence[Sequence[str]]
RIVALS = ("one coin", "Dawid-Skene", "GLAD")
_GRADED = (POOLED, f"{LOGIT} or {BRADLEY_TERRY}")
_CURVES = ("majority of", "Dawid-Skene of", EM_GAIN)


class Part(NamedTuple):
    """What is said of one set; rows of tables are text.

    Attributes:
        name: of the set.
        refused: why nothing was found, if so.
        labels: gains of labels over their rivals.
        graded: gains of ratings, marks or preferences over theirs.
        people: how alike the simulated people are.
        redundancy: what asking more people buys.
        transfer: what policies chosen in simulation lose.
        said: all of it in sentences.
        page: the set's own page.
    """

    name: str
    refused: str = ""
    labels: Rows = ()
    graded: Rows = ()
    people: Rows = ()
    redundancy: Rows = ()
    transfer: Rows = ()
    said: Sequence[str] = ()
    page: Sequence[str] = ()


def of_validation(name: str, found: Validation) -> Part:
    """Tell what was found of labels."""
    crowds = {WAYS[way]: check for way, check in found.crowds.items()}
    counts = map(str, (found.num_people, found.num_items, found.num_answers))
    about = [name, *counts]
    return Part(
        name=name,
        labels=_gain_rows(name, found.gains, [(rival,) for rival in RIVALS]),
        people=[
            [
                *(about if who == "file" else [""] * len(about)),
                who,
                *_counts(check),
                _told_apart(check.two_sample),
            ]
            for who, check in crowds.items()
        ],
        redundancy=[
            _curve_row(name, who, line)
            for who, check in crowds.items()
            for line in check.lines
            if _is_curve(line)
        ],
        transfer=[
            _moved(name, who, check.transfer)
            for who, check in crowds.items()
            if check.transfer is not None
        ],
        said=verdict(found),
        page=to_markdown(found),
    )


def of_grades(name: str, found: Grades) -> Part:
    """Tell what was found of ratings, marks or preferences."""
    return Part(
        name=name,
        graded=_gain_rows(name, found.gains, [(POOLED,), (LOGIT, BRADLEY_TERRY)]),
        said=say_gains(found.gains),
        page=grades_to_markdown(found),
    )


def write_page(
    path: Path, parts: list[Part], seed: int, names: Sequence[str] | None
) -> None:
    """Write the page: tables of all sets first, then every set by itself.

    Args:
        path: file to write.
        parts: what was found.
        seed: of all of it.
        names: the sets that were asked for; None for all.
    """
    lines = [
        "# Does a fitted crowd predict people who were left out?",
        "",
        "Written by `python experiments/people/held_out.py --data DIR --seed "
        f"{seed}{_chosen(names)}`, DIR being the recorded data; do not edit.",
        "",
        "Half of the people and half of the items are fitted; held out are the other "
        "people's answers to the other items. Then one in ten cells of person and item "
        "is held out of the whole set. A gain is the log likelihood per held-out "
        "answer over a rival's, nats, with the 95 % interval of resampled items; a "
        "loss is negative. Simulated people are drawn from the population *file* that "
        "the fit writes, as studies draw them: by a normal law, or around groups of "
        "fitted people (*resampled*).",
        *_counted(parts),
        *[f"\n**{part.name}**: {part.refused}" for part in parts if part.refused],
        *_table("## Labels", (*_HELD, *RIVALS), parts, "labels"),
        *_table(
            "## Ratings, marks and preferences", (*_HELD, *_GRADED), parts, "graded"
        ),
        *_table("## Are the people alike?", _PEOPLE, parts, "people"),
        *_table("## What asking more people buys", _REDUNDANCY, parts, "redundancy"),
        *_table("## Policies chosen in simulation", _TRANSFER, parts, "transfer"),
        "",
        "Policies are played on what all people said of the items that were not "
        "fitted, for half of the people alone leave most sets too few answers; half of "
        "them were fitted on other items. `sim_to_real.md` plays on people held out "
        "alone.",
        "",
        "## Set by set",
    ]
    for part in parts:
        if part.said:
            lines += ["", f"**{part.name}**", "", *[f"- {said}" for said in part.said]]
    for part in parts:
        lines += ["", *["#" + row if row[:1] == "#" else row for row in part.page]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _chosen(names: Sequence[str] | None) -> str:
    return "" if names is None else f" --sets {' '.join(map(repr, names))}"


_HELD = ("set", "held out")
_PEOPLE = (
    "set",
    "people held out",
    "items",
    "answers",
    "simulated people",
    "statistics equivalent / different / cannot tell",
    "the same, of those with power .8",
    "area under the curve of a classifier that tells them apart",
)
_REDUNDANCY = (
    "set",
    "simulated people",
    "statistic",
    "real",
    "simulated",
    "",
)
_TRANSFER = (
    "set",
    "simulated people",
    "policies",
    "regret",
    "rank correlation",
    "ceiling",
    "gap",
)


def _counted(parts: list[Part]) -> list[str]:
    """Return how many gains, losses and draws there are."""
    said = []
    for what in ("labels", "graded"):
        cells = [c for part in parts for row in getattr(part, what) for c in row[2:]]
        counts = [sum(c.endswith(word) for c in cells) for word in _VERDICTS]
        if any(counts):
            told = ", ".join(
                f"{n} {word}" for n, word in zip(counts, _VERDICTS, strict=True)
            )
            kind = "labels" if what == "labels" else "ratings, marks and preferences"
            said += ["", f"Of {sum(counts)} comparisons of {kind}: {told}."]
    return said


_VERDICTS = ("gain", "even", "loss")


def _table(
    title: str, headings: Sequence[str], parts: list[Part], what: str
) -> list[str]:
    rows = [row for part in parts for row in getattr(part, what)]
    if not rows:
        return []
    return [
        "",
        title,
        "",
        f"| {' | '.join(headings)} |",
        "| --- " * len(headings) + "|",
        *[f"| {' | '.join(row)} |" for row in rows],
    ]


def _gain_rows(
    name: str, gains: Sequence[Gain], columns: Sequence[tuple[str, ...]]
) -> Rows:
    """Return a row per part that is held out, a column per rival."""
    rows = []
    for where in dict.fromkeys(gain.where for gain in gains):
        told = [
            next(
                (
                    f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) "
                    f"{gain.verdict}"
                    for gain in gains
                    if gain.where == where and gain.rival in rivals
                ),
                "not asked",
            )
            for rivals in columns
        ]
        rows.append([name, where, *told])
    return rows


def _is_curve(line: Line) -> bool:
    return line.name.startswith(_CURVES)


def _curve_row(name: str, who: str, line: Line) -> list[str]:
    found = line.equivalence
    said = "not asked" if found is None else found.verdict
    if found is not None and not found.is_powered:
        said += " (low power)"
    return [name, who, line.name, f"{line.real:.3f}", f"{line.simulated:.3f}", said]


def _counts(check: CrowdCheck) -> list[str]:
    """Return how many statistics are met, different and open: of all, then powered."""
    counts = check.count(), check.count(is_powered=True)
    return [" / ".join(map(str, one.values())) for one in counts]


def _told_apart(two_sample: TwoSampleTest) -> str:
    if math.isnan(two_sample.auc):
        return f"not asked: {two_sample.num_people} people with enough answers"
    return f"{two_sample.auc:.2f} ({two_sample.low:.2f} to {two_sample.high:.2f})"


def _moved(name: str, who: str, moved: Transfer) -> list[str]:
    mid, low, high = moved.estimate, moved.low, moved.high
    return [
        name,
        who,
        str(len(moved.names)),
        f"{mid.regret:.3f} ({low.regret:.3f} to {high.regret:.3f})",
        f"{mid.rank:.2f} ({low.rank:.2f} to {high.rank:.2f})",
        f"{moved.ceiling:.2f}",
        f"{mid.gap:.3f} ({low.gap:.3f} to {high.gap:.3f})",
    ]
