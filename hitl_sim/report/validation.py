"""A validation in words, as a page and as a figure."""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.output import write_bytes, write_text
from hitl_sim.participants.compare import TOLERANCE
from hitl_sim.participants.graded import Grades
from hitl_sim.participants.predict import Gain
from hitl_sim.participants.validate import Validation
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    legend_below,
    new_figure,
    styled,
    to_png,
)

PAGE = "validation.md"
"""What every validation writes into its folder."""

_NAMES = {"majority": "majority", "dawid_skene": "Dawid-Skene"}
_HEIGHT_IN = 6.4


def verdict(found: Validation | Grades) -> list[str]:
    """Say in sentences what a validation found, losses as losses."""
    said = say_gains(found.gains)
    if isinstance(found, Grades):
        return said
    said.append(
        f"{found.num_passed} of {found.num_scored} statistics of the held-out people "
        f"lie within {TOLERANCE:g} distances between their halves."
    )
    test = found.two_sample
    if np.isfinite(test.auc):
        said.append(
            "A classifier tells simulated from real people with an area under the "
            f"curve of {test.auc:.2f} ({test.low:.2f} to {test.high:.2f}); "
            + ("it cannot." if test.low <= 0.5 else "so they differ where it looks.")
        )
    if found.transfer is None:
        said.append("Policies: items have too few answers to compare eight.")
        return said
    moved = found.transfer
    mid, low, high = moved.estimate, moved.low, moved.high
    said.append(
        f"The policy chosen in simulation ({moved.chosen}) loses "
        f"{mid.regret:.3f} ({low.regret:.3f} to {high.regret:.3f}) of "
        f"worth with real people, against the best ({moved.best}). Ranks of "
        f"{len(moved.names)} policies correlate {mid.rank:.2f} ({low.rank:.2f} "
        f"to {high.rank:.2f}); real people with themselves {moved.ceiling:.2f}. "
        f"The mean gap is {mid.gap:.3f} ({low.gap:.3f} to {high.gap:.3f})."
    )
    return said


def say_gains(gains: Sequence[Gain]) -> list[str]:
    """Say in sentences what is gained over rivals."""
    said = []
    for where in dict.fromkeys(gain.where for gain in gains):
        parts = [
            f"{gain.rival} {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}, "
            f"{gain.verdict})"
            for gain in gains
            if gain.where == where
        ]
        said.append(
            f"Log likelihood per answer, {where}, over {'; '.join(parts)} nats."
        )
    return said


def list_gains(gains: Sequence[Gain]) -> list[str]:
    """Return a table of log likelihoods beside the rivals'."""
    return [
        "| held out | rival | fitted crowd | rival | gain | 95 % interval | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *[
            f"| {gain.where} | {gain.rival} | {gain.ours:.4f} | {gain.theirs:.4f} | "
            f"{gain.value:+.4f} | {gain.low:+.4f} to {gain.high:+.4f} | "
            f"{gain.verdict} |"
            for gain in gains
        ],
    ]


def grades_to_markdown(found: Grades) -> list[str]:
    """Return the page of ratings, marks or preferences."""
    return [
        f"# Fitted against real people: {_cell(Path(found.name).name)}, {found.kind}",
        "",
        f"{found.num_people} people, {found.num_items} items, {found.num_answers} "
        "answers. First half of the people and items was fitted, and the other half "
        "foretold; then a tenth of the cells of person and item was left out.",
        "",
        *[f"- {sentence}" for sentence in say_gains(found.gains)],
        "",
        "## Log likelihood per held-out answer, nats",
        "",
        *list_gains(found.gains),
    ]


def write_validation(folder: Path, found: Validation | Grades) -> None:
    """Write `validation.md` into a folder, of labels `validation.png` too."""
    if isinstance(found, Grades):
        write_text(folder / PAGE, "\n".join(grades_to_markdown(found)) + "\n")
        return
    write_text(folder / PAGE, "\n".join(to_markdown(found)) + "\n")
    with styled("validation"):
        picture = to_png(draw_validation(found), "validation")
    write_bytes(folder / "validation.png", picture)


def to_markdown(found: Validation) -> list[str]:
    """Return the page; what comes from the file is escaped."""
    lines = [
        f"# Simulated against real people: {_cell(Path(found.name).name)}",
        "",
        "Half of the people and items were fitted; held out are "
        f"{found.num_people} other people, {found.num_items} other items and "
        f"{found.num_answers} answers.",
        "",
        *[f"- {sentence}" for sentence in verdict(found)],
        "",
        "## Log likelihood per held-out answer, nats",
        "",
        *list_gains(found.gains),
        "",
        "## What asking more people buys, held-out half",
        "",
        "| method | people | real | simulated | 95 % of crowds |",
        "| --- | --- | --- | --- | --- |",
        *[
            f"| {_NAMES[at.method]} | {at.size} | {at.real:.3f} | {at.simulated:.3f} | "
            f"{at.low:.3f} to {at.high:.3f} |"
            for at in found.curve
        ],
    ]
    if found.transfer is not None:
        moved = found.transfer
        lines += [
            "",
            "## Policies at one budget",
            "",
            "| policy | real | simulated |",
            "| --- | --- | --- |",
            *[
                f"| {name} | {real:.3f} | {simulated:.3f} |"
                for name, real, simulated in zip(
                    moved.names, moved.real, moved.simulated, strict=True
                )
            ],
        ]
    lines += [
        "",
        "## Statistics of the held-out half",
        "",
        "| statistic | real | simulated | distance | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for line in found.lines:
        said = "pass" if line.passes else "MISS"
        if not line.is_scored:
            said = f"not scored: {line.note}"
        far = f"{line.distance:.2f}" if line.is_scored else ""
        lines.append(
            f"| {_cell(line.name)} | {line.real:.3g} | {line.simulated:.3g} | {far} | "
            f"{said} |"
        )
    return lines


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
    place = np.arange(len(found.gains))[::-1]
    for at, gain in zip(place, found.gains, strict=True):
        colour = COLOURS[0] if gain.where == "cells" else COLOURS[1]
        axes.plot([gain.low, gain.high], [at, at], color=colour)
        axes.plot([gain.value], [at], "o", color=colour, markersize=5)
    axes.axvline(0.0, color=BLACK, linewidth=1.0)
    where = {"cells": "cells"}
    names = [f"{g.rival}\n{where.get(g.where, 'new people')}" for g in found.gains]
    axes.set_yticks(place, names, fontsize=7.5)
    axes.set_xlabel("gain, nats per answer")
    axes.set_title("Held-out likelihood")


def _draw_curve(axes: Axes, found: Validation) -> None:
    for colour, method in ((COLOURS[0], "majority"), (COLOURS[2], "dawid_skene")):
        points = [at for at in found.curve if at.method == method]
        size = [at.size for at in points]
        name = _NAMES[method]
        axes.plot(
            size, [at.real for at in points], "-o", color=colour, label=f"{name}, real"
        )
        axes.plot(
            size,
            [at.simulated for at in points],
            "--s",
            color=colour,
            label=f"{name}, simulated",
        )
        low, high = [at.low for at in points], [at.high for at in points]
        axes.set_xticks(size)
        axes.fill_between(size, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xlabel("people per item")
    axes.set_ylabel("share of labels right")
    axes.set_title("What asking more buys")


def _draw_statistics(axes: Axes, found: Validation) -> None:
    far = np.sort([line.distance for line in found.lines if line.is_scored])
    shown = np.minimum(far, 3.0)
    axes.barh(np.arange(far.size), shown, height=1.0, color=COLOURS[5])
    axes.axvline(1.0, color=BLACK, linewidth=1.2)
    axes.set_yticks([])
    axes.set_ylabel("statistics")
    axes.set_xlabel("distance (1 = limit, cut at 3)")
    axes.set_title(f"{found.num_passed} of {found.num_scored} agree")


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
    axes.set_xlabel("worth, real people")
    axes.set_ylabel("worth, simulated")


def _cell(text: str) -> str:
    return html.escape(text).replace("|", "\\|").replace("\n", " ")
