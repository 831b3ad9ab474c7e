"""Where in the making of a model is an hour of people worth most?

    python experiments/stages.py [RESULTS] [--data DIR]

Runs `stages.toml` beside this file on its two tasks; with DIR on two larger ones too,
10,000 pictures of Fashion-MNIST and 7,600 news of AG News, which it reads from DIR's
`fashion_mnist` and `text_tasks`. What is there is not run again. Writes `stages.md` and
`stages.png`: of each stage and each two of them what control and arms spent to the
target, per population, with intervals. Without DIR the page has the two tasks alone.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from null_zoo import WORKERS

from hitl_sim.analysis.chance.interval import ratio_interval, resample
from hitl_sim.analysis.condition.finding import Finding, TaskResult
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    MARKERS,
    RATIO_TICKS,
    mark,
    new_figure,
    styled,
    to_png,
)
from hitl_sim.report.first_screen import corrupted
from hitl_sim.report.number import RHO, ratio_text
from hitl_sim.results import Results, open_results
from hitl_sim.study.plan import plan_study
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import StudySpec, convert, load_spec
from hitl_sim.unit import S_PER_H

HERE = Path(__file__).parent
STAGES = {
    "random_share": ("a random share", "before"),
    "machine_share": ("a share by a machine", "before"),
    "machine_curriculum": ("an order by a machine", "before"),
    "machine_review": ("a review by the network", "while"),
    "machine_share_review": ("both by machines", "before, while"),
    "rate": ("rate items", "before"),
    "verify": ("verify labels", "before"),
    "order": ("order from easy to hard", "before"),
    "compare": ("compare two by two", "before"),
    "label": ("label", "all through"),
    "review": ("review what it doubts", "while"),
    "check_late": ("check late", "near the end"),
    "rank_and_rate": ("rank features, rate", "before"),
    "rate_and_verify": ("rate, verify", "before"),
    "rate_and_review": ("rate, review", "before, while"),
    "verify_and_review": ("verify, review", "before, while"),
    "order_and_review": ("order, review", "before, while"),
}
"""What each arm is called in words, and when it acts."""
TYPICAL = "typical"
PEOPLE = ("perfect", "careful", TYPICAL, "careless", "spammer")
LARGER = {
    "fashion": {
        "source": "fashion_mnist/t10k-images-idx3-ubyte.gz",
        "pool": 2000,
        "validation": 1000,
        "test": 1000,
    },
    "news": {
        "source": "text_tasks/ag_news_7600.csv.gz",
        "text_column": "text",
        "num_features": 512,
        "pool": 2000,
        "validation": 1000,
        "test": 1000,
    },
}
"""The larger tasks, whose files are below DIR."""


def larger(spec: StudySpec, data: Path) -> StudySpec:
    """Put the larger tasks in the place of the study's own."""
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    tables["task"] = {
        name: {**task, "source": str((data / str(task["source"])).resolve())}
        for name, task in LARGER.items()
    }
    return convert(tables)


def finding_of(task: TaskResult, arm: str, population: str) -> Finding | None:
    """Find an arm under a population; without one where it asks nobody."""
    for finding in task.findings:
        if finding.arm == arm and finding.population in (None, population):
            return finding
    return None


def has_people(task: TaskResult, arm: str) -> bool:
    """Whether an arm asks people."""
    return any(f.arm == arm and f.has_people for f in task.findings)


def asked_in(task: TaskResult) -> list[str]:
    """List the populations that a task has."""
    return [p for p in PEOPLE if any(f.population == p for f in task.with_people)]


def usual(task: TaskResult) -> str:
    """Name the population that stages are put in order by: typical people."""
    asked = asked_in(task)
    return TYPICAL if TYPICAL in asked or not asked else asked[0]


def order_of(task: TaskResult) -> list[str]:
    """List the arms, those of machines first, each by what they spend."""
    crowd = usual(task)
    rows = [name for name in STAGES if finding_of(task, name, crowd)]

    def place(arm: str) -> tuple[bool, float]:
        found = finding_of(task, arm, crowd)
        return has_people(task, arm), found.ratio.value if found else np.inf

    return sorted(rows, key=place)


def alike(task: TaskResult, population: str, seed: int) -> tuple[Finding, list[str]]:
    """Find the stage of least joules, and those that cannot be told apart from it."""
    found = [
        finding
        for finding in task.with_people
        if finding.population == population and finding.arm in STAGES
    ]
    least = min(found, key=lambda finding: finding.ratio.value)
    others = []
    for finding in found:
        shared = np.intersect1d(least.replicate, finding.replicate)
        pair = finding.cost_sample_of(shared), least.cost_sample_of(shared)
        low, _ = ratio_interval(*pair, resample(len(shared), seed))
        if finding is not least and low <= 1.0:
            others.append(STAGES[finding.arm][0])
    return least, others


def hours(task: TaskResult, arm: str) -> str:
    """Write what typical people worked in a run of an arm."""
    found = finding_of(task, arm, usual(task))
    if found is None or not found.has_people:
        return ""
    return f"{found.worked_by_run.mean() / S_PER_H:.2f}"


def rows_of(task: TaskResult) -> Iterator[str]:
    """Write the table of one task."""
    asked = asked_in(task)
    yield f"| stage | when | hours | {' | '.join(asked)} |"
    yield "|---" * (3 + len(asked)) + "|"
    for arm in order_of(task):
        words, when = STAGES[arm]
        if has_people(task, arm):
            found = [finding_of(task, arm, population) for population in asked]
            cells = [ratio_text(f.ratio) if f else "" for f in found]
        else:
            alone = finding_of(task, arm, usual(task))
            cells = [ratio_text(alone.ratio) if alone else "", *[""] * (len(asked) - 1)]
            when = f"{when}, nobody asked"
        yield f"| {words} | {when} | {hours(task, arm)} | {' | '.join(cells)} |"


def verdict(task: TaskResult, population: str, seed: int) -> str:
    """Say whether any stage saves, and which."""
    least, others = alike(task, population, seed)
    ratio, name = ratio_text(least.ratio), STAGES[least.arm][0]
    if least.ratio.high < 1.0:
        told = f"*{name}* saves, {ratio}"
    elif least.ratio.low > 1.0:
        told = f"every stage costs, *{name}* least, {ratio}"
    else:
        told = f"no stage surely saves, least is *{name}*, {ratio}"
    alike_too = f" (not told apart from it: {', '.join(others)})" if others else ""
    return f"with {population} people {told}{alike_too}"


def name_of(task: TaskResult, share: float) -> str:
    """Name a task and what is wrong with its pool."""
    what = "as it was collected" if share == 0.0 else f"{share:.0%} corrupted"
    return f"{task.task}, pool {what}"


def best_machine(task: TaskResult) -> Finding | None:
    """Find the arm of least joules in which nobody is asked."""
    alone = [f for f in task.without_people if f.arm in STAGES]
    return min(alone, key=lambda f: f.ratio.value, default=None)


def sentences(task: TaskResult) -> Iterator[str]:
    """Say what the copy of the control took."""
    null = task.null
    if null is not None:
        yield f"A/A {ratio_text(null.ratio)}."


def page(found: list[Results]) -> str:
    """Write the page."""
    tasks = [(task, one.result) for one in found for task in one.result.tasks]
    spec = found[0].result.study
    lines = [
        "# Where in training is an hour of people worth most?",
        "",
        "The same hour of three people goes to one stage or is divided between two. "
        f"Cells are {RHO}, joules to the target beside the control's, with 95 % "
        f"intervals ({spec['replicates']} replicates, seed {spec['seed']}): below 1 "
        "training takes less than without anybody. Control and arms were tuned alike. "
        "Joules are modelled for a laptop from counted work, people are simulated, and "
        "their own joules are not in these ratios: what they add to the bill is in "
        "`hitl-sim report`. The least of many stages is told by the replicates that "
        "picked it, so it flatters itself. Hours are those of typical people until the "
        "target: a stage that training does not live to see asks nobody.",
        "",
        "In short:",
        "",
    ]
    for task, result in tasks:
        told = [
            verdict(task, population, result.seed)
            for population in ("perfect", TYPICAL)
            if population in asked_in(task)
        ]
        if (machine := best_machine(task)) is not None:
            words = STAGES[machine.arm][0]
            told.append(f"without people *{words}*, {ratio_text(machine.ratio)}")
        name = name_of(task, corrupted(task, result))
        lines.append(f"- **{name}**: {'; '.join(told)}.")
    lines += ["", "![the ratio of every stage](stages.png)"]
    for task, result in tasks:
        name = name_of(task, corrupted(task, result))
        lines += ["", f"## {name}", "", *rows_of(task), "", " ".join(sentences(task))]
    lines += [
        "",
        "Again: `python experiments/stages.py results"
        + (" --data DIR" if len(found) > 1 else "")
        + "`.",
        "",
    ]
    return "\n".join(lines)


LOW, HIGH = 0.2, 5.0
"""Ends of the axis: what lies beyond is drawn there."""


def draw_task(axes: Axes, task: TaskResult, share: float) -> None:
    """Draw one task's stages: a row each, a mark for each population."""
    rows = order_of(task)[::-1]
    axes.axvline(1.0, color=BLACK, linewidth=1.0)
    for place, arm in enumerate(rows):
        if not has_people(task, arm):
            alone = finding_of(task, arm, usual(task))
            if alone is not None:
                _draw(axes, alone, place, GREY, "|", is_bounded=True)
            continue
        for number, population in enumerate(PEOPLE):
            found = finding_of(task, arm, population)
            if found is not None:
                own = COLOURS[number], MARKERS[number]
                _draw(axes, found, place, *own, is_bounded=population == usual(task))
    axes.set_yticks(range(len(rows)), [STAGES[arm][0] for arm in rows])
    ticks = [tick for tick in RATIO_TICKS if LOW <= tick <= HIGH]
    axes.set(xscale="log", xlim=(LOW, HIGH))
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(f"{task.task}: {share:.0%} of the pool corrupted")


def _draw(
    axes: Axes,
    found: Finding,
    place: int,
    colour: str,
    marker: str,
    *,
    is_bounded: bool,
) -> None:
    ratio = found.ratio
    value = float(np.clip(ratio.value, LOW, HIGH))
    if is_bounded:
        ends = np.clip([ratio.low, ratio.high], LOW, HIGH)
        axes.plot(ends, [place, place], color=colour, linewidth=1.6)
    axes.plot([value], [place], marker, color=colour, markersize=6, alpha=0.9)


def draw(found: list[Results]) -> bytes:
    """Draw the stages of every task whose pool is corrupted."""
    every = [(task, one.result) for one in found for task in one.result.tasks]
    shares = [(task, corrupted(task, result)) for task, result in every]
    tasks = [(task, share) for task, share in shares if share > 0.0]
    with styled():
        figure = new_figure(3.9 * len(tasks))
        panels = figure.subplots(len(tasks), squeeze=False)[:, 0]
        for axes, (task, share) in zip(panels, tasks, strict=True):
            draw_task(axes, task, share)
        panels[-1].set_xlabel(
            f"{RHO}: joules of arm ÷ control; bars: 95 %, typical people"
        )
        marks = [
            mark(population, MARKERS[number], COLOURS[number])
            for number, population in enumerate(PEOPLE)
        ]
        marks.append(mark("nobody asked", "|", GREY))
        figure.legend(handles=marks, loc="outside lower center", ncols=3)
        return to_png(figure, "stages")


def main() -> None:
    """Run what is not there, and write the page and its picture."""
    reader = argparse.ArgumentParser(description="Where is an hour worth most?")
    reader.add_argument("results", nargs="?", default="results", type=Path)
    reader.add_argument("--data", type=Path, help="folder of the larger tasks")
    given = reader.parse_args()
    spec = load_spec(HERE / "stages.toml")
    studies = {"stages": spec}
    if given.data is not None:
        studies["stages_larger"] = larger(spec, given.data)
    for study in studies.values():
        # what cannot be read of the second is said before the first is run
        plan_study(study)
    found = []
    for name, study in studies.items():
        done = run_study(study, given.results / name, WORKERS)
        if done.num_failed:
            raise RuntimeError(
                f"All runs must end, but {done.num_failed} failed: {done.messages[:1]}"
            )
        found.append(open_results(given.results / name))
    (HERE / "stages.png").write_bytes(draw(found))
    (HERE / "stages.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
