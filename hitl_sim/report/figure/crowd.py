"""A population seen at work: how right, how fast, how consistent its people are."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.crowd_summary import PRACTICE_ENDS, TEAM_SIZES, CrowdSummary
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    legend_below,
    new_figure,
    places,
    points,
    styled,
    to_png,
    to_svg,
    write_end,
    write_near,
)

FILES = (".png", ".svg")
_BLUE, _RED, _GREEN = COLOURS[:3]
_BINS = 40
_LEAST_SPAN = 0.1
"""Least height of the redundancy panel, so that noise does not look like a finding."""


def draw_crowd(summary: CrowdSummary) -> Figure:
    """Draw what a crowd did.

    Returns:
        Six panels: accuracy of people, times, practice, redundancy beside independent
        people of the same accuracies, second looks, and errors that people share.
    """
    figure = new_figure(7.8)
    panels = figure.subplots(3, 2)
    (accuracy, times), (practice, redundancy), (again, others) = panels
    _draw_accuracy(accuracy, summary)
    _draw_times(times, summary)
    _draw_practice(practice, summary)
    _draw_redundancy(redundancy, summary)
    looks, shared = summary.again, summary.shared
    _draw_shares(
        again,
        "One person asked again",
        {"if right": looks.same_if_right, "if wrong": looks.same_if_wrong},
        "share that answers the same",
        _BLUE,
    )
    _draw_shares(
        others,
        "Two people, one item",
        {
            "both err\nif one does": shared.second_errs_if_first,
            "same error\nif both err": shared.same_if_both,
        },
        "share",
        _RED,
    )
    options = f", {summary.num_options} classes" if summary.kind == "label" else ""
    figure.suptitle(
        f"{summary.name}: {summary.kind}{options}, simulated", fontweight="bold"
    )
    legend_below(figure, 3, redundancy)
    return figure


def _draw_accuracy(axes: Axes, summary: CrowdSummary) -> None:
    values, chance = summary.accuracy, 1.0 / summary.num_options
    mean = float(values.mean())
    low = min(0.5, float(np.floor(values.min() * 20) / 20))
    is_left = mean > (low + 1) / 2
    edges = np.arange(low, 1.0 + 0.026, 0.025)
    axes.hist(values, bins=edges.tolist(), color=_BLUE)
    axes.axvline(mean, color=BLACK, linewidth=1.2)
    write_near(
        axes,
        f"mean {mean:.2f}",
        (mean, 1.0),
        (-4 if is_left else 4, -4),
        xycoords=("data", "axes fraction"),
        ha="right" if is_left else "left",
        va="top",
        fontsize=points(9),
        color=BLACK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
    axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
    axes.set(
        xlim=(min(low, chance - 0.03), 1.01),
        xlabel="share right (dotted: chance)",
        ylabel="people",
        title="Who is how right",
    )


def _draw_times(axes: Axes, summary: CrowdSummary) -> None:
    seconds = summary.seconds
    low, high = np.quantile(seconds, [0.001, 0.999])
    edges = np.geomspace(low, high, _BINS)
    axes.hist(seconds, bins=edges.tolist(), color="#9ecae1")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(
        yticks=[],
        xlabel="seconds per answer (log scale)",
        ylabel="answers",
        title="How long it takes",
    )


def _draw_practice(axes: Axes, summary: CrowdSummary) -> None:
    ends = np.array(PRACTICE_ENDS)
    middle = np.sqrt((np.concatenate([[0], ends[:-1]]) + 1) * ends)
    axes.plot(middle, summary.practice, color=_RED, marker="o", markersize=4)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set(
        ylim=(0.0, 1.15 * float(summary.practice.max())),
        xlabel="questions answered (log scale)",
        ylabel="median seconds",
        title="Practice",
    )


def _draw_redundancy(axes: Axes, summary: CrowdSummary) -> None:
    sizes = list(TEAM_SIZES)
    lines = (
        ("majority", summary.redundancy["majority"], _BLUE, "o", "-"),
        ("Dawid-Skene", summary.redundancy["dawid_skene"], _GREEN, "^", "-"),
        ("majority, independent", summary.one_coin, GREY, "s", "--"),
    )
    for name, curve, colour, marker, style in lines:
        axes.plot(
            sizes, curve, style, color=colour, marker=marker, markersize=5, label=name
        )
    axes.set(
        xticks=sizes,
        xlabel="people per item",
        ylabel="share of labels right",
        title="What asking more buys",
    )
    values = np.concatenate([curve for _, curve, *_ in lines])
    low, high = float(values.min()), float(values.max())
    spare = max(0.02, (_LEAST_SPAN - (high - low)) / 2.0)
    axes.set_ylim(max(low - spare, -0.01), min(high + spare, 1.01))


def _draw_shares(
    axes: Axes, title: str, shares: dict[str, float], what: str, colour: str
) -> None:
    """Draw bars of shares, "none" where there was nothing to count."""
    place = places(len(shares))
    for at, value in zip(place, shares.values(), strict=True):
        height = value if np.isfinite(value) else 0.0
        axes.barh(at, height, color=colour, height=0.55)
        text = f"{value:.2f}" if np.isfinite(value) else "none"
        write_end(axes, height, at, text, gap=3)
    axes.set_yticks(place, list(shares))
    axes.set(xlim=(0.0, 1.2), xticks=[0.0, 0.5, 1.0], xlabel=what, title=title)


def check_figure(path: Path) -> None:
    """Refuse a file that no figure can be written to, before any work.

    Raises:
        ValueError: another ending than .png or .svg, or no such folder.
    """
    if path.suffix.lower() not in FILES:
        raise ValueError(f"`figure` must end in .png or .svg, got {str(path)!r}.")
    if not path.parent.is_dir():
        raise ValueError(
            f"`figure` must be in a folder that exists, got {str(path)!r}."
        )


def write_figure(summary: CrowdSummary, path: Path) -> None:
    """Draw a crowd into a .png or .svg file."""
    with styled():
        figure = draw_crowd(summary)
    if path.suffix.lower() == ".svg":
        write_text(path, to_svg(figure, "crowd"))
    else:
        write_bytes(path, to_png(figure, "crowd"))
