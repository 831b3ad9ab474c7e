"""What many splits of people say of a set, as a page and a figure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.stats import t
from told_apart import FOUND, ROOM

from hitl_sim.participants.describing.statistic import RATE, TIME, Statistic
from hitl_sim.participants.validating.equivalence import (
    DIFFERENT,
    EQUIVALENT,
    OPEN,
    Equivalence,
    judge_gap,
    margins_date,
)
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    marker_of,
    new_figure,
    styled,
    to_png,
)

LEAST_POWERED = 8
"""Statistics with power that a set must have to be counted."""
MOST_DIFFERENT, LEAST_EQUIVALENT = 0.05, 0.8
BAND_SPLITS, WHOLE_SPLITS = 200, 50
"""Splits that the two rules ask for; with fewer, a verdict is a first look."""
LEAST_SPLITS = 20
"""Fewer tell too little of how far splits differ for any verdict."""

PASSES, FAILS = "passes", "fails"
Part = Mapping[str, Any]
Floats = NDArray[np.float64]


class Line(NamedTuple):
    """One statistic of one set, with people drawn one way.

    Attributes:
        name: of the statistic.
        scale: on which it is compared.
        real: mean over splits of the real people's, as it is read.
        simulated: the same of simulated people.
        margin_errors: how many standard errors the margin is wide.
        found: the test of equivalence.
    """

    name: str
    scale: str
    real: float
    simulated: float
    margin_errors: float
    found: Equivalence


class Area(NamedTuple):
    """Area under the curve of a classifier over splits, with its 95 % interval."""

    mean: float
    low: float
    high: float


class Curve(NamedTuple):
    """Redundancy: names of points, mean difference, half width of the band."""

    names: list[str]
    gap: Floats
    width: Floats

    @property
    def off(self) -> list[str]:
        """Points whose mean difference lies outside the band around 0."""
        return [
            f"{point_name(name)} {gap:+.3f}"
            for name, gap, width in zip(self.names, self.gap, self.width, strict=True)
            if abs(gap) > width
        ]


class Told(NamedTuple):
    """What is told of a set and one way to draw people.

    Attributes:
        name: of the set.
        way: how people are drawn.
        num_splits: splits of the band.
        num_whole: splits that the statistics and the classifier saw.
        lines: statistics.
        area: simulated beside real people.
        real: real people in halves.
        among: simulated people of one crowd beside the others.
        coin: one-coin people beside real ones.
        curve: what redundancy buys.
    """

    name: str
    way: str
    num_splits: int
    num_whole: int
    lines: list[Line]
    area: Area
    real: Area
    among: Area
    coin: Area
    curve: Curve

    @property
    def bar(self) -> float:
        """Area that simulated people may have."""
        return max(0.5, self.real.mean) + ROOM

    @property
    def powered(self) -> list[Line]:
        """Statistics whose margin the data could have told from 0."""
        return [line for line in self.lines if line.found.is_powered]


def interval(values: Sequence[float]) -> Area:
    """Return the mean over splits and its 95 % interval; splits share people."""
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / np.sqrt(len(values))
    half = float(t.ppf(0.975, len(values) - 1)) * error
    return Area(mean, mean - half, mean + half)


def tell(name: str, parts: Sequence[Part]) -> list[Told]:
    """Tell of a set what its splits say, a `Told` for each way to draw people."""
    whole = [part for part in parts if "one coin" in part]
    ways = [way for way in parts[0] if way not in ("real", "one coin")]
    return [
        Told(
            name=name,
            way=way,
            num_splits=len(parts),
            num_whole=len(whole),
            lines=list(statistics(whole, way)),
            area=interval([part[way]["auc"] for part in whole]),
            real=interval([part["real"]["auc"] for part in whole]),
            among=interval([part[way]["among"] for part in whole]),
            coin=interval([part["one coin"]["auc"] for part in whole]),
            curve=curve_gap(parts, way),
        )
        for way in ways
    ]


def statistics(parts: Sequence[Part], way: str) -> Iterator[Line]:
    """Judge each statistic by its difference over splits.

    A split compares a half of the people with simulated ones of the other half. Two
    halves of n / 2 differ with four times the variance that a statistic of all n has,
    so the error of the mean difference is half of its spread over splits.
    """
    tables = [(part["real"]["statistic"], part[way]["statistic"]) for part in parts]
    if len(tables) < LEAST_SPLITS:
        return
    names = [n for n in tables[0][0] if all(n in r and n in s for r, s in tables)]
    for name in names:
        scale = tables[0][0][name][0]
        real, simulated = (
            np.array([table[side][name][1] for table in tables]) for side in (0, 1)
        )
        gap = simulated - real
        centre = Statistic.from_place(scale, float(real.mean()))
        error = float(gap.std(ddof=1)) / 2.0
        if error <= 0.0:
            continue
        found = judge_gap(name, centre, float(gap.mean()), error)
        yield Line(
            name=name,
            scale=scale,
            real=centre.value,
            simulated=Statistic.from_place(scale, float(simulated.mean())).value,
            margin_errors=min(-found.down, found.up) / error,
            found=found,
        )


def curve_gap(parts: Sequence[Part], way: str) -> Curve:
    """Return simulated less real at every point that all splits have.

    The band is simultaneous over points: its half width is the 95 % quantile over
    splits of the largest standardised distance from their mean.
    """
    shared = [set(part["real"]["curve"]) & set(part[way]["curve"]) for part in parts]
    names = [n for n in parts[0]["real"]["curve"] if all(n in s for s in shared)]
    if not names:
        return Curve([], np.zeros(0), np.zeros(0))
    gap = np.array(
        [[p[way]["curve"][n] - p["real"]["curve"][n] for n in names] for p in parts]
    )
    mean, sd = gap.mean(axis=0), np.maximum(gap.std(axis=0, ddof=1), 1e-9)
    if len(parts) < LEAST_SPLITS:
        return Curve(names, mean, np.full(len(names), np.nan))
    widest = np.quantile(np.abs((gap - mean) / sd).max(axis=1), 0.95)
    return Curve(names, mean, widest * sd)


def largest(curve: Curve) -> str:
    """Name the point of the largest mean difference."""
    if not curve.names:
        return ""
    at = int(np.abs(curve.gap).argmax())
    return f"{point_name(curve.names[at])} {curve.gap[at]:+.3f}"


def point_name(name: str) -> str:
    """Name a point of a curve as it is read."""
    return name.replace("dawid_skene", "Dawid-Skene")


def judge_people(told: Told) -> str:
    """Say whether simulated people can be told from real ones."""
    if np.isnan(told.area.mean):
        return "not asked: too few people with five answers"
    if told.num_whole < LEAST_SPLITS:
        return f"cannot be told: {told.num_whole} splits"
    if abs(told.real.mean - 0.5) > ROOM:
        return f"does not count: real halves {told.real.mean:.2f}"
    if told.coin.mean < FOUND:
        return f"does not count: one coin found with {told.coin.mean:.2f} alone"
    is_met = told.area.mean <= told.bar and told.area.high <= told.bar + ROOM
    return PASSES if is_met else FAILS


def judge_curve(told: Told) -> str:
    """Say whether what redundancy buys lies in the band at every point."""
    if not told.curve.names:
        return "not asked"
    if told.num_splits < LEAST_SPLITS:
        return f"cannot be told: {told.num_splits} splits"
    return FAILS if told.curve.off else PASSES


def judge_statistics(told: Told) -> str:
    """Say whether enough statistics with power are equivalent, and few different."""
    if told.num_whole < LEAST_SPLITS:
        return f"cannot be told: {told.num_whole} splits"
    verdicts = [line.found.verdict for line in told.powered]
    if len(verdicts) < LEAST_POWERED:
        return f"does not count: {len(verdicts)} with power"
    same, other = (verdicts.count(v) / len(verdicts) for v in (EQUIVALENT, DIFFERENT))
    is_met = same >= LEAST_EQUIVALENT and other <= MOST_DIFFERENT
    return PASSES if is_met else FAILS


def write_page(out: Path, sets: Sequence[list[Told]]) -> None:
    """Write the page and, beside it, its figure."""
    every = [told for of_set in sets for told in of_set]
    picture = out.with_suffix(".png")
    draw(picture, every)
    lines = [
        "# Are simulated people like real ones whom nobody fitted?",
        "",
        "Written by `python experiments/people/many_splits.py --data DIR --parts FOLDER"
        f" --splits {max(told.num_splits for told in every)} --sets"
        f" {' '.join(dict.fromkeys(repr(told.name) for told in every))}`, DIR being the"
        " recorded"
        " data; do not edit.",
        "",
        *say(every),
        "",
        f"![Areas, redundancy and statistics by set]({picture.name})",
        "",
        "In each split half of the people were fitted; as many simulated people of the"
        " file that the fit writes answered what the other half was asked, the same"
        " items in the same numbers. People are drawn by a *normal* law with kinds of"
        " people beside it, or *resampled* around groups of fitted people. Splits share"
        " people: intervals over splits are of the halving, not of another sample of"
        " people.",
        "",
        "## By set",
        "",
        "Whole persons: area under the curve of a random forest (50 trees, folds by"
        " person) that tells ten simulated people from each real one by their accuracy,"
        " agreement with others, use of options and, where recorded, times and order."
        " *Real halves* is the same test"
        " between random halves of real people, *simulated* between one crowd and the"
        " others, *one coin* with independent people of the real ones' accuracies at"
        " anybody's times. It passes where the mean is at most max(.5, real halves) +"
        f" {ROOM:g} and its upper end at most {ROOM:g} more. It counts only where real"
        f" halves lie within {ROOM:g} of .5 and one coin is found at {FOUND:g} at"
        " least.",
        "",
        *table(
            (
                *("set", "people", "splits", "whole persons, area", "real halves"),
                *("simulated", "one coin", "verdict"),
            ),
            (
                (
                    *(told.name, told.way, str(told.num_whole), area_text(told.area)),
                    f"{told.real.mean:.2f}",
                    among_text(told),
                    f"{told.coin.mean:.2f}",
                    judge_people(told),
                )
                for told in every
            ),
        ),
        "",
        "Redundancy: points of the majority and Dawid-Skene curves at which simulated"
        " less real lies in a band around 0 that holds 95 % of splits at all points at"
        " once.",
        "",
        *table(
            (
                "set",
                "people",
                "splits",
                "points",
                "verdict",
                "off",
                "largest difference",
            ),
            (
                (
                    *(told.name, told.way, str(told.num_splits)),
                    str(len(told.curve.names)),
                    judge_curve(told),
                    ", ".join(told.curve.off),
                    largest(told.curve),
                )
                for told in every
            ),
        ),
        "",
        f"Statistics: two one-sided tests at 5 % against margins fixed on"
        f" {margins_date()}. The error of a difference is half of its spread over"
        " splits, since halves vary by four times the variance of all people. A"
        " statistic has power .8 where its margin is at least three errors wide. A set"
        f" passes with {LEAST_EQUIVALENT:.0%} of those equivalent and at most"
        f" {MOST_DIFFERENT:.0%} different; it counts with {LEAST_POWERED} or more.",
        "",
        *table(
            ("set", "people", "with power", *(EQUIVALENT, DIFFERENT, OPEN), "verdict"),
            (
                (
                    *(told.name, told.way, f"{len(told.powered)} of {len(told.lines)}"),
                    *counted(told.powered),
                    judge_statistics(told),
                )
                for told in every
            ),
        ),
        *(line for told in every for line in list_statistics(told)),
    ]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def say(every: Sequence[Told]) -> list[str]:
    """Say in sentences what came out, and of how many splits."""
    fewest, most = (f(told.num_splits for told in every) for f in (min, max))
    splits = f"{most}" if fewest == most else f"{fewest} to {most}"
    size = len({told.name for told in every})
    sets = "One set" if size == 1 else f"{size} sets"
    said = [f"{sets}, {splits} splits of the people."]
    whole = min(told.num_whole for told in every)
    if whole < WHOLE_SPLITS or fewest < BAND_SPLITS:
        said.append(
            f"The rules ask for {WHOLE_SPLITS} splits of whole persons and"
            f" {BAND_SPLITS} of redundancy: with fewer, this is a first look."
        )
    judges = (
        ("Whole persons", judge_people),
        ("Redundancy", judge_curve),
        ("Statistics", judge_statistics),
    )
    for what, judge in judges:
        for way in dict.fromkeys(told.way for told in every):
            found = {told.name: judge(told) for told in every if told.way == way}
            groups = [
                f"{word} on {', '.join(names)}"
                for word, names in (
                    (PASSES, [n for n, v in found.items() if v == PASSES]),
                    (FAILS, [n for n, v in found.items() if v == FAILS]),
                    (
                        "cannot be told",
                        [n for n, v in found.items() if v not in (PASSES, FAILS)],
                    ),
                )
                if names
            ]
            said.append(f"**{what}, {way} people**: {'; '.join(groups)}.")
    return [f"- {line}" for line in said]


def list_statistics(told: Told) -> list[str]:
    """List every statistic of a set with difference, interval, margin and power."""
    if not told.lines:
        return []
    return [
        "",
        f"## {told.name}, {told.way} people",
        "",
        "Differences, 90 % intervals and margins are of shares' log odds, of log times,"
        " and of coefficients as they are.",
        "",
        *table(
            (
                *("statistic", "real", "simulated", "difference", "margin"),
                *("margin in errors", "power .8", "verdict"),
            ),
            (
                (
                    line.name,
                    value_text(line, line.real),
                    value_text(line, line.simulated),
                    f"{(line.found.low + line.found.high) / 2.0:+.2f}"
                    f" ({line.found.low:+.2f} to {line.found.high:+.2f})",
                    f"{line.found.down:+.2f} to {line.found.up:+.2f}",
                    f"{line.margin_errors:.1f}",
                    "yes" if line.found.is_powered else "no",
                    line.found.verdict,
                )
                for line in told.lines
            ),
        ),
    ]


def table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    """Write a table."""
    return [
        f"| {' | '.join(headings)} |",
        "| --- " * len(headings) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def counted(lines: Sequence[Line]) -> list[str]:
    """Count verdicts."""
    verdicts = [line.found.verdict for line in lines]
    return [str(verdicts.count(v)) for v in (EQUIVALENT, DIFFERENT, OPEN)]


def among_text(told: Told) -> str:
    """Write the area between crowds; it is asked of the first way to draw people."""
    return "not asked" if np.isnan(told.among.mean) else f"{told.among.mean:.2f}"


def area_text(area: Area) -> str:
    """Write an area with its interval."""
    if np.isnan(area.mean):
        return "not asked"
    return f"{area.mean:.2f} ({area.low:.2f} to {area.high:.2f})"


def value_text(line: Line, value: float) -> str:
    """Write a value as its scale is read."""
    if line.scale == TIME:
        return f"{value:.3g}"
    return f"{value:.3f}" if line.scale == RATE else f"{value:+.3f}"


_DODGE = 0.18


def draw(path: Path, every: Sequence[Told]) -> None:
    """Draw areas with their controls, the worst point of curves, and verdicts."""
    names = list(dict.fromkeys(told.name for told in every))
    ways = list(dict.fromkeys(told.way for told in every))
    colour, marker = colour_of(ways), marker_of(ways)
    # panels of which nothing is told yet are left out
    has_verdicts = any(told.num_splits >= LEAST_SPLITS for told in every)
    with styled():
        figure = new_figure(1.8 + 0.45 * len(names))
        panels = figure.subplots(
            1, 3 if has_verdicts else 1, sharey=True, squeeze=False
        )
        areas, *others = panels[0]
        for told in every:
            row = names.index(told.name) + _DODGE * (ways.index(told.way) - 0.5)
            look = {"color": colour[told.way], "marker": marker[told.way]}
            is_new = told.name == names[0]
            label = told.way if is_new else None
            mid, low, high = told.area
            areas.errorbar(
                mid, row, xerr=[[mid - low], [high - mid]], label=label, ls="", **look
            )
            areas.plot([told.bar] * 2, [row - _DODGE, row + _DODGE], color=BLACK, lw=1)
            if told.way == ways[0]:
                areas.plot(
                    told.coin.mean,
                    row,
                    *("x",),
                    color=GREY,
                    label="one coin" if is_new else None,
                )
            if not has_verdicts:
                continue
            curves, counts = others
            if np.isfinite(told.curve.width).any():
                worst = float(
                    np.max(np.abs(told.curve.gap) / np.maximum(told.curve.width, 1e-9))
                )
                curves.plot(worst, row, ls="", **look)
            if told.powered:
                same = int(counted(told.powered)[0])
                counts.plot(same / len(told.powered), row, ls="", **look)
        _name_axes(areas, others, names)
        figure.legend(loc="outside lower center", ncols=len(ways) + 1)
    path.write_bytes(to_png(figure, path.stem))


def _name_axes(areas: Axes, others: Sequence[Axes], names: Sequence[str]) -> None:
    areas.set_yticks(range(len(names)), names)
    areas.invert_yaxis()
    areas.axvline(0.5, color=GREY, lw=0.8)
    areas.set_xlabel("area (black: bar)")
    if others:
        curves, counts = others
        curves.axvline(1.0, color=GREY, lw=0.8)
        curves.set_xlabel("worst point / band")
        curves.set_xlim(left=0.0)
        counts.axvline(LEAST_EQUIVALENT, color=GREY, lw=0.8)
        counts.set_xlabel("share equivalent")
        counts.set_xlim(-0.05, 1.05)
