"""A validation in words, as a page and as a figure."""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.output import write_bytes, write_text
from hitl_sim.participants.validating.compare import TOLERANCE
from hitl_sim.participants.validating.predict import Gain, Grades
from hitl_sim.participants.validating.validate import Validation
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
        told = say("validation.labels", found=found, tolerance=TOLERANCE)
        said += told.splitlines()
    return said


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
    curve = [
        (
            *(_NAMES[at.method], f"{at.size}", f"{at.real:.3f}"),
            *(f"{at.simulated:.3f}", f"{at.low:.3f} to {at.high:.3f}"),
        )
        for at in found.curve
    ]
    headings = ("method", "people", "real", "simulated", "95 % of crowds")
    tables = [Table(headings, curve, "What asking more people buys, held-out half")]
    if found.transfer is not None:
        moved = found.transfer
        policies = [
            (name, f"{real:.3f}", f"{told:.3f}")
            for name, real, told in zip(
                moved.names, moved.real, moved.simulated, strict=True
            )
        ]
        played = ("policy", "real", "simulated")
        tables.append(Table(played, policies, "Policies at one budget"))
    statistics = []
    for line in found.lines:
        said, far = "pass" if line.passes else "MISS", f"{line.distance:.2f}"
        if not line.is_scored:
            said, far = f"not scored: {line.note}", ""
        numbers = (f"{line.real:.3g}", f"{line.simulated:.3g}")
        statistics.append((_cell(line.name), *numbers, far, said))
    headings = ("statistic", "real", "simulated", "distance", "")
    tables.append(Table(headings, statistics, "Statistics of the held-out half"))
    return _page(
        found,
        f"Simulated against real people: {_cell(Path(found.name).name)}",
        f"Half of the people and items were fitted; held out are {found.num_people} "
        f"other people, {found.num_items} other items and {found.num_answers} answers.",
        tables,
    )


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
    """Draw gains, redundancy, statistics and policies."""
    figure = new_figure(_HEIGHT_IN)
    (gains, curve), (statistics, policies) = figure.subplots(2, 2)
    _draw_gains(gains, found)
    _draw_curve(curve, found)
    _draw_statistics(statistics, found)
    _draw_policies(policies, found)
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


def _draw_curve(axes: Axes, found: Validation) -> None:
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


def _draw_statistics(axes: Axes, found: Validation) -> None:
    far = np.sort([line.distance for line in found.lines if line.is_scored])
    shown = np.minimum(far, 3.0)
    axes.barh(np.arange(far.size), shown, height=1.0, color=COLOURS[5])
    axes.axvline(1.0, color=BLACK, linewidth=1.2)
    axes.set(
        yticks=[],
        ylabel="statistics",
        xlabel="distance (1 = limit, cut at 3)",
        title=f"{found.num_passed} of {found.num_scored} agree",
    )


def _draw_policies(axes: Axes, found: Validation) -> None:
    axes.set_title("Policies")
    if found.transfer is None:
        axes.set_axis_off()
        axes.annotate("too few answers per item", (0.1, 0.5), color=GREY)
        return
    moved = found.transfer
    axes.plot(moved.real, moved.simulated, "o", color=COLOURS[1], markersize=6)
    both = np.concatenate([moved.real, moved.simulated])
    ends = [float(both.min()) - 0.01, float(both.max()) + 0.01]
    axes.plot(ends, ends, color=GREY, linestyle=":", linewidth=1.2)
    axes.set(xlabel="worth, real people", ylabel="worth, simulated")


def _cell(text: str) -> str:
    return html.escape(text).replace("|", "\\|").replace("\n", " ")
