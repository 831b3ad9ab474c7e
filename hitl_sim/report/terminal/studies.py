"""Studies: what a plan would do, what a folder holds, how runs ended; two compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console

from hitl_sim.analysis.run.record import plain_value
from hitl_sim.output import write_text
from hitl_sim.report.number import (
    RHO,
    break_even_text,
    digits,
    ratio_text,
    rough_time,
    span,
)
from hitl_sim.report.registration import registration_page
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.terminal.show import print_table, print_text
from hitl_sim.schema import one_of

if TYPE_CHECKING:
    import pyarrow as pa

    from hitl_sim.analysis.condition.confirmation import Confirmation
    from hitl_sim.analysis.condition.versus import Comparison
    from hitl_sim.study.probe import Probe
    from hitl_sim.study.registration import Registration
    from hitl_sim.study.status import Status
    from hitl_sim.study.tune import Tuning

_ORDER = ("first", "second")
_MAIN = ("billed_validation_accuracy", "billed_test_accuracy", "device_j", "people_s")


def print_status(console: Console, found: Status) -> None:
    """Print what a results folder holds, and what it lacks."""
    print_text(console, "terminal.finished", found=found)
    rows = [(arm.task, arm.arm, str(arm.done), str(arm.total)) for arm in found.arms]
    print_table(console, ("task", "arm", "finished", "runs"), rows)
    print_text(console, "terminal.unfinished", found=found)


def print_figures(console: Console) -> None:
    """Print the name of every figure, and what it shows."""
    from hitl_sim.report.figure.registry import figure_parts  # noqa: PLC0415 - loads matplotlib

    rows = [
        (name, say(f"caption_{part}.{name}").partition(". ")[0].rstrip("."))
        for name, part in figure_parts().items()
    ]
    print_table(console, ("figure", "what it shows"), rows, fold=("what it shows",))


def print_formats(console: Console, formats: Mapping[str, str]) -> None:
    """Print the name of every format of another tool, and what it is."""
    print_table(
        console, ("format", "what it is"), list(formats.items()), fold=("what it is",)
    )


def show_registration(console: Console, found: Registration, out: Path | None) -> None:
    """Print the page of a study's plan as it is, or write it to a file."""
    page = registration_page(found)
    if out is None:
        console.print(page, markup=False, highlight=False, soft_wrap=True)
    else:
        write_text(out, page + "\n")
        console.print(f"Page: {out}", soft_wrap=True)


def print_probe(console: Console, found: Probe) -> None:
    """Print what each program was seen to take, and what is left."""
    headings = ("program", "compile", "set-up", "per run", "runs left")
    rows = [
        (
            group.name,
            f"{group.compile_s:.1f} s",
            f"{group.setup_s:.1f} s",
            f"{1e3 * group.run_s:.3g} ms",
            str(group.runs_left),
        )
        for group in found.groups
    ]
    print_table(console, headings, rows, fold=headings)
    print_text(console, "terminal.probed", found=found)


def print_tuning(console: Console, found: Tuning, file: Path) -> None:
    """Print what each program took with several runs mapped together."""
    sizes = [f"{num} at a time" for num in found.options]
    rows = [
        (group.name, str(group.runs), *(f"{1e3 * s:.3g} ms" for s in group.run_s))
        for group in found.groups
    ]
    rows.append(("all runs, one worker", "", *map(rough_time, found.study_s)))
    print_table(console, ("program", "runs", *sizes), rows, right=sizes)
    print_text(console, "terminal.tuned", found=found, file=file, soft_wrap=True)


def print_confirmations(console: Console, found: Sequence[Confirmation]) -> None:
    """Print what was found of each task, what was found again, and what was gone."""
    numbers = (f"{RHO} when chosen", f"{RHO} again [95 %]", "shrinkage of log")
    rows = [
        (
            one.task,
            one.label,
            ratio_text(one.first),
            ratio_text(one.again),
            "-" if math.isnan(one.shrinkage_frac) else f"{one.shrinkage_frac:.0%}",
        )
        for one in found
    ]
    if rows:
        print_table(
            console,
            ("task", "condition", *numbers),
            rows,
            "Winners on fresh seeds",
            fold=("condition",),
            right=numbers,
        )
    seeds = ", ".join(sorted({f"{c.seed} ({c.replicates} replicates)" for c in found}))
    print_text(console, "terminal.confirmed", seeds=seeds)


def print_comparison(console: Console, found: Comparison, one: str, other: str) -> None:
    """Print what two studies, by their names, set differently, and what that did."""
    told: dict[str, Any] = {"found": found, "one": one, "other": other}
    print_text(console, "terminal.compared", soft_wrap=True, **told)
    if found.settings:
        settings = [
            (name, *("-" if value is None else str(value) for value in pair))
            for name, pair in found.settings.items()
        ]
        table = Table(("setting", *_ORDER), settings, "What was set differently")
        console.print(to_grid(table, fold=table.headings, box=box.SIMPLE_HEAD))
    if found.shared:
        _print_shared(console, found)
    print_text(console, "terminal.unshared", **told)


def _print_shared(console: Console, found: Comparison) -> None:
    """Print rho and M* of the conditions that both studies have."""
    from hitl_sim.analysis.chance.interval import (  # noqa: PLC0415 - is slow
        MIN_REPLICATES,
    )

    numbers = [f"{RHO}, {name}" for name in _ORDER]
    numbers += ["second over first [95 %]", *(f"M*, {name}" for name in _ORDER)]
    rows = [
        (
            versus.words,
            *(ratio_text(finding.ratio) for finding in (versus.one, versus.other)),
            f"{digits(versus.value)} {span(versus.low, versus.high)}",
            *(
                break_even_text(finding.at("joules")) if finding.role == "arm" else ""
                for finding in (versus.one, versus.other)
            ),
        )
        for versus in found.shared
    ]
    kinds = ["apart" if versus.is_told_apart else "" for versus in found.shared]
    table = Table(("condition", *numbers), rows, f"{RHO} and M* in energy", kinds)
    console.print(
        to_grid(table, fold=("condition",), right=numbers, box=box.SIMPLE_HEAD)
    )
    paired = [versus for versus in found.shared if versus.num_paired]
    saved = [v.variance_saved_frac for v in paired if v.variance_saved_frac is not None]
    print_text(
        console,
        "terminal.pairing",
        soft_wrap=True,
        found=found,
        least=MIN_REPLICATES,
        paired=len(paired),
        num=_range(sorted(versus.num_paired for versus in paired)),
        saved=_range([f"{100 * share:.0f} %" for share in sorted(saved)]),
    )
    print_text(console, "terminal.apart", apart=kinds.count("apart"), num=len(kinds))


def print_rectified(
    console: Console, found: pa.Table, outcomes: Sequence[str] | None = None
) -> None:
    """Print means with real people, by both kinds of runs and by real ones alone.

    Raises:
        ValueError: an outcome is asked for that no run has.
    """
    known = list(dict.fromkeys(found["outcome"].to_pylist()))
    for name in outcomes or ():
        if name not in known:
            raise ValueError(f"`outcome` must be {one_of(known)}, got {name!r}.")
    rows = [
        (
            f"{row['task']}: {row['arm']}{_swept(row['settings'])}",
            row["outcome"],
            *(_bounded(row, name) for name in ("rectified", "real")),
            f"{row['simulated']:.4g}",
            "-" if row["correlation"] is None else f"{row['correlation']:.2f}",
            f"{row['effective_runs']:.0f}",
        )
        for row in found.to_pylist()
        if row["outcome"] in (outcomes or _MAIN)
    ]
    numbers = ("with both", "real alone", "simulated", "r", "worth")
    headings = ("condition", "outcome", *numbers)
    title = "Means with real people [95 %]"
    print_table(console, headings, rows, title, fold=headings, right=numbers)
    runs = found.select(["real_runs", "simulated_runs"]).to_pylist()[0]
    print_text(console, "terminal.rectified", runs=runs)


def _swept(settings: str) -> str:
    told = ", ".join(f"{k} {plain_value(v)}" for k, v in json.loads(settings).items())
    return f" ({told})" if told else ""


def _bounded(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    ends = "same in all runs" if low is None else f"{low:.4g}, {high:.4g}"
    return f"{row[name]:.4g} [{ends}]"


def _range(ordered: Sequence[object]) -> str:
    """Write the ends of what is in order, once if they are the same."""
    ends = (str(ordered[end]) for end in (0, -1) if ordered)
    return " to ".join(dict.fromkeys(ends))
