"""Results of a study, read from its folder alone: tables, answer, figures, new prices.

`open_results` reads a folder wherever it lies; neither the study's file nor its data or
parts are needed, and no jax is loaded. Records hold counts and human seconds, so the
same results can be billed on another device or at other prices without training again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.confirmation import Confirmation
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.condition.projection import Projection, project_study
from hitl_sim.analysis.condition.result import BILL_SCHEMA
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.analysis.condition.versus import Comparison, compare_studies
from hitl_sim.analysis.decision.sensitivity import Verdict, weigh
from hitl_sim.cost import MEASURES, Prices, check_prices
from hitl_sim.energy.profile_file import load_profile, profile_names
from hitl_sim.record import LABEL_SCHEMA, RECORD_SCHEMA, REPLAY_SCHEMA
from hitl_sim.schema import one_of
from hitl_sim.study.conclude import Analysis
from hitl_sim.study.status import Status, status_of
from hitl_sim.unit import J_PER_KWH, S_PER_H

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hitl_sim.analysis.condition.rectify import Side
    from hitl_sim.report.words import Words
    from hitl_sim.study.verify import Verification, VerifiedRecord

_NAMES = ("task", "arm", "role", "kind", "population")
FRACTIONS = (0.8, 0.85, 0.9, 0.95, 1.0)
"""Targets that an explorer offers, as shares of the pilot's best."""
_SHORT: Mapping[str, str] = {
    "wage": "wage_usd_per_h",
    "electricity": "electricity_usd_per_kwh",
    "carbon": "carbon_kgco2e_per_kwh",
}
"""Short names of prices: USD/h, USD/kWh and kgCO2e/kWh."""
_CARBON = ("grid_region", "carbon_kgco2e_per_kwh", "carbon_file", "carbon_hours")


@dataclass(frozen=True)
class TaskAnswer:
    """What a study found on one of its tasks.

    Attributes:
        task: its name, with what else is swept of it.
        text: whether guidance pays back, and why, in a sentence or two.
        detail: the sentences that follow: what the control spends, what guidance
            saves, from where on it pays back, and what a reader has to know.
    """

    task: str
    text: str
    detail: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a study found, in words and as data.

    Attributes:
        first_screen: the answer in one look, as the terminal shows it.
        caution: what kind of joules and people these are.
        changed: what of the plan was changed after the first record; empty where
            nothing was.
        tasks: one answer per task.
        data: every number of the report, as plain JSON values, with their sources.
    """

    first_screen: str
    caution: str
    changed: str
    tasks: tuple[TaskAnswer, ...]
    data: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the caution, and each task's answer with its detail."""
        lines = [self.caution, *([self.changed] if self.changed else [])]
        for task in self.tasks:
            lines += ["", f"{task.task}: {task.text}", *task.detail]
        return "\n".join(lines)


@dataclass(frozen=True)
class Results:
    """A study's records under a device profile and prices; nothing here trains.

    Made by `open_results` and by `Study.run`. Tables are `pyarrow.Table`s, whether
    pandas is installed or not: `.to_pandas()` makes a DataFrame of one where it is.

    Attributes:
        folder: where the records are.
        device: name or path of a device profile; None for the study's own.
        prices: what the study pays; None for its own.
    """

    folder: Path
    device: str | None = None
    prices: Prices | None = None

    @functools.cached_property
    def _analysis(self) -> Analysis:
        return Analysis.open(self.folder, self.device)

    @functools.cached_property
    def result(self) -> StudyResult:
        """Everything that the analysis finds, task by task, as plain frozen data."""
        return self._analysis.under(self.prices)

    @functools.cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What helps to decide: one verdict per task."""
        return weigh(self.result)

    @functools.cached_property
    def words(self) -> Words:
        """What opens a report: the answer in words, its reasons and its checks."""
        from hitl_sim.report.words import tell  # noqa: PLC0415 - loads templates

        return tell(self.result, self.verdicts)

    @functools.cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The study's resolved tables, as they were run."""
        return self._analysis.folder.manifest

    def frame(self) -> pa.Table:
        """Return one row per run: what it was, how it ended, and its bill.

        Returns:
            Names (`task`, `arm`, `role`, `kind`, `population`), a column per swept
            field, typed, null where it does not act; `replicate`, `outcome`; then the
            columns of `analysis.condition.result.BILL_SCHEMA` with joules, seconds,
            USD and kgCO2e under these prices and this device.
        """
        records = self._analysis.folder.records
        bill = self._analysis.bill(self.prices)
        runs = zip(*(bill[name].to_pylist() for name in _RUN), strict=True)
        place = {run: row for row, run in enumerate(runs)}
        wanted = zip(*(records[name].to_pylist() for name in _RUN), strict=True)
        bill = bill.take(pa.array([place[run] for run in wanted], pa.int64()))
        names = [*_NAMES, *self._swept, "replicate", "outcome"]
        columns = {name: records[name] for name in names}
        more = {n: bill[n] for n in BILL_SCHEMA.names if n not in ("arm", "replicate")}
        return pa.table(columns | more)

    def summary(self) -> pa.Table:
        """Return one row per condition, the control first in each task.

        Returns:
            Names and swept fields as in `frame`; `runs`, `reached`, `failed`; the
            energy ratio (`ratio`, to the target, condition ÷ control) with its 95 %
            interval; E* in kWh against the best arm without people
            (`e_star_people_kwh`) and the control (`e_star_control_kwh`), with their
            ends: inf is never, null with a lower end alone cannot be told; per success:
            `device_j` with its interval, `people_h` and the whole bill `bill_j`,
            `bill_usd`, `bill_kgco2e`; `steps` to the target (restricted mean) and
            `test_accuracy`. Null is unknown.
        """
        records = self._analysis.folder.records
        named = records.select(["condition", *self._swept]).to_pylist()
        swept = {row.pop("condition"): row for row in named}
        rows = [
            _condition_row(task, finding) | swept[finding.condition]
            for task in self.result.tasks
            for finding in (task.control, *task.findings)
        ]
        fields = [records.schema.field(name) for name in (*_NAMES, *self._swept)]
        return pa.Table.from_pylist(rows, pa.schema([*fields, *_SUMMARY]))

    def answer(self) -> Answer:
        """Return the verdict: in words, and as data."""
        from hitl_sim.report.data_file import report_data  # noqa: PLC0415 - draws
        from hitl_sim.report.terminal.answer import (  # noqa: PLC0415 - loads figures
            first_screen_text,
        )

        words = self.words
        return Answer(
            first_screen_text(self.result, words, self.verdicts),
            words.caution,
            words.changed,
            tuple(
                TaskAnswer(
                    one.task,
                    one.answer,
                    (
                        *([one.pool] if one.pool else []),
                        one.training_size,
                        one.upper_bound,
                        one.rho,
                        *([one.targets] if one.targets else []),
                        one.break_even,
                        *one.checks,
                        *one.decision,
                    ),
                )
                for one in words.tasks
            ),
            report_data(self.result, words, self.verdicts),
        )

    def project(self, workload: Path | str) -> tuple[Projection, ...]:
        """Hold what this study found against the size of a described training.

        Every number of it is hypothetical: no law of size is applied.

        Args:
            workload: file of the description; see `hitl_sim.workload`.

        Returns:
            Per task, against the best arm without people and against the control, at
            each growth of human hours with the size of training.

        Raises:
            ValueError: the description cannot be billed.
        """
        from hitl_sim.workload import bill  # noqa: PLC0415 - a module's code loads jax

        return project_study(self.result, bill(workload).whole.footprint.joules)

    def figures(self) -> tuple[str, ...]:
        """Names of the figures that `plot` draws."""
        from hitl_sim.report.figure.registry import figure_parts  # noqa: PLC0415 - loads matplotlib

        return tuple(figure_parts())

    def plot(
        self,
        name: str,
        task: str | None = None,
        style: str = "page",
        columns: int = 1,
        path: Path | str | None = None,
    ) -> Figure | None:
        """Draw one figure of the report.

        Args:
            name: one of `figures()`.
            task: of which task; the first one when left out.
            style: "page", or "paper": as wide as columns of a journal, with text of 6
                points or more.
            columns: of a paper that it is as wide as: 1 (3.5 in) or 2 (7.16 in).
            path: file to write it to as well, `.pdf` or `.svg`, fonts within it.

        Returns:
            A matplotlib figure, to be shown or saved; None where the study has
            nothing to draw in it, and then nothing is written.

        Raises:
            ValueError: there is no such figure, task, style or width, or the file has
                another ending.
        """
        from hitl_sim.report.figure.registry import draw, figure_parts  # noqa: PLC0415 - loads matplotlib
        from hitl_sim.report.figure.style import (  # noqa: PLC0415
            VECTOR,
            look_of,
            save_figure,
        )

        _check_one_of("name", name, tuple(figure_parts()))
        look = look_of(style, columns)
        if path is not None:
            _check_one_of("path", Path(path).suffix or str(path), VECTOR)
        labels = [one.label for one in self.result.tasks]
        _check_one_of("task", task or labels[0], labels)
        index = labels.index(task or labels[0])
        figure = draw(name, self.result, self.verdicts, task=index, look=look)
        if figure is not None and path is not None:
            save_figure(figure, Path(path))
        return figure

    def report(self, path: Path | str | None = None, again: str | None = None) -> Path:
        """Write the report: a page, its figures, its numbers and the runs' bills.

        A report that is there, and was made under another plan of the study, is kept
        in `plans/<hash of its plan>/`.

        Args:
            path: folder to write to; the results folder when left out.
            again: what to type to get the report again, for the page to say.

        Returns:
            Path of `report.html`; `report.json`, `findings.md`, `bill.parquet` and
            `figures/` are beside it.
        """
        from hitl_sim.report.earlier import keep_earlier_report  # noqa: PLC0415
        from hitl_sim.report.page import (  # noqa: PLC0415 - loads matplotlib
            page_captions,
            write_report,
        )
        from hitl_sim.report.terminal.answer import (  # noqa: PLC0415
            write_findings,
        )

        out = self.folder if path is None else Path(path)
        command = again or f"hitl-sim report {self.folder}"
        keep_earlier_report(out, self.result.plan_hash)
        self._analysis.write_bill(out, self.prices)
        page = write_report(
            self.result,
            out,
            verdicts=self.verdicts,
            words=self.words,
            rerun_command=command,
            title=f"Study {self.folder.resolve().name}",
        )
        drawn = page_captions(out)
        write_findings(self.result, self.words, out, command, self.verdicts, drawn)
        return page

    def explore(
        self,
        path: Path | str | None = None,
        fractions: Sequence[float] = FRACTIONS,
        devices: Sequence[str] | None = None,
    ) -> Path:
        """Write a page that bills these results anew while prices are moved.

        Args:
            path: of the page; `explore.html` in the results folder when left out.
            fractions: targets that may be chosen beside the study's own, as shares of
                the pilot's best.
            devices: names or paths of profiles that may be chosen beside this one;
                all shipped ones when left out.

        Returns:
            Path of the page.

        Raises:
            ValueError: a fraction is out of range, there is no such profile, or
                `hitl-sim[explore]` is not installed.
        """
        from hitl_sim.report.explore import plotting_library, write_explorer  # noqa: PLC0415

        for fraction in fractions:
            if not 0.0 < fraction <= 1.0:
                raise ValueError(f"`fractions` must be in (0, 1], got {fraction}.")
        plotting_library()
        names = profile_names() if devices is None else devices
        others = [load_profile(name) for name in names]
        own = self.result
        profiles = {one.hash: one for one in (own.profile, *others)}
        targets = dict.fromkeys((own.fraction, *fractions))
        results = {
            fraction: own
            if fraction == own.fraction
            else self._analysis.under(self.prices, fraction)
            for fraction in targets
        }
        out = self.folder / "explore.html" if path is None else Path(path)
        title = f"Explore {self.folder.resolve().name}"
        return write_explorer(results, list(profiles.values()), out, title)

    def formats(self) -> dict[str, str]:
        """Return what `export` writes, by name, and what each is."""
        from hitl_sim.exchange import FORMATS  # noqa: PLC0415 - no other call needs it

        return {name: one.words for name, one in FORMATS.items()}

    def export(self, format: str, path: Path | str | None = None) -> Path:
        """Write the study in the words of another tool.

        Args:
            format: one of `formats()`.
            path: file; the tool's own name for it, in the results folder, when left
                out.

        Returns:
            Path of the file.

        Raises:
            ValueError: there is no such format, or the study is not done.
        """
        from hitl_sim.exchange import Finished, export  # noqa: PLC0415

        folder = self._analysis.folder
        study = Finished(self.folder, self.result, folder.records, folder.manifest)
        return export(study, format, None if path is None else Path(path))

    def reprice(
        self, device: str | None = None, prices: Prices | None = None, **changes: Any
    ) -> Results:
        """Return the same records under another device or other prices.

        Nothing is trained, and no record is written.

        Args:
            device: name or path of a device profile; this one's when left out.
            prices: all prices; these when left out.
            **changes: prices to change, by their names in `[prices]` of a study file,
                or in short: `wage` (USD/h), `electricity` (USD/kWh), `carbon`
                (kgCO2e/kWh, in place of the grid's).

        Raises:
            ValueError: there is no such price or profile, or it is out of range.
        """
        named = {_SHORT.get(name, name): value for name, value in changes.items()}
        for name in named:
            _check_one_of("prices", name, (*_SHORT, *Prices.__struct_fields__))
        own = prices or self.prices or self._analysis.folder.prices
        if "carbon_kgco2e_per_kwh" in named:
            named = dict.fromkeys(_CARBON) | named
        asked = msgspec.structs.replace(own, **named)
        check_prices(asked)
        other = replace(self, device=device or self.device, prices=asked)
        _ = other._analysis
        return other

    def compare(self, other: Results) -> Comparison:
        """Say what another study set differently, and what that did."""
        return compare_studies(self.result, other.result)

    def rectify(self, simulated: Results) -> pa.Table:
        """Sharpen means over few runs with real people by many with simulated ones.

        Args:
            simulated: the same study with simulated people, and as many replicates or
                more; billed on this device at these prices.

        Returns:
            One row per condition that asks real people, and outcome of a run's bill:
            `task`, `arm`, `settings` (JSON), `outcome`; `rectified` by both kinds
            of runs, `real` by runs with real people alone, each with its 95 % interval
            (`_low`, `_high`; null where all runs are the same); `simulated`, the mean
            with simulated people; `weight` (lambda), `correlation` of pairs, runs of
            either kind, and `effective_runs`: how many with real people alone would
            tell as much. Intervals are over replicates, for the people of the
            recording.

        Raises:
            RecordError: the studies differ in more than who answers, runs have no
                pair, or fewer than `MIN_RUNS` asked real people.
        """
        from hitl_sim.analysis.condition.rectify import rectify  # noqa: PLC0415

        other = replace(simulated, device=self.device, prices=self.prices)
        return pa.Table.from_pylist(rectify(self._side(), other._side()))

    def _side(self) -> Side:
        """Return the study for pairing: its tables, and its runs with their bills."""
        from hitl_sim.analysis.condition.rectify import Side  # noqa: PLC0415

        names = ("base", "settings", "parameters")
        records = self._analysis.folder.records.select(names).to_pylist()
        runs = zip(self.frame().to_pylist(), records, strict=True)
        return Side(
            str(self.folder),
            self.manifest["study"],
            self.manifest["tasks"],
            [run | record for run, record in runs],
        )

    def status(self) -> Status:
        """Say how far the study is, what failed, and whether its files can be read."""
        return status_of(self.folder)

    def verify(self, files: int = 5, workers: int = 1) -> Verification:
        """Compute a sample of record files again, and compare their bytes.

        This needs the study's data and parts, as running it does.

        Args:
            files: how many to draw.
            workers: processes.

        Raises:
            RecordError: this environment is not the one of the records.
        """
        from hitl_sim.study.verify import verify_study  # noqa: PLC0415 - runs programs

        return verify_study(self.folder, files, workers)

    def verify_record(self, key: str) -> VerifiedRecord:
        """Compute one record again, alone, and compare its bytes.

        Args:
            key: of the record, as in the column `key` of `results.parquet`.

        Raises:
            RecordError: this environment is not the one of the record.
            ValueError: no finished run has this key.
        """
        from hitl_sim.study.verify import verify_record  # noqa: PLC0415 - runs programs

        return verify_record(self.folder, key)

    def confirm(
        self,
        workers: int = 1,
        seed: int | None = None,
        replicates: int | None = None,
    ) -> tuple[Confirmation, ...]:
        """Run each task's best condition with people, and its control, once more.

        This needs the study's data and parts, as running it does.

        Args:
            workers: processes.
            seed: of the fresh runs; the study's plus one when left out.
            replicates: of the fresh runs; the study's own when left out.
        """
        from hitl_sim.study.confirm import confirm  # noqa: PLC0415 - runs programs

        return confirm(self.folder, workers, seed, replicates)

    @property
    def _swept(self) -> list[str]:
        """Columns of swept fields, with those of their numbers."""
        names = self._analysis.folder.records.column_names
        own = {"key", *LABEL_SCHEMA.names, *RECORD_SCHEMA.names, *REPLAY_SCHEMA.names}
        return [name for name in names if name not in own]


_RUN = ("condition", "replicate")
_SUMMARY = (
    pa.field("runs", pa.int64()),
    pa.field("reached", pa.int64()),
    pa.field("failed", pa.int64()),
    *(
        pa.field(name, pa.float64())
        for name in (
            "ratio",
            "ratio_low",
            "ratio_high",
            "device_j",
            "device_j_low",
            "device_j_high",
            "people_h",
            "e_star_people_kwh",
            "e_star_people_kwh_low",
            "e_star_people_kwh_high",
            "e_star_control_kwh",
            "e_star_control_kwh_low",
            "e_star_control_kwh_high",
            "bill_j",
            "bill_usd",
            "bill_kgco2e",
            "steps",
            "test_accuracy",
        )
    ),
    pa.field("condition", pa.string()),
)
_BILLED = dict(zip(MEASURES, ("bill_j", "bill_usd", "bill_kgco2e"), strict=True))


def open_results(folder: Path | str) -> Results:
    """Open a results folder, wherever it lies: study, data and parts are not needed.

    Args:
        folder: what `hitl-sim run` or `Study.run` left.

    Raises:
        RecordError: the folder holds no study, or one of another schema.
    """
    results = Results(Path(folder))
    _ = results.manifest
    return results


def _condition_row(task: TaskResult, finding: Finding) -> dict[str, Any]:
    """Lay one condition out; infinite and unknown numbers stay what they are."""
    bills = {measure: finding.ledger.total(measure) for measure in MEASURES}
    return {
        "task": finding.task,
        "arm": finding.arm,
        "role": finding.role,
        "kind": finding.kind,
        "population": finding.population,
        "runs": finding.num_runs,
        "reached": finding.reach.hits,
        "failed": finding.num_failed,
        **_ends("ratio", finding.ratio),
        **_ends("device_j", finding.joules),
        "people_h": float(finding.usage.paid_s) / S_PER_H,
        **_sizes("e_star_people_kwh", finding.over_machine),
        **_sizes("e_star_control_kwh", finding.over_control),
        # a bill of which a part is unavailable is null
        **{
            _BILLED[measure]: float(np.asarray(bill.value)) if bill.is_known else None
            for measure, bill in bills.items()
        },
        "steps": _known(finding.steps.value),
        "test_accuracy": _known(finding.test_accuracy.value),
        "condition": finding.condition,
    }


def _ends(name: str, estimate: Estimate) -> dict[str, float | None]:
    ends = {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
    return {f"{name}{end}": _known(value) for end, value in ends.items()}


def _sizes(name: str, sizes: Sequence[TrainingSize]) -> dict[str, float | None]:
    """Lay out E* in kWh, for as many trainings as the study says; null of nobody."""
    if not sizes:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    ends = _ends(name, sizes[-1].joules)
    return {key: None if end is None else end / J_PER_KWH for key, end in ends.items()}


def _known(value: float) -> float | None:
    """Turn NaN, which is unknown, into null."""
    return None if math.isnan(value) else float(value)


def _check_one_of(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"`{field}` must be {one_of(allowed)}, got {value!r}.")
