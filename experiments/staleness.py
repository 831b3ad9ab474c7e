"""What does it cost that a model does not know the latest answers?

    python experiments/staleness.py [FOLDER] [--smoke]

Typical people label 200 items in 20 rounds, of pictures and of texts. The device fits
and chooses while they answer, on answers that are so many rounds old. Writes
`staleness.md` and `staleness.png` into a folder, this one if none is named: accuracy at
equal hours of people, with intervals. `--smoke` is the quick form.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from asked import asked
from scipy.stats import t as student

from hitl_sim.learn import (
    Hyper,
    NetworkConfig,
    PanelConfig,
    RunConfig,
    Seeds,
    TrainConfig,
    build_run,
)
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.report.figure.style import (
    COLOURS,
    MARKERS,
    legend_below,
    new_figure,
    styled,
    to_png,
)
from hitl_sim.task import Corruption, load_task
from hitl_sim.unit import S_PER_H
from oracles import build_population

FloatArray = npt.NDArray[np.float64]
HERE = Path(__file__).parent
SEED = 20_261_206
PEOPLE = 3
TASKS = {"digits": "pictures of digits", "docstrings": "docstrings"}


@dataclass(frozen=True)
class Size:
    """How much is simulated.

    Attributes:
        replicates: runs of each choice, alike over choices in split, start and people.
        rounds: of questions.
        questions: items of a round.
        staleness: rounds of answers that a model does not know yet.
        steps: of training in each round.
    """

    replicates: int = 24
    rounds: int = 20
    questions: int = 10
    staleness: tuple[int, ...] = (0, 2, 5)
    steps: int = 60


SMOKE = Size(replicates=2, rounds=3, questions=5, staleness=(0, 1), steps=5)


@dataclass(frozen=True)
class Curves:
    """What came of one way to choose and to wait, of `R` runs of `Q` rounds.

    Attributes:
        strategy: what is asked.
        staleness: rounds that the model lags behind.
        accuracy: `[R, Q]` share of the test set that is right, after each round.
        hours: `[R, Q]` hours that people spent until then.
    """

    strategy: str
    staleness: int
    accuracy: FloatArray
    hours: FloatArray

    def at(self, hours: float) -> FloatArray:
        """Return the accuracy of each run at so many hours, `[R]`, between rounds."""
        pairs = zip(self.hours, self.accuracy, strict=True)
        return np.array([np.interp(hours, own, right) for own, right in pairs])


def run_choice(task: str, strategy: str, staleness: int, size: Size) -> Curves:
    """Run one way to choose and to wait."""
    data = load_task(task)[1]
    classes = int(np.max(data.labels)) + 1
    train = TrainConfig(
        batch=32, steps_per_checkpoint=size.steps, num_checkpoints=size.rounds
    )
    groups, group = np.shape(data.groups)
    shape = Shape(600, data.features.shape[1], classes, groups, group)
    program = Program(
        shape, NetworkConfig((32,)), train, PanelConfig(PEOPLE, PEOPLE, 1)
    )
    arm = LabellingArm(
        name="a",
        strategy=strategy,
        rounds=size.rounds,
        questions=size.questions,
        staleness=staleness,
    )
    crowd = build_population("typical", "label", classes)
    hyper = Hyper(
        {"learning_rate": jnp.float32(4e-3)},
        {},
        Corruption(*(jnp.float32(0.0) for _ in range(3))),
        jax.tree.map(jnp.float32, crowd),
    )
    run = jax.jit(build_run(RunConfig(program, arm, 200, 500)))
    accuracy, hours = [], []
    for replicate in range(size.replicates):
        seeds = Seeds(*(jnp.int32(n) for n in (SEED, replicate, 0)))
        trace = run(seeds, hyper, data)
        accuracy.append(np.asarray(trace.curve.test, np.float64))
        each = np.asarray(trace.labour.seconds, np.float64).sum(axis=(1, 2))
        hours.append(each.cumsum() / S_PER_H)
    return Curves(strategy, staleness, np.array(accuracy), np.array(hours))


def simulate(size: Size) -> dict[str, list[Curves]]:
    """Run all choices on all tasks."""
    ways = [("margin", staleness) for staleness in size.staleness] + [("random", 0)]
    return {
        task: [run_choice(task, strategy, late, size) for strategy, late in ways]
        for task in TASKS
    }


def mean_of(values: FloatArray) -> tuple[float, float]:
    """Return a mean over runs and half of its 95 % interval."""
    num = values.size
    half = student.ppf(0.975, num - 1) * values.std(ddof=1) / np.sqrt(num)
    return float(values.mean()), float(half)


def equal_hours(curves: list[Curves]) -> tuple[float, float]:
    """Return two times at which ways are compared: half the hours, and nearly all."""
    most = min(float(one.hours[:, -1].min()) for one in curves)
    return most / 2, most


def told_way(one: Curves) -> str:
    """Write how is chosen and waited."""
    if one.strategy == "random":
        return "at random, nothing late"
    return f"what is doubted, {one.staleness} rounds late"


def rows(curves: list[Curves]) -> Iterator[str]:
    """Write the rows of a task's table."""
    half_way, end = equal_hours(curves)
    first = curves[0]
    for one in curves:
        cells = []
        for hours in (half_way, end):
            mean, half = mean_of(one.at(hours))
            cells.append(f"{mean:.3f} ± {half:.3f}")
            change, half = mean_of(one.at(hours) - first.at(hours))
            cells.append("" if one is first else f"{change:+.3f} ± {half:.3f}")
        yield f"| {told_way(one)} | {' | '.join(cells)} |"


def sentence(task: str, curves: list[Curves]) -> str:
    """Write what a task shows."""
    half_way, end = equal_hours(curves)
    first, oldest, random = curves[0], curves[-2], curves[-1]

    def change(one: Curves, hours: float) -> str:
        mean, half = mean_of(one.at(hours) - first.at(hours))
        return f"{100 * mean:+.1f} ± {100 * half:.1f}"

    return (
        f"**{TASKS[task].capitalize()}.** A model that lags {oldest.staleness} rounds "
        f"behind changes accuracy by {change(oldest, half_way)} points at "
        f"{half_way:.2g} hours of people and by {change(oldest, end)} at {end:.2g}, "
        "beside one that waits for each round. Asking at random instead, and waiting, "
        f"changes it by {change(random, half_way)} and {change(random, end)}."
    )


def page(found: dict[str, list[Curves]], size: Size) -> str:
    """Write the page."""
    lines = [
        "# What does it cost that a model does not know the latest answers?",
        "",
        f"Written by `python experiments/staleness.py` (seed {SEED}, "
        f"{size.replicates} runs of each row). {PEOPLE} typical people label each of "
        f"{size.rounds * size.questions} items in {size.rounds} rounds of "
        f"{size.questions}; a network of 32 hidden units trains on for {size.steps} "
        "steps after each. With `staleness` s the device does not wait: after round r "
        "it knows the answers up to round r - s, and asks about what it doubts. So a "
        "fit may take as long as people take for s rounds. Until it knows an answer "
        "it asks at random and trains nothing. Everything is simulated. Intervals are "
        "95 % over runs, of changes run by run. The later of two times is the longest "
        "that every run lasts.",
        "",
        *(f"{sentence(task, curves)}\n" for task, curves in found.items()),
        "![Accuracy over hours of people](staleness.png)",
        "",
    ]
    for task, curves in found.items():
        half_way, end = equal_hours(curves)
        head = (
            "asked",
            f"accuracy at {half_way:.2g} h",
            "change",
            f"accuracy at {end:.2g} h",
            "change",
        )
        lines += [
            f"## {TASKS[task].capitalize()}",
            "",
            f"| {' | '.join(head)} |",
            f"|{' --- |' * len(head)}",
            *rows(curves),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def draw(found: dict[str, list[Curves]]) -> bytes:
    """Draw accuracy over hours, and over staleness at equal hours."""
    with styled("staleness"):
        figure = new_figure(5.4)
        panels = figure.subplots(2, 2)
        for row, (task, curves) in zip(panels, found.items(), strict=True):
            for number, one in enumerate(curves):
                hours = one.hours.mean(axis=0)
                means, halves = zip(*map(mean_of, one.accuracy.T), strict=True)
                low, high = (np.array(means) + k * np.array(halves) for k in (-1, 1))
                colour = COLOURS[number]
                row[0].plot(hours, means, color=colour, label=told_way(one))
                row[0].fill_between(hours, low, high, color=colour, alpha=0.15)
            row[0].set(xlabel="hours of people", ylabel=f"accuracy, {task}")
            end = equal_hours(curves)[1]
            for number, one in enumerate(curves):
                mean, half = mean_of(one.at(end))
                row[1].errorbar(
                    [one.staleness],
                    [mean],
                    yerr=[half],
                    marker=MARKERS[number],
                    color=COLOURS[number],
                    markersize=5,
                )
            row[1].set(xlabel="rounds late", ylabel=f"accuracy at {end:.2g} h")
        legend_below(figure, 2, panels[0, 0])
        return to_png(figure, "staleness")


def main() -> None:
    """Simulate, and write the page and its picture."""
    given = asked(__doc__, "folder", HERE, has_smoke=True)
    if given.smoke and given.folder == HERE:
        raise SystemExit("`--smoke` must be given a folder: it would replace the page.")
    if not given.folder.is_dir():
        raise SystemExit(f"`folder` must be there, got {given.folder}.")
    size = SMOKE if given.smoke else Size()
    found = simulate(size)
    text = page(found, size)
    (given.folder / "staleness.md").write_text(text, encoding="utf-8")
    (given.folder / "staleness.png").write_bytes(draw(found))
    print(text)


if __name__ == "__main__":
    main()
