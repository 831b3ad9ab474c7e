"""Draw the pictures of the concepts: `python docs/pictures.py`.

What is drawn of people is drawn from the annotators' own formula: the noise of people
who share errors is Gumbel for each of them and tied between them (McFadden 1978;
Cardell 1997), so that every single answer is right as often as before.
"""

from pathlib import Path

import numpy as np

from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    legend_below,
    new_figure,
    styled,
    to_svg,
    write_near,
)

FOLDER = Path(__file__).parent
SIZES = (1, 3, 5, 7, 9)
CLASSES, ITEMS, ACCURACY = 10, 40_000, 0.8


def stable(rng, index, shape):
    """Draw the logarithm of positive stable numbers, as Kanter (1975) does."""
    angle = np.pi * rng.uniform(1e-9, 1.0 - 1e-9, shape)
    waits = rng.exponential(size=shape)
    ratio = np.sin((1.0 - index) * angle) / waits
    return (
        np.log(np.sin(index * angle))
        - np.log(np.sin(angle)) / index
        + (1.0 - index) / index * np.log(ratio)
    )


def majorities(noise, rng):
    """Return how often the majority of some people is right, by their number.

    Args:
        noise: share of the noise that is each person's own; 1: errors are not shared.
        rng: draws people and items.
    """
    shape = max(SIZES), ITEMS, CLASSES
    utility = rng.gumbel(size=shape)
    if noise < 1.0:
        utility = noise * (stable(rng, noise, shape[1:]) + utility)
    # the right answer is the first one
    utility[:, :, 0] += np.log(ACCURACY * (CLASSES - 1) / (1.0 - ACCURACY))
    answers = utility.argmax(axis=2)
    found = []
    for size in SIZES:
        counts = np.stack([(answers[:size] == k).sum(axis=0) for k in range(CLASSES)])
        counts = counts + rng.uniform(0.0, 0.5, counts.shape)
        found.append(float((counts.argmax(axis=0) == 0).mean()))
    return found


def draw_people():
    """Draw what redundancy buys, by how far errors are shared."""
    figure = new_figure(3.4)
    axes = figure.subplots()
    for noise, colour, words in (
        (1.0, COLOURS[0], "errors of their own"),
        (0.7, COLOURS[2], "shared error 0.5"),
        (0.4, COLOURS[1], "shared error 0.84"),
    ):
        right = majorities(noise, np.random.default_rng(0))
        axes.plot(SIZES, right, "o-", color=colour, label=words)
    axes.set(
        xlabel="people who answer one item",
        ylabel="majority is right",
        title="What redundancy buys; each answer is right 8 times in 10",
        xticks=SIZES,
    )
    legend_below(figure, 3, axes)
    return figure


def draw_joules():
    """Draw the way from counts to prices."""
    figure = new_figure(1.7)
    axes = figure.subplots()
    axes.set(xlim=(0, 12), ylim=(0, 3.4))
    axes.axis("off")
    steps = (
        ("counts", "steps, work,\nseconds of people", "a record: the same bytes"),
        ("joules, seconds", "a device profile", "re-read, not re-run"),
        ("money, carbon", "prices, a boundary", "re-read, not re-run"),
    )
    for place, (name, text, below) in enumerate(steps):
        x = 0.1 + 4.1 * place
        box = {"boxstyle": "round,pad=0.6", "facecolor": "white", "linewidth": 1.4}
        axes.text(
            x + 1.6,
            2.2,
            f"{name}\n\n{text}",
            ha="center",
            va="center",
            fontsize=8.5,
            bbox=box | {"edgecolor": COLOURS[place]},
        )
        axes.text(x + 1.6, 0.3, below, ha="center", fontsize=8.5, color=GREY)
        if place:
            arrow = {"arrowstyle": "->", "color": BLACK, "linewidth": 1.4}
            ends = (x - 0.05, 2.2), (x - 0.75, 2.2)
            axes.annotate("", *ends, arrowprops=arrow)
    return figure


def draw_comparisons():
    """Draw where a saving pays its people back."""
    figure = new_figure(3.4)
    axes = figure.subplots()
    size = np.geomspace(1e-2, 1e3, 50)
    # any sizes would do: this shows how lines cross
    people = 0.3
    axes.plot(size, np.full_like(size, people), color=COLOURS[1], label="people")
    for share, colour in ((0.13, COLOURS[0]), (0.03, COLOURS[2])):
        even = people / share
        words = f"saved, at {1 - share:.2f} of the control's joules"
        axes.plot(size, share * size, color=colour, label=words)
        axes.plot(even, people, "o", color=colour, markersize=7)
        write_near(axes, "E*", (even, people), (5, -14), color=colour)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="energy of one training (kWh, log scale)",
        ylabel="kWh (log scale)",
        title="A sketch: from E* on a saving repays its people",
    )
    legend_below(figure, 2, axes)
    return figure


def pictures():
    """Return every picture as SVG, by the name of its file."""
    drawn = {}
    for name, draw in (
        ("concept_people", draw_people),
        ("concept_joules", draw_joules),
        ("concept_comparisons", draw_comparisons),
    ):
        with styled(name):
            drawn[f"{name}.svg"] = to_svg(draw(), name)
    return drawn


if __name__ == "__main__":
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
