"""The page and the picture of the ladder, from what its conditions came to."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.analysis.condition.size_law import (
    LEVEL,
    Hidden,
    Rung,
    SizeLaw,
    fit_size_law,
    hide_largest_rungs,
    hours_growth,
    log_odds,
    needed_questions,
)
from hitl_sim.report.figure.style import (
    BLACK,
    joule_ticks,
    looks_of,
    new_figure,
    styled,
    to_png,
)
from hitl_sim.report.number import RHO, digits, kwh_text, percent, span
from hitl_sim.report.table import Table, to_markdown
from hitl_sim.unit import J_PER_KWH

NORMAL = 1.959964
"""Half a 95 % interval, in standard errors."""
QUALITY = 0.8
"""Stated quality of a selection: share of what is kept that is not spoilt, of which a
share at random has .6."""
ARM, PEOPLE = "verify", "typical"
"""Whose hidden rungs are held against the law: every ladder has them."""
SHOWN = {
    "machine_share": "a share by a machine",
    "rate": "72 ratings",
    "rank": "a ranking of features",
    "verify": "72 checks",
    "label": "72 labels",
}
"""Arms in the table, in words: typical people where there are any."""
QUESTIONS = "72"


@dataclass(frozen=True)
class Row:
    """One condition of one rung; numbers are NaN where they are unknown."""

    rung: str
    ladder: str
    content: str
    is_top: bool
    spoilt: float
    pool: float
    arm: str
    role: str
    population: str
    questions: str
    replicates: int
    reached: int
    ratio: Bounded
    control: Bounded
    pass_j: float
    break_even: tuple[float, float]
    hours: float
    kept: float
    kept_se: float

    @property
    def name(self) -> str:
        """The arm, with its questions and people."""
        asked = f" {self.questions}" if self.questions else ""
        people = f", {self.population}" if self.population else ""
        return f"{self.arm}{asked}{people}"

    @property
    def is_bounded(self) -> bool:
        """Whether the ratio and both of its ends are finite and above 0."""
        ends = self.ratio.low, self.ratio.value, self.ratio.high
        return all(math.isfinite(end) and end > 0.0 for end in ends)

    def point(self, value: float, error: float) -> Rung:
        """Make a point of the law of it."""
        # a share that no replicate moved is still not known exactly
        size = self.pool, self.pass_j
        return Rung(self.ladder, self.rung, self.name, *size, value, max(error, 1e-3))


def rows_of(table: Sequence[dict[str, Any]]) -> list[Row]:
    """Read rows of `ladder.csv`."""

    def number(row: dict[str, Any], name: str) -> float:
        return float(row[name]) if row[name] not in ("", None) else math.nan

    def bounded(row: dict[str, Any], name: str) -> Bounded:
        low, high = number(row, f"{name}_low"), number(row, f"{name}_high")
        return Bounded(number(row, name), low, high)

    return [
        Row(
            **{n: row[n] for n in ("rung", "ladder", "content", "arm", "role")},
            is_top=row["is_top"] == "True",
            spoilt=number(row, "spoilt"),
            pool=number(row, "pool"),
            population=row["population"],
            questions=row["questions"],
            replicates=int(row["replicates"]),
            reached=int(row["reached"]),
            ratio=bounded(row, "ratio"),
            control=bounded(row, "control_j"),
            pass_j=number(row, "pass_j"),
            break_even=(number(row, "e_star_kwh"), number(row, "e_star_kwh_low")),
            hours=number(row, "hours"),
            kept=number(row, "kept_clean"),
            kept_se=number(row, "kept_clean_se"),
        )
        for row in table
    ]


def ratios(rows: Sequence[Row]) -> list[Rung]:
    """Make the points of log rho; arms without an upper end are left out."""
    return [
        row.point(
            math.log(row.ratio.value),
            (math.log(row.ratio.high) - math.log(row.ratio.low)) / (2.0 * NORMAL),
        )
        for row in compared(rows)
        if row.is_bounded
    ]


def reaches(rows: Sequence[Row]) -> list[Rung]:
    """Make the points of the log-odds of reach."""
    return [row.point(*log_odds(row.reached, row.replicates)) for row in compared(rows)]


def compared(rows: Sequence[Row]) -> list[Row]:
    """Pick the arms of spoilt pools, of ratings those of one number of questions."""
    return [
        row
        for row in rows
        if row.spoilt > 0.0
        and row.role == "arm"
        and (row.arm != "rate" or row.questions == QUESTIONS)
    ]


@dataclass(frozen=True)
class Needed:
    """Questions, and hours, that a selection of the stated quality took.

    Attributes:
        row: of the fewest questions tried.
        point: log of the questions, as a point of the law.
        log_hours: of people.
    """

    row: Row
    point: Rung
    log_hours: float


def needed(rows: Sequence[Row]) -> tuple[list[Needed], int]:
    """Find the questions that ratings took; and of how many crowds they are unknown."""
    crowds: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.arm == "rate" and row.spoilt > 0.0 and not row.is_top:
            crowds.setdefault((row.rung, row.population), []).append(row)
    found, unknown = [], 0
    for some in crowds.values():
        own = sorted(some, key=lambda row: float(row.questions))
        asked = [float(row.questions) for row in own]
        quality, error = [row.kept for row in own], [row.kept_se for row in own]
        crossing = needed_questions(asked, quality, error, QUALITY)
        if crossing is None:
            unknown += 1
            continue
        log, spread = crossing
        point = own[0].point(log, spread)
        name = f"rate, {own[0].population}"
        point = Rung(
            point.ladder, point.rung, name, point.pool, point.pass_j, log, point.error
        )
        # an hour's questions, from the most that were asked
        each = own[-1].hours / asked[-1]
        found.append(Needed(own[0], point, log + math.log(each)))
    return found, unknown


def law_of(points: Sequence[Rung]) -> SizeLaw | None:
    """Fit the law; None where there are too few rungs yet."""
    try:
        return fit_size_law(points)
    except ValueError:
        return None


def factor(log: Bounded) -> str:
    """Write what a logarithm is of, with its interval."""
    return (
        f"{digits(math.exp(log.value))} {span(math.exp(log.low), math.exp(log.high))}"
    )


def growth_sentences(law: SizeLaw | None, what: str) -> Iterator[str]:
    """Say how a number moves with pool and width, or that this cannot be told."""
    if law is None:
        yield f"- **{what}**: too few rungs are there yet to tell."
        return
    for name, words in (("pool", "ten times the items"), ("width", WIDTH)):
        found = law.growth(name)
        if found.holds(0.0):
            tail = ", which cannot be told from no change"
        else:
            tail = ": it " + ("grows" if found.value > 0.0 else "falls")
        yield f"- **{what}** with {words}: {factor(found)} times as much{tail}."


WIDTH = "a step that is ten times as dear per item"


def hours_sentence(found: Sequence[Needed], unknown: int) -> str:
    """Say how human hours grow with the control's joules."""
    lead = (
        f"- **Human hours** for a selection of which {percent(QUALITY)} are not spoilt"
    )
    left = f" ({unknown} of {unknown + len(found)} crowds are left out: they were there"
    left += " with the fewest questions, or not with the most)" if unknown else ""
    left = left if unknown else ""
    try:
        beta = hours_growth(
            [one.row.ladder for one in found],
            [one.row.control.value for one in found],
            [one.log_hours for one in found],
            [one.point.error for one in found],
        )
    except ValueError:
        return f"{lead}: too few rungs are there yet to tell{left}."
    tail = ", which cannot be told from no growth" if beta.holds(0.0) else ""
    return (
        f"{lead} grow as the control's joules to the power of {digits(beta.value)}"
        f" {span(beta.low, beta.high)}{tail}{left}."
    )


def next_decade(law: SizeLaw, rows: Sequence[Row]) -> Table:
    """Predict rho a decade further: half of it by the pool, half by the width."""
    out = []
    for ladder in dict.fromkeys(row.ladder for row in rows):
        own = [p for p in law.rungs if p.ladder == ladder and p.arm == named(rows)]
        if not own:
            continue
        last = max(own, key=lambda point: point.pass_pool_j)
        row = next(row for row in rows if row.rung == last.rung and row.spoilt > 0.0)
        half = math.sqrt(10.0)
        size = last.pool * half, last.pass_j * half
        new = Rung(ladder, "next", last.arm, *size, last.value, last.error)
        told = law.predict(new)
        found = told.ratio("law of the ladder")
        low, high = found.interval or (math.nan, math.nan)
        out.append(
            (
                ladder,
                row.content,
                factor(Bounded(last.value, *ends(last))),
                f"{digits(float(found.value or math.nan))} {span(low, high)}",
                found.kind.words,
            )
        )
    head = ("ladder", "content", f"{RHO} at its largest rung", "a decade on", "kind")
    return Table(head, out)


def ends(point: Rung) -> tuple[float, float]:
    """Return the ends of a point's own 90 % interval."""
    half = 1.6448536 * point.error
    return point.value - half, point.value + half


def named(rows: Sequence[Row]) -> str:
    """Name the arm whose hidden rungs are held against the law."""
    return next(
        (r.name for r in rows if r.arm == ARM and r.population == PEOPLE), f"{ARM}"
    )


def hidden_rows(found: Sequence[Hidden]) -> Table:
    """Lay out what was hidden, what the law said, and the scores."""
    out = []
    for one in found:
        law, unchanged = one.scores
        out.append(
            (
                one.rung.rung,
                factor(one.predicted.log),
                factor(one.unchanged),
                digits(math.exp(one.rung.value)),
                "yes" if one.is_held else "**no**",
                digits(law),
                digits(unchanged),
            )
        )
    return Table(
        ("hidden rung", "the law", "as it was", "found", "held", "score", "as it was"),
        out,
    )


def rung_rows(rows: Sequence[Row]) -> Table:
    """Lay out the rungs: what the control spent, and rho of the arms."""
    out = []
    for name in dict.fromkeys(row.rung for row in rows):
        for spoilt in sorted({row.spoilt for row in rows if row.rung == name}):
            own = [r for r in rows if r.rung == name and r.spoilt == spoilt]
            control = next(row for row in own if row.role == "control")
            shown = []
            for arm in SHOWN:
                found = [
                    row
                    for row in own
                    if row.arm == arm
                    and row.population in ("", PEOPLE)
                    and (arm != "rate" or row.questions == QUESTIONS)
                ]
                shown.append(_ratio(found[0]) if found else "")
            joules = f"{digits(control.control.value)} J"
            reached = f"{control.reached}/{control.replicates}"
            pool = f"{control.pool:g}"
            checks = [row for row in own if row.name == named(rows)]
            shown.append(_break_even(checks[0]) if checks else "")
            out.append((name, pool, f"{percent(spoilt)}", joules, reached, *shown))
    head = (
        "rung",
        "pool",
        "spoilt",
        "control",
        "reached",
        *SHOWN.values(),
        "E* of 72 checks",
    )
    return Table(head, out)


def _break_even(row: Row) -> str:
    """Write from which training on people are paid back, or that none may be."""
    value, low = row.break_even
    if math.isfinite(value):
        return f"{kwh_text(value * J_PER_KWH)}"
    lead = "never" if math.isinf(value) else "perhaps never"
    return f"{lead}, else above {kwh_text(low * J_PER_KWH)}"


def _ratio(row: Row) -> str:
    if not row.reached:
        return f"never (0/{row.replicates})"
    high = row.ratio.high
    return f"{digits(row.ratio.value)} {span(row.ratio.low, high)}"


def decades_of(rows: Sequence[Row]) -> float:
    """Return how many decades of the control's joules the longest ladder has."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.role == "control" and row.spoilt > 0.0:
            found.setdefault(row.ladder, []).append(math.log10(row.control.value))
    return max(max(some) - min(some) for some in found.values())


def page(table: Sequence[dict[str, Any]], missing: Sequence[str]) -> str:
    """Write the page.

    Args:
        table: rows of `ladder.csv`.
        missing: rungs that were not run.
    """
    rows = rows_of(table)
    controls = [row for row in rows if row.role == "control"]
    joules = sorted(row.control.value for row in controls)
    decades = math.log10(joules[-1] / joules[0])
    law = law_of(ratios(rows))
    selected, unknown = needed(rows)
    hidden = hide_largest_rungs(ratios(rows), named(rows))
    lines = [
        "# How do saving and human hours move with the size of training?",
        "",
        f"{len(dict.fromkeys(row.rung for row in rows))} rungs of"
        f" {len(dict.fromkeys(row.ladder for row in rows))} ladders, each a task and a"
        " kind of network, from the smallest pool and network to the largest. The"
        f" control spent {digits(joules[0])} J to {digits(joules[-1])} J:"
        f" {decades:.1f} decades. Two fifths of a pool are spoilt (on some rungs also"
        " none). Control and arms were tuned alike; a top rung learns at the rate that"
        " was best for the control of the rung below. Joules are modelled for a laptop"
        " from counted work, nothing was measured or timed, and people are simulated:"
        f" typical ones here. {RHO} is joules to the target, arm ÷ control, with"
        " 95 % intervals; people's own joules are not in it.",
        "",
    ]
    if missing:
        lines += [
            f"**Not there yet**: {', '.join(missing)}. The ladder is to reach 300 J;"
            " what is said here ends at the largest rung that was run.",
            "",
        ]
    lines += [
        f"What follows is the law of size over spoilt pools, with {percent(LEVEL)}"
        " intervals that hold what ladders and arms differ by:",
        "",
        *growth_sentences(law, RHO),
        *growth_sentences(law_of(reaches(rows)), "The odds of reaching the target"),
        *growth_sentences(law_of([one.point for one in selected]), "Questions"),
        hours_sentence(selected, unknown),
        "",
        "![energy ratio against the control's joules](ladder.png)",
        "",
        "## The next decade",
        "",
    ]
    if law is None:
        lines.append("Too few rungs are there yet to predict one.")
    else:
        lines += [
            f"{RHO} of 72 labels checked by typical people, a decade of joules beyond"
            " each ladder's largest rung, half of it by the pool and half by the"
            " network. The interval holds"
            " the Monte-Carlo error of a rung like the last one. What lies further is"
            " hypothetical, and is not told here.",
            "",
            *to_markdown(next_decade(law, rows)),
        ]
    lines += ["", "## The hidden decade", ""]
    if hidden:
        held = sum(one.is_held for one in hidden)
        scores = np.mean([one.scores for one in hidden], axis=0)
        better = "better" if scores[0] < scores[1] else "**no better**"
        lines += [
            "Each ladder's largest rung was hidden in turn, with those within half a"
            f" decade of it, and its {RHO} of 72 checks by typical people held against"
            f" the law of the rest: {held} of {len(hidden)} were in its"
            f" {percent(LEVEL)} interval. The interval score (less is better) is"
            f" {digits(scores[0])} on average, {better} than"
            f' {digits(scores[1])} of "{RHO} stays as it is". Twelve ladders of three'
            " decades would be a test; here the longest has"
            f" {decades_of(rows):.1f} decades.",
            "",
            *to_markdown(hidden_rows(hidden)),
        ]
    else:
        lines.append("No ladder is long enough yet to hide its largest rung.")
    lines += ["", "## Every rung", "", *to_markdown(rung_rows(rows)), ""]
    lines += [
        "E*, the training from which the people of 72 checks are paid back if this"
        " saving holds there, is against the control.",
        "",
        "Networks that read words in their order have no ratings, which compare items"
        " by numbers; features are ranked for dense networks alone.",
        "",
        "Again, from what is in `ladder.csv`: `python experiments/ladder.py --page`."
        " To run a rung: `python experiments/ladder.py results/ladder --data DIR --rung"
        " NAME`.",
        "",
    ]
    return "\n".join(lines)


def draw(table: Sequence[dict[str, Any]]) -> bytes:
    """Draw rho of three arms against the control's joules, a line per ladder."""
    rows = [row for row in rows_of(table) if row.spoilt > 0.0]
    looks = looks_of(sorted({row.ladder for row in rows}))
    arms = ("machine_share", "rate", "verify")
    titles = (
        "a share by a machine",
        "ratings, typical people",
        "checks, typical people",
    )
    with styled():
        figure = new_figure(6.4)
        panels = figure.subplots(3, sharex=True)
        for axes, arm, title in zip(panels, arms, titles, strict=True):
            axes.axhline(1.0, color=BLACK, linewidth=1.0)
            for ladder, look in looks.items():
                own = [
                    row
                    for row in compared(rows)
                    if row.ladder == ladder
                    and row.arm == arm
                    and row.population in ("", PEOPLE)
                    and row.is_bounded
                ]
                own.sort(key=lambda row: row.control.value)
                x = [row.control.value for row in own]
                y = [row.ratio.value for row in own]
                ends = [
                    [row.ratio.value - row.ratio.low for row in own],
                    [row.ratio.high - row.ratio.value for row in own],
                ]
                axes.errorbar(x, y, ends, **look, label=ladder, markersize=5)
            axes.set(xscale="log", yscale="log", title=title, ylabel=RHO)
            axes.set_yticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
            axes.yaxis.set_minor_locator(NullLocator())
            joule_ticks(axes)
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=20))
            axes.xaxis.set_minor_locator(NullLocator())
        spent = [row.control.value for row in rows if row.role == "control"]
        # to the next 1 or 3 on either side
        low, high = 2.0 * np.log10([min(spent), max(spent)])
        panels[-1].set_xlim(10.0 ** (np.floor(low) / 2), 10.0 ** (np.ceil(high) / 2))
        panels[-1].set_xlabel("joules of the control to its target (modelled)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        return to_png(figure, "ladder")
