"""The page and the figure of `sms_spam.py`."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sms_found import RATES, Found
from sms_saving import (
    MARGIN,
    PUBLISHED,
    PUBLISHED_FEATURES,
    SMOOTHING,
    Axis,
    Estimate,
    Floats,
    Published,
)

from hitl_sim.analysis.chance.interval import mean_interval, resample
from hitl_sim.energy import DeviceProfile
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    marker_of,
    new_figure,
    styled,
)
from hitl_sim.report.number import RHO

_FOREST = "random forest, published"
_NOT_QUOTED = "not quoted"
_LESS = {"data": "less data", "features": "fewer features"}
_DPI = 120
_DODGE = 0.8


def percent(share: float) -> str:
    """Write a share in whole per cent."""
    return f"{round(100 * share):d} %"


def percents(found: Estimate) -> str:
    """Write an estimate of a share in per cent."""
    low, high = (round(100 * end) for end in (found.low, found.high))
    return f"{percent(found.value)} [{low}, {high}]"


def f1_text(found: Estimate) -> str:
    """Write an F1, or a difference of two, with its interval."""
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def ratio_text(found: Estimate) -> str:
    """Write a ratio, where an end may be infinite."""
    value, low, high = ("∞" if math.isinf(end) else f"{end:.2f}" for end in found)
    return f"{value} [{low}, {high}]"


def write_page(found: Found, devices: Sequence[DeviceProfile], figure: str) -> str:
    """Write what was found.

    Args:
        found: all of it.
        devices: profiles that bill it; the tables of curves are of the first.
        figure: name of the picture beside the page.
    """
    plan, device = found.plan, devices[0]
    lines = [
        "# Does saving data or features save energy on SMS spam, and what does F1 say?",
        "",
        f"Written by `python experiments/sms_spam.py --data DIR` (seed {plan.seed}, "
        f"{plan.replicates} replicates, each a new split, share, weights and batches). "
        "Intervals are 95 %: of F1 and of what follows from it by bootstrap over "
        "replicates, of joules and of savings at a given share from the constants of "
        "the device profile.",
        "",
        "The external check: Verdecchia et al. (2022, arXiv 2204.02766) trained on 10 "
        "to 100 % of the messages and on 10 to 100 % of the features.",
        "",
        *_headline_table(found, devices),
        f"![Energy and F1 by share of data and of features]({figure})",
        "",
        "## What agrees, what does not, and why",
        "",
        *(f"- {line}" for line in _conclusions(found, devices)),
        "",
        "## What was done",
        "",
        *(f"- {line}" for line in _method(found, devices)),
        "",
    ]
    for network, axes in found.axes.items():
        for axis in axes:
            lines += [f"## {network}, {axis.name}, {device.name}", ""]
            lines += _curve_table(axis, device, plan.seed)
    lines += ["## The learning rate", "", *_rate_table(found)]
    return "\n".join(lines).rstrip() + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def _mean(values: Floats, seed: int) -> Estimate:
    weights = resample(len(values), seed)
    return Estimate(float(values.mean()), *mean_interval(values, weights))


def _headline_table(found: Found, devices: Sequence[DeviceProfile]) -> list[str]:
    """Hold headline and equal-F1 savings against the published ones."""
    head = ["less of", "what", "F1 at 100 %", "F1 at 10 %", "saving at 10 %"]
    head += [f"largest saving at F1 within {MARGIN:g}"]
    rows = []
    for number, (name, published) in enumerate(PUBLISHED.items()):
        quoted = [
            _NOT_QUOTED if value is None else write(value)
            for value, write in (
                (published.f1, "{:.3f}".format),
                (published.small_f1, "{:.3f}".format),
                (published.headline, percent),
            )
        ]
        rows.append([name, _FOREST, *quoted, f"about {percent(published.saving)}"])
        for network, axes in found.axes.items():
            axis, weights = axes[number], axes[number].resampled(found.plan.seed)
            rows += [
                [
                    name,
                    f"{network}, {device.name}",
                    f1_text(axis.mean_f1(-1, weights)),
                    f1_text(axis.mean_f1(0, weights)),
                    percents(axis.saving(0, device)),
                    percents(axis.equal_f1(device, weights)),
                ]
                for device in devices
            ]
    return _table(head, rows)


def _curve_table(axis: Axis, device: DeviceProfile, seed: int) -> list[str]:
    """Write one network's curves on one axis."""
    weights = axis.resampled(seed)
    head = [axis.name, "steps", "joules", "of full", "training alone", "F1", "F1 lost"]
    head += ["reach the target", f"{RHO} to the target"]
    whole, alone = axis.savings(device), axis.savings(device, is_whole=False)
    rows = []
    for index, share in enumerate(axis.shares):
        row = [percent(share), f"{axis.fixed[index].steps:,}"]
        row += [str(axis.fixed[index].joules(device)).split(" (")[0]]
        row += [percent(1 - saving[index]) for saving in (whole, alone)]
        row += [f1_text(axis.mean_f1(index, weights))]
        row += [f1_text(axis.fall(index, weights))]
        row += [percent(axis.reach(index))]
        row += [ratio_text(axis.rho(index, device, weights))]
        rows.append(row)
    return _table(head, rows)


def _rate_table(found: Found) -> list[str]:
    """Show what the learning rate does to the fall of F1."""
    head = ["network", "learning rate", "F1 at 100 %", "F1 at 10 %, fixed epochs"]
    head += ["F1 at 10 %, the steps of 100 %"]
    rows = [
        [network, f"{rate:g}", *(f1_text(_mean(f1, found.plan.seed)) for f1 in three)]
        for network, by_rate in found.rates.items()
        for rate, three in zip(RATES, by_rate, strict=True)
    ]
    return _table(head, rows)


def _method(found: Found, devices: Sequence[DeviceProfile]) -> list[str]:
    plan = found.plan
    return [
        f"{plan.pool:,} messages may be trained on, {plan.validation:,} are for "
        f"validation and {found.num_test:,} for the test; {percent(found.spam)} of all "
        "are spam, the class that F1 is of.",
        found.source,
        "A share of the data is drawn at random. A share of the features are the words "
        "with the largest chi-square statistic against the label on the messages that "
        "may be trained on; the published selection used the test messages' labels "
        "too. Scoring the words once is on the bill. The published forest had "
        f"{PUBLISHED_FEATURES:,} features, with stems, numbers and the length of a "
        f"message; ours are {plan.words:,} words.",
        f"Fixed epochs: {plan.epochs} passes over what is kept, in batches of "
        f"{plan.batch}, by Adam, with one validation after each pass. The bill is "
        "training, validation and choosing; the test set only observes.",
        f"To the target: the target is {MARGIN:g} below the best validation F1 (mean "
        f"of {SMOOTHING} checkpoints) of a pilot run on everything, on the same split. "
        f"Every share trains until it gets there or to {plan.cap:,} steps, with a "
        f"validation each {plan.steps} steps; {RHO} is joules per success over those "
        "of all data and all features, so that runs that never get there count.",
        "Joules are modelled, as if each run had the device to itself: "
        + "; ".join(f"{device.label}, {device.description}" for device in devices)
        + ".",
        "The largest saving is over the ten shares, the best of them by mean F1; its "
        "interval takes that choice into every resample.",
    ]


def _conclusions(found: Found, devices: Sequence[DeviceProfile]) -> list[str]:
    return [
        _on_energy_by_data(found, devices[0]),
        _on_fall(found),
        _on_rates(found),
        *(_on_equal(found, devices, number) for number in range(len(PUBLISHED))),
        _on_energy_by_features(found, devices),
        *(_on_target(found, devices[0], name) for name in found.axes),
    ]


def _on_energy_by_data(found: Found, device: DeviceProfile) -> str:
    published = PUBLISHED["data"].headline
    savings = [axes[0].saving(0, device) for axes in found.axes.values()]
    names = " and ".join(
        f"{percents(saving)} ({name})"
        for name, saving in zip(found.axes, savings, strict=True)
    )
    alone = [a[0].savings(device, is_whole=False)[0] for a in found.axes.values()]
    trees = 1 - 0.1 * math.log(0.1 * found.plan.pool) / math.log(found.plan.pool)
    return (
        f"**Energy by data has the published shape, a straight line.** A tenth saves "
        f"{names}, published {percent(published or 0)}. Training alone saves "
        f"{' and '.join(map(percent, alone))}, since fixed epochs take steps in "
        "proportion to messages; validation is the same at every share and takes the "
        "rest. A forest can save more than a tenth leaves over, because n messages "
        f"take about n log n to grow its trees: {percent(trees)} here."
    )


def _on_fall(found: Found) -> str:
    published, seed = PUBLISHED["data"], found.plan.seed
    wanted = (published.f1 or 0.0) - (published.small_f1 or 0.0)
    falls = {
        name: axes[0].fall(0, axes[0].resampled(seed))
        for name, axes in found.axes.items()
    }
    ours = " and ".join(f"{f1_text(fall)} ({name})" for name, fall in falls.items())
    small, cut = found.forests["data"], found.forests["cut"]
    half = 1.96 * float(cut.std(ddof=1))
    low, high = float(cut.mean()) - half, float(cut.mean()) + half
    is_inside = low <= (published.small_f1 or 0.0) <= high
    few = round(0.1 * found.num_test)
    return (
        f"**F1 falls as published, {_judge(falls.values(), wanted)}:** by {ours} at a "
        f"tenth of the data, published {wanted:.3f}. The published kind of forest "
        f"(scikit-learn's, balanced classes) on our splits and words goes from "
        f"{f1_text(_mean(found.forests['full'], seed))} to "
        f"{f1_text(_mean(small, seed))}. The published F1 at a tenth is that of one "
        f"split, whose test set was cut to a tenth with the data; judged on {few} "
        f"messages, 95 % of our forest's single splits lie in about {low:.2f} to "
        f"{high:.2f}, which "
        + (
            f"holds the published {published.small_f1}: so deep a fall is within the "
            "luck of one split."
            if is_inside
            else f"does not hold the published {published.small_f1}: the words, which "
            "here are without numbers and message length, differ too."
        )
    )


def _judge(falls: Iterable[Estimate], wanted: float) -> str:
    all_falls = list(falls)
    if any(fall.low <= 0.0 for fall in all_falls):
        return "but not beyond chance in every network"
    if any(fall.holds(wanted) for fall in all_falls):
        return "and about as far"
    is_less = all(fall.high < wanted for fall in all_falls)
    return "but less far" if is_less else "but not as far in every network"


def _on_rates(found: Found) -> str:
    parts = []
    for name, by_rate in found.rates.items():
        means = by_rate.mean(axis=-1)
        parts.append(
            f"{means[:, 1].min():.2f} to {means[:, 1].max():.2f} ({name}), where as "
            f"many steps as on everything give {means[:, 2].min():.2f} to "
            f"{means[:, 2].max():.2f}"
        )
    return (
        "**The headline fall mixes less data with less training.** Over learning rates "
        f"from {RATES[0]:g} to {RATES[-1]:g} F1 at a tenth and fixed epochs is "
        + "; ".join(parts)
        + ". So how far F1 falls is partly a choice of the learning rate."
    )


def _on_equal(found: Found, devices: Sequence[DeviceProfile], number: int) -> str:
    name, published = list(PUBLISHED.items())[number]
    parts, inside, kept = [], [], []
    is_tenth_worse = True
    for network, axes in found.axes.items():
        axis, weights = axes[number], axes[number].resampled(found.plan.seed)
        is_tenth_worse &= axis.fall(0, weights).low > MARGIN
        kept.append(f"{percent(axis.equal_share)} ({network})")
        for device in devices:
            saving = axis.equal_f1(device, weights)
            parts.append(f"{percents(saving)} ({network}, {device.name})")
            inside.append(saving.holds(published.saving))
    tenth = (
        "F1 at a tenth is lower by more than that in both networks, so the headline "
        "saving is not to be had at an equal F1."
        if is_tenth_worse
        else "F1 at a tenth is not lower by more than that beyond chance everywhere."
    )
    return (
        f"**{_agreement(inside)} on {_LESS[name]} at an equal F1.** F1 stays within "
        f"{MARGIN:g} down to {' and '.join(kept)} of the {name}, which saves "
        f"{', '.join(parts)}; published about {percent(published.saving)}, which "
        f"{sum(inside)} of {len(inside)} intervals hold. {tenth}"
    )


def _agreement(inside: Sequence[bool]) -> str:
    if all(inside):
        return "Ours and the published saving agree"
    return "Ours and the published saving differ" + (
        "" if not any(inside) else " in part"
    )


def _on_energy_by_features(found: Found, devices: Sequence[DeviceProfile]) -> str:
    parts, bend = [], 0.0
    for network, axes in found.axes.items():
        for device in devices:
            left = 1 - axes[1].savings(device, is_whole=False)
            shares = np.asarray(axes[1].shares)
            line = np.polynomial.Polynomial.fit(shares, left, 1)
            bend = max(bend, float(np.abs(line(shares) - left).max()))
            parts.append(f"{percent(line(0.0))} ({network}, {device.name})")
    return (
        "**Energy by features is a line too, but not through zero** (within "
        f"{100 * bend:.1f} points of straight). A dense layer's arithmetic, "
        "traffic and optimiser state fall with its inputs; its kernel launches, its "
        "later layers and its batches do not. That "
        f"part of training, at no features at all, is {', '.join(parts)}. So what "
        "fewer features save is decided by the device more than by F1: next to nothing "
        "where launches are what is paid."
    )


def _on_target(found: Found, device: DeviceProfile, name: str) -> str:
    data, features = found.axes[name]
    weights = data.resampled(found.plan.seed)
    stop = data.stopping(device)
    return (
        f"**To the target ({name}, {device.name})**, everything gets there in "
        f"{percent(data.reach(-1))} of runs, for {percent(stop)} of the joules of "
        f"{found.plan.epochs} epochs per success, though it validates more often; a "
        f"tenth of the data gets there in {percent(data.reach(0))}. The least {RHO} is "
        f"{_least(data, device, weights)} and {_least(features, device, weights)}, the "
        "best of ten each, which their intervals do not allow for. Savings at fixed "
        "epochs count training past the target, which stopping there saves without "
        "dropping anything."
    )


def _least(axis: Axis, device: DeviceProfile, weights: Floats) -> str:
    rhos = [axis.rho(index, device, weights) for index in range(len(axis.shares))]
    best = min(range(len(rhos)), key=lambda index: rhos[index].value)
    share = percent(axis.shares[best])
    return f"{ratio_text(rhos[best])} at {share} of the {axis.name}"


def draw(found: Found, devices: Sequence[DeviceProfile], path: Path) -> None:
    """Draw energy and F1 by share, data on the left and features on the right.

    Args:
        found: all of it.
        devices: profiles that bill it; the first is drawn solid.
        path: of the picture.
    """
    with styled(path.stem):
        figure = _drawn(found, devices)
        figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


def _drawn(found: Found, devices: Sequence[DeviceProfile]) -> Figure:
    figure = new_figure(5.4)
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    colours, markers = colour_of(list(found.axes)), marker_of(list(found.axes))
    for number, (name, published) in enumerate(PUBLISHED.items()):
        energy, quality = grid[:, number]
        energy.set_title(_LESS[name])
        quality.set_xlabel(f"share of the {name}, %")
        for turn, (network, axes) in enumerate(found.axes.items()):
            axis, colour = axes[number], colours[network]
            shares = 100 * np.asarray(axis.shares)
            for device, dash in zip(devices, ("-", ":"), strict=False):
                energy.plot(
                    shares,
                    100 * (1 - axis.savings(device)),
                    dash,
                    color=colour,
                    marker=markers[network],
                    markersize=3.5,
                    label=f"{network}, {device.name}",
                )
            weights = axis.resampled(found.plan.seed)
            means = [axis.mean_f1(i, weights) for i in range(len(shares))]
            values, lows, highs = np.array(means).T
            quality.errorbar(
                shares + _DODGE * (2 * turn - 1),
                values,
                [values - lows, highs - values],
                color=colour,
                marker=markers[network],
                markersize=3.5,
            )
        _add_published(energy, quality, published)
        forest = [found.forests[name].mean(), found.forests["full"].mean()]
        quality.plot(
            [10, 100], forest, "x", color=GREY, label="random forest, our splits"
        )
    grid[0, 0].set_ylabel("energy, % of full")
    grid[1, 0].set_ylabel("F1 of spam")
    grid[0, 0].set_ylim(0, 105)
    grid[1, 0].set_xticks(range(20, 101, 20))
    handles = [axes.get_legend_handles_labels() for axes in grid[:, 0]]
    unique = {
        label: handle
        for some, labels in handles
        for handle, label in zip(some, labels, strict=True)
    }
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=2)
    return figure


def _add_published(energy: Axes, quality: Axes, published: Published) -> None:
    """Mark the published forest; a line at its energy where F1 is about equal."""
    level = 100 * (1 - published.saving)
    label = f"{_FOREST}, F1 within {MARGIN:g}"
    energy.axhline(level, color=BLACK, linestyle="--", linewidth=1.0, label=label)
    if published.headline is not None:
        tenth = 100 * (1 - published.headline)
        energy.plot(10, tenth, "*", color=BLACK, label=_FOREST)
        pair = [published.small_f1, published.f1]
        quality.plot([10, 100], pair, "*", color=BLACK, label=_FOREST)
