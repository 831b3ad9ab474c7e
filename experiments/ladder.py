"""How do saving and human hours move with the size of training?

    python experiments/ladder.py [RESULTS] [--data DIR] [--rung NAME ...] [--smoke]
    python experiments/ladder.py --page

Runs a study for every rung of `ladder_rungs.toml`, each `ladder.toml` with the rung's
task and network in the place of its own. What is there is not run again, so that it may
be interrupted and taken up later; `--rung` runs some of them, as in a sitting of an
hour. Rungs whose pictures or texts are below DIR are left out without it. What each
condition came to goes to `ladder.csv`, in which rungs that were not run now stay as
they are; from it alone `--page` writes `ladder.md` and `ladder.png`. `--smoke` runs the
quick form of the least rung and writes nothing here.
"""

import argparse
import csv
import io
import itertools
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
from ladder_page import draw, page
from PIL import Image

from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.run.tuning import UNTUNED
from hitl_sim.read_table import read_table, read_toml
from hitl_sim.report.first_screen import corrupted
from hitl_sim.results import Results, open_results
from hitl_sim.schema import Table
from hitl_sim.study.network_spec import network_table
from hitl_sim.study.plan import plan_study
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import StudySpec, convert, load_spec
from hitl_sim.unit import J_PER_KWH, S_PER_H

HERE = Path(__file__).parent
ROWS = HERE / "ladder.csv"
WORKERS = 1
DATA = "DIR/"
"""What stands for the folder of larger sets."""
CIFAR = "cifar10"
NETWORK = "residual"
"""The network that is not built in."""
TASK = "rung"
SPOILT = 0.2
"""Share of the pool without a class, and as much again under another class's label."""
QUESTIONS = 72
"""Items that people rate where nothing else is said."""
TOP_PEOPLE = ("rate", "verify", "label")
"""Arms with people of a top rung, the first two that it can have; beside them are the
control and the best arm without people of the rung below."""


class Rung(Table, frozen=True):
    """One size of training.

    Attributes:
        name: of its study.
        ladder: task and network that it shares with other rungs.
        content: "image", "text" or "made".
        task: table of the task.
        network: table of the network.
        training: what differs from the study's own training.
        is_clean: whether the pool is also used as it was collected.
        tuned_by: rung whose learning rate it takes; None where it is tuned itself.
    """

    name: str
    ladder: str
    content: str
    task: dict[str, Any]
    network: dict[str, Any]
    training: dict[str, Any]
    is_clean: bool = False
    tuned_by: str | None = None

    @property
    def needs_data(self) -> bool:
        """Whether its items are below the folder of larger sets."""
        return str(self.task["source"]).startswith(DATA)


class Rungs(Table, frozen=True):
    """All rungs, the smallest of each ladder first."""

    rung: tuple[Rung, ...]


def read_rungs(path: Path = HERE / "ladder_rungs.toml") -> tuple[Rung, ...]:
    """Read the rungs.

    Raises:
        ValueError: a field does not fit.
    """
    return read_table(read_toml(path, "Rungs"), Rungs, whole="the ladder").rung


def study_of(
    rung: Rung,
    spec: StudySpec,
    source: str,
    below: StudyResult | None = None,
) -> StudySpec:
    """Put a rung in the place of a study's task and network.

    Args:
        rung: which.
        spec: of `ladder.toml`, its whole or its quick form.
        source: where its items come from.
        below: of a top rung, what was found on the rung below.
    """
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    left_out = unfit(rung)
    tables["arm"] = [arm for arm in tables["arm"] if arm["name"] not in left_out]
    axes = [a for a in tables["axis"] if left_out.isdisjoint(a["arms"] or ())]
    task = {**rung.task, "source": source}
    if not rung.is_clean:
        task |= {"irrelevant": SPOILT, "wrong_label": SPOILT}
        axes = [axis for axis in axes if axis["link"] != "corruption"]
    # on a pool as it was collected, as many ratings as in other arms
    others = [
        {"task.irrelevant": 0.0, "arm.questions": asked}
        for axis in axes
        if axis["field"] == "arm.questions" and rung.is_clean
        for asked in axis["values"]
        if asked != QUESTIONS
    ]
    tables |= {"task": {TASK: task}, "axis": axes, "exclude": others}
    tables["network"] = network_table(rung.network)
    tables["training"] |= rung.training
    # rungs draw apart from each other
    tables["seed"] += zlib.crc32(rung.name.encode()) % 10_000
    if rung.network["kind"] == NETWORK:
        tables["part"] = {NETWORK: {"source": f"{HERE / 'ladder_net.py'}:{NETWORK}"}}
    if below is not None:
        _as_top(tables, below)
    return convert(tables)


def unfit(rung: Rung) -> set[str]:
    """Name the arms that a rung cannot have.

    Features are taken away from dense networks alone, and ratings of some items say
    something of others where items are numbers.
    """
    found = set()
    if rung.network["kind"] != "mlp":
        found.add("rank")
    if rung.task.get("representation") == "tokens":
        found.add("rate")
    return found


def _as_top(tables: dict[str, Any], below: StudyResult) -> None:
    """Take the search of the rung below, and its best arm without people."""
    (task,) = (t for t in below.tasks if corrupted(t, below) > 0.0)
    tables["training"]["learning_rate"] = rate_of(below)
    machine = min(task.without_people, key=lambda f: f.ratio.value).arm
    named = {arm["name"]: arm for arm in tables["arm"]}
    asking = [name for name in TOP_PEOPLE if name in named][:2]
    tables["arm"] = [named[name] for name in ("control", machine, *asking)]
    tables["tune"] = None
    tables["axis"] = []


def rate_of(below: StudyResult) -> float:
    """Return the learning rate that was best for the control on a spoilt pool."""
    found = [
        one["values"].get("training.learning_rate")
        for one in below.tuning
        if one["arm"] == "control" and is_spoilt(str(one["base"]))
    ]
    own = below.study["training"]["params"]["learning_rate"]
    return float(own if not found or found[-1] is None else found[-1])


def is_spoilt(base: str) -> bool:
    """Whether the base of a search is not the pool as it was collected."""
    return '"task.irrelevant":0.0' not in base.replace(" ", "")


def source_of(rung: Rung, data: Path | None, results: Path) -> str:
    """Say where the items of a rung are; pictures that are packed are unpacked once."""
    named = str(rung.task["source"])
    if data is None or not rung.needs_data:
        return named
    name = named.removeprefix(DATA)
    if name != CIFAR:
        return str((data / name).resolve())
    unpacked = results / f"{CIFAR}.npz"
    if not unpacked.exists():
        unpack_pictures(data / "cifar10_test" / "cifar10_test_jpeg.npz", unpacked)
    return str(unpacked.resolve())


def unpack_pictures(packed: Path, to: Path) -> None:
    """Turn pictures that were kept as JPEG, one after the other, into an array."""
    with np.load(packed) as archive:
        jpeg, offsets = archive["jpeg"].tobytes(), archive["offsets"]
        labels = archive["labels"]
    images = np.stack(
        [
            np.asarray(Image.open(io.BytesIO(jpeg[a:b])).convert("RGB"))
            for a, b in itertools.pairwise(offsets)
        ]
    )
    to.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(to, images=images, labels=labels.astype(np.int64))


def run_rung(
    rung: Rung, spec: StudySpec, data: Path | None, results: Path
) -> list[dict[str, Any]]:
    """Run what is missing of a rung, and say what each condition came to.

    Raises:
        RuntimeError: runs failed, or the rung below is not there.
    """
    below = None
    if rung.tuned_by is not None:
        folder = results / rung.tuned_by
        if not (folder / "results.parquet").exists():
            raise RuntimeError(
                f"`{rung.name}` takes the learning rate of `{rung.tuned_by}`, which"
                f" must be run first; there is none in {str(folder)!r}."
            )
        below = open_results(folder).result
    study = study_of(rung, spec, source_of(rung, data, results), below)
    # what cannot be read is said before anything is run
    plan_study(study)
    done = run_study(study, results / rung.name, WORKERS)
    if done.num_failed:
        raise RuntimeError(
            f"All runs must end, but {done.num_failed} failed: {done.messages[:1]}"
        )
    return rows_of(rung, open_results(results / rung.name))


def rows_of(rung: Rung, results: Results) -> list[dict[str, Any]]:
    """Say what each condition of a rung came to: a row each, the control first."""
    result = results.result
    kept = kept_clean(results.folder / "results.parquet")
    return [
        _row(rung, result, task, finding, kept)
        for task in result.tasks
        for finding in (task.control, *task.findings)
        if finding.role != UNTUNED
    ]


def kept_clean(path: Path) -> dict[str, tuple[float, float]]:
    """Return the share of what was kept that was not spoilt: mean, standard error."""
    table = pq.read_table(path, columns=["condition", "kept_clean_frac"])
    found: dict[str, list[float]] = {}
    for row in table.to_pylist():
        if row["kept_clean_frac"] is not None:
            found.setdefault(row["condition"], []).append(row["kept_clean_frac"])
    return {
        name: (float(np.mean(some)), float(np.std(some, ddof=1) / math.sqrt(len(some))))
        for name, some in found.items()
        if len(some) > 1
    }


def _row(
    rung: Rung,
    result: StudyResult,
    task: TaskResult,
    finding: Finding,
    kept: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    study, control = result.study, task.control
    spent, steps = control.joules, float(control.usage.steps)
    clean, clean_se = kept.get(finding.condition, (math.nan, math.nan))
    asked = next(arm for arm in study["arm"] if arm["name"] == finding.arm)
    questions = finding.settings.get("arm.questions", asked.get("questions"))
    return {
        "rung": rung.name,
        "ladder": rung.ladder,
        "content": rung.content,
        "is_top": rung.tuned_by is not None,
        "spoilt": round(corrupted(task, result), 3),
        "pool": rung.task["pool"],
        "arm": finding.arm,
        "role": finding.role,
        "population": finding.population if finding.has_people else None,
        "questions": questions if finding.has_people else None,
        "replicates": finding.num_runs,
        "reached": finding.reach.hits,
        "ratio": finding.ratio.value,
        "ratio_low": finding.ratio.low,
        "ratio_high": finding.ratio.high,
        "control_j": spent.value,
        "control_j_low": spent.low,
        "control_j_high": spent.high,
        "pass_j": spent.value / (steps * study["training"]["batch"]),
        **_break_even(finding),
        "hours": float(finding.worked_by_run.mean()) / S_PER_H,
        "kept_clean": clean,
        "kept_clean_se": clean_se,
        "device": result.profile.name,
        "seed": study["seed"],
    }


def _break_even(finding: Finding) -> dict[str, float]:
    """Return E* against the control and its lower end, kWh; unknown of nobody."""
    size = finding.over_control[-1].joules if finding.over_control else None
    ends = (math.nan, math.nan) if size is None else (size.value, size.low)
    value, low = (end / J_PER_KWH for end in ends)
    return {"e_star_kwh": value, "e_star_kwh_low": low}


def write_rows(new: Sequence[Mapping[str, Any]], path: Path = ROWS) -> None:
    """Put the rows of some rungs in the place of what was there of them."""
    run = {row["rung"] for row in new}
    order = [rung.name for rung in read_rungs()]
    kept = [row for row in read_rows(path) if row["rung"] not in run]
    rows = sorted([*kept, *new], key=lambda row: order.index(row["rung"]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: _text(value) for name, value in row.items()} for row in rows
        )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read_rows(path: Path = ROWS) -> list[dict[str, Any]]:
    """Read what was found; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_page(folder: Path = HERE) -> None:
    """Write the page and its picture from what is there of every rung."""
    rows = read_rows()
    run = {row["rung"] for row in rows}
    missing = [rung.name for rung in read_rungs() if rung.name not in run]
    (folder / "ladder.png").write_bytes(draw(rows))
    (folder / "ladder.md").write_text(page(rows, missing), encoding="utf-8")


def chosen(rungs: Sequence[Rung], names: Sequence[str] | None) -> list[Rung]:
    """Pick rungs by name.

    Raises:
        ValueError: there is none of that name.
    """
    known = [rung.name for rung in rungs]
    for name in names or ():
        if name not in known:
            raise ValueError(
                f"`--rung` must be one of {', '.join(known)}, got {name!r}."
            )
    return [rung for rung in rungs if not names or rung.name in names]


def main() -> None:
    """Run what is not there, and write what it came to."""
    reader = argparse.ArgumentParser(description="How does it move with size?")
    reader.add_argument("results", nargs="?", default="results/ladder", type=Path)
    reader.add_argument("--data", type=Path, help="folder of the larger sets")
    reader.add_argument("--rung", action="append", help="a rung to run; several times")
    reader.add_argument("--smoke", action="store_true", help="the quick form")
    reader.add_argument("--page", action="store_true", help="write the page alone")
    given = reader.parse_args()
    if given.data is not None and not given.data.is_dir():
        reader.error(f"`--data` must be a folder, got {str(given.data)!r}.")
    try:
        _run(given)
    except (ValueError, RuntimeError) as error:
        reader.error(str(error))


def _run(given: argparse.Namespace) -> None:
    """Do what was asked for.

    Raises:
        ValueError: a rung is not there, or cannot be a study.
        RuntimeError: runs failed, or a rung that another stands on is not there.
    """
    spec = load_spec(HERE / "ladder.toml", is_smoke=given.smoke)
    rungs = chosen(read_rungs(), given.rung)
    if given.smoke:
        for row in run_rung(rungs[0], spec, given.data, given.results):
            print(row["arm"], row["questions"] or "", _text(row["ratio"]))
        return
    for rung in () if given.page else rungs:
        if rung.needs_data and given.data is None:
            print(f"{rung.name}: left out, since its items are below --data")
            continue
        print(rung.name, flush=True)
        write_rows(run_rung(rung, spec, given.data, given.results))
    write_page()


if __name__ == "__main__":
    main()
