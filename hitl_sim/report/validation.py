"""A validation in words, as a page and as a figure."""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.output import write_bytes, write_text
from hitl_sim.participants.describing.redundancy import CurvePoint
from hitl_sim.participants.describing.statistic import Statistic
from hitl_sim.participants.fitting.model_file import NORMAL, PEOPLE
from hitl_sim.participants.validating.compare import Line
from hitl_sim.participants.validating.equivalence import (
    DIFFERENT,
    EQUIVALENT,
    OPEN,
    Equivalence,
    margins_date,
)
from hitl_sim.participants.validating.predict import Gain, Grades
from hitl_sim.participants.validating.validate import CrowdCheck, Validation
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    legend_below,
    new_figure,
    places,
    styled,
    to_png,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, to_markdown as table_lines

PAGE = "validation.md"
"""What every validation writes into its folder."""

_NAMES = {"majority": "majority", "dawid_skene": "Dawid-Skene"}
_HEIGHT_IN = 6.4


def verdict(found: Validation | Grades) -> list[str]:
    """Say in sentences what a validation found, losses as losses."""
    said = say_gains(found.gains)
    if isinstance(found, Validation):
        for way, check in found.crowds.items():
            shown = {
                "who": _WHO[way],
                "check": check,
                "counts": check.count(),
                "powered": check.count(is_powered=True),
                "is_quick": found.is_quick,
            }
            said += say("validation.labels", **shown).splitlines()
    return list(dict.fromkeys(said))


_WHO = {
    NORMAL: "People of the population file",
    PEOPLE: "People drawn around groups of those fitted",
}
WAYS = {NORMAL: "file", PEOPLE: "file, resampled"}
"""How tables call the two ways to draw people of a file."""


def say_gains(gains: Sequence[Gain]) -> list[str]:
    """Say in sentences what is gained over rivals."""
    return say("validation.gains", gains=gains).splitlines()


def write_validation(folder: Path, found: Validation | Grades) -> None:
    """Write `validation.md` into a folder, of labels `validation.png` too."""
    if isinstance(found, Grades):
        page = grades_to_markdown(found)
    else:
        page = to_markdown(found)
        with styled("validation"):
            picture = to_png(draw_validation(found), "validation")
        write_bytes(folder / "validation.png", picture)
    write_text(folder / PAGE, "\n".join(page) + "\n")


def grades_to_markdown(found: Grades) -> list[str]:
    """Return the page of ratings, marks or preferences."""
    return _page(
        found,
        f"Fitted against real people: {_cell(Path(found.name).name)}, {found.kind}",
        f"{found.num_people} people, {found.num_items} items, {found.num_answers} "
        "answers. First half of the people and items was fitted, and the other half "
        "predicted; then a tenth of the cells of person and item was left out.",
    )


def to_markdown(found: Validation) -> list[str]:
    """Return the page of labels; what comes from the file is escaped."""
    crowds = list(found.crowds.values())
    called = [WAYS[way] for way in found.crowds]
    curve = [
        (
            *(_NAMES[first.method], f"{first.size}", f"{first.real:.3f}"),
            *(cell for at in (first, *rest) for cell in _with_interval(at)),
        )
        for first, *rest in zip(*(crowd.curve for crowd in crowds), strict=True)
    ]
    named = [cell for name in called for cell in (name, "95 % of crowds")]
    headings = ("method", "people", "real", *named)
    tables = [Table(headings, curve, "What asking more people buys, held-out half")]
    moved = [crowd.transfer for crowd in crowds if crowd.transfer is not None]
    if moved:
        worths = (moved[0].real, *(played.simulated for played in moved))
        policies = [
            (name, *(f"{worth:.3f}" for worth in shown))
            for name, *shown in zip(moved[0].names, *worths, strict=True)
        ]
        played = ("policy", "real", *called)
        tables.append(Table(played, policies, "Policies at one budget"))
    statistics = [
        (
            *(_cell(first.name), f"{first.real:.3g}", _allowed(first)),
            *(cell for line in (first, *rest) for cell in _told(line)),
        )
        for first, *rest in zip(*(crowd.lines for crowd in crowds), strict=True)
    ]
    judged = [cell for name in called for cell in (name, "")]
    quick = ""
    if found.is_quick:
        quick = " A quick look: cells and policies are left out, and crowds are few."
    columns = ("statistic", "real", "allowed", *judged)
    tables.append(Table(columns, statistics, "Statistics of the held-out half"))
    return _page(
        found,
        f"Simulated against real people: {_cell(Path(found.name).name)}",
        f"Half of the people and items were fitted; held out are {found.num_people} "
        f"other people, {found.num_items} other items and {found.num_answers} answers. "
        f"What a statistic may differ by was fixed on {margins_date()}; intervals of "
        "simulated people are of 90 %." + quick,
        tables,
    )


def _with_interval(at: CurvePoint) -> tuple[str, str]:
    return f"{at.simulated:.3f}", f"{at.low:.3f} to {at.high:.3f}"


def _allowed(line: Line) -> str:
    """Tell between which values a simulated crowd's would do."""
    found = line.equivalence
    return "" if found is None else _between(line, found.down, found.up)


def _told(line: Line) -> tuple[str, str]:
    """Tell a simulated crowd's value with its 90 % interval, and the verdict."""
    found, value = line.equivalence, f"{line.simulated:.3g}"
    if found is None:
        return value, "not asked: too few people have it"
    power = "" if found.is_powered else " (low power)"
    return f"{value} ({_between(line, found.low, found.high)})", found.verdict + power


def _between(line: Line, low: float, high: float) -> str:
    """Tell the values that lie so far from the real one, on the scale."""
    place = Statistic(line.scale, line.real).place
    ends = (Statistic.from_place(line.scale, place + at).value for at in (low, high))
    return " to ".join(f"{end:.3g}" for end in ends)


def _page(
    found: Validation | Grades, title: str, about: str, tables: Sequence[Table] = ()
) -> list[str]:
    """Return the lines of a page, with a table of log likelihoods before others."""
    gains = Table(
        ("held out", "rival", "fitted crowd", "rival", "gain", "95 % interval", ""),
        [
            (
                *(gain.where, gain.rival, f"{gain.ours:.4f}", f"{gain.theirs:.4f}"),
                f"{gain.value:+.4f}",
                f"{gain.low:+.4f} to {gain.high:+.4f}",
                gain.verdict,
            )
            for gain in found.gains
        ],
        "Log likelihood per held-out answer, nats",
    )
    laid = [(table.title, table_lines(table)) for table in (gains, *tables)]
    told = {"title": title, "about": about, "tables": laid}
    return say("validation.page", said=verdict(found), **told).splitlines()


def draw_validation(found: Validation) -> Figure:
    """Draw gains; of people of the file redundancy, statistics and policies."""
    figure = new_figure(_HEIGHT_IN)
    (gains, curve), (statistics, policies) = figure.subplots(2, 2)
    _draw_gains(gains, found)
    file = found.crowds[NORMAL]
    _draw_curve(curve, file)
    _draw_statistics(statistics, file)
    _draw_policies(policies, file, is_quick=found.is_quick)
    legend_below(figure, 2, curve)
    return figure


def _draw_gains(axes: Axes, found: Validation) -> None:
    place = places(len(found.gains))
    for at, gain in zip(place, found.gains, strict=True):
        colour = COLOURS[0] if gain.where == "cells" else COLOURS[1]
        axes.plot([gain.low, gain.high], [at, at], color=colour)
        axes.plot([gain.value], [at], "o", color=colour, markersize=5)
    axes.axvline(0.0, color=BLACK, linewidth=1.0)
    names = [
        f"{gain.rival}\n{'cells' if gain.where == 'cells' else 'new people'}"
        for gain in found.gains
    ]
    axes.set_yticks(place, names, fontsize=7.5)
    axes.set(xlabel="gain, nats per answer", title="Held-out likelihood")


def _draw_curve(axes: Axes, found: CrowdCheck) -> None:
    for colour, method in ((COLOURS[0], "majority"), (COLOURS[2], "dawid_skene")):
        points = [at for at in found.curve if at.method == method]
        size = [at.size for at in points]
        for kind, look in (("real", "-o"), ("simulated", "--s")):
            shares = [getattr(at, kind) for at in points]
            name = f"{_NAMES[method]}, {kind}"
            axes.plot(size, shares, look, color=colour, label=name)
        low, high = [at.low for at in points], [at.high for at in points]
        axes.set_xticks(size)
        axes.fill_between(size, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set(
        xlabel="people per item",
        ylabel="share of labels right",
        title="What asking more buys",
    )


def _draw_statistics(axes: Axes, found: CrowdCheck) -> None:
    """Draw differences in margins: between the lines they do not matter."""
    judged = [line.equivalence for line in found.lines if line.equivalence]
    judged.sort(key=lambda one: sum(_in_margins(one)))
    looks = {EQUIVALENT: COLOURS[0], OPEN: GREY, DIFFERENT: COLOURS[1]}
    for at, one in enumerate(judged):
        ends = np.clip(_in_margins(one), -3.0, 3.0)
        colour = looks[one.verdict]
        axes.plot(ends, [at, at], ".-", color=colour, linewidth=1.2, markersize=3)
    for edge in (-1.0, 1.0):
        axes.axvline(edge, color=BLACK, linewidth=1.0)
    counts = found.count()
    told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    axes.set_ylabel(told, fontsize=8)
    axes.set(
        yticks=[],
        xlabel="difference in margins, cut at 3",
        title="Statistics",
    )


def _in_margins(found: Equivalence) -> tuple[float, float]:
    """Return the ends of an interval as multiples of the margin on their side."""
    low, high = (
        end / (found.up if end > 0 else -found.down) for end in (found.low, found.high)
    )
    return low, high


def _draw_policies(axes: Axes, found: CrowdCheck, *, is_quick: bool) -> None:
    axes.set_title("Policies")
    if found.transfer is None:
        axes.set_axis_off()
        why = "left out of a quick look" if is_quick else "too few answers per item"
        axes.annotate(why, (0.1, 0.5), color=GREY)
        return
    moved = found.transfer
    axes.plot(moved.real, moved.simulated, "o", color=COLOURS[1], markersize=6)
    both = np.concatenate([moved.real, moved.simulated])
    ends = [float(both.min()) - 0.01, float(both.max()) + 0.01]
    axes.plot(ends, ends, color=GREY, linestyle=":", linewidth=1.2)
    axes.set(xlabel="worth, real people", ylabel="worth, simulated")


def _cell(text: str) -> str:
    return html.escape(text).replace("|", "\\|").replace("\n", " ")
