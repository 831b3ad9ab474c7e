"""Footprints of trainings and bills of described workloads, for the terminal."""

import math
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.condition.projection import Projection
from hitl_sim.cost import nearest_run
from hitl_sim.cost.described import Work, WorkloadBill
from hitl_sim.cost.estimate import Estimate
from hitl_sim.cost.footprint import EMBODIED, FACILITY, Entry, Footprint
from hitl_sim.energy import Quantity
from hitl_sim.energy.display import format_value
from hitl_sim.energy.error import plain
from hitl_sim.energy.workload import Counted
from hitl_sim.energy.workload.network import ATTENTION, OUTPUT
from hitl_sim.report.number import duration, kwh_text, percent
from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.terminal.show import print_indented, print_text
from hitl_sim.unit import J_PER_KWH, S_PER_H

_NONE = "-"
_WH_PER_KWH = 1e3
_ROUNDING = 1e-9
_HEADINGS = ("line", "energy", "carbon", "money")


def print_footprint(console: Console, found: Estimate) -> None:
    """Print what a training takes, line by line, beside Green Algorithms."""
    footprint = found.training
    hours = _cell(footprint.seconds.scaled(1 / S_PER_H, unit="device-hours"))
    print_text(
        console, "workload.trained", found=found, hours=hours, wall=number(found.wall_s)
    )
    console.print(to_grid(footprint_table(footprint), fold=_HEADINGS))
    _print_kinds(console, footprint)
    if found.answers is not None:
        answers = footprint_table(found.answers, "Answers in the model's life")
        console.print(to_grid(answers, fold=_HEADINGS))
    print_inputs(console, {**found.inputs, **footprint.inputs})
    print_text(
        console,
        "workload.closed_form",
        found=found,
        reference=found.green_algorithms,
        ours=number(footprint.joules),
        share=number(footprint.joules) / J_PER_KWH / found.green_algorithms.kwh,
        nearest=nearest_run(number(footprint.joules)),
        embodied=_embodied_share(footprint),
        soft_wrap=True,
    )


def _print_kinds(console: Console, footprint: Footprint) -> None:
    """Say of which kinds the energy of a footprint is."""
    shares = [
        f"{percent(round(share, 3))} {kind.words}"
        for kind, share in footprint.joules.shares().items()
    ]
    print_text(console, "workload.kinds", shares=shares)


def footprint_table(
    footprint: Footprint, title: str = "Training", others: Sequence[Entry] = ()
) -> Table:
    """Lay out the lines of a footprint and their sum."""
    entries = [*footprint.entries, *others]
    rows = [_row(_name(one, footprint), one) for one in entries]
    whole = Entry("all", footprint.joules, footprint.kgco2e, footprint.usd)
    classes = [*("" for _ in rows), "total"]
    return Table(_HEADINGS, [*rows, _row("all", whole)], title, classes)


def _row(name: str, entry: Entry) -> tuple[str, str, str, str]:
    joules = entry.joules
    energy = None if joules is None else joules.scaled(1 / S_PER_H, unit="Wh")
    return name, _cell(energy), _cell(entry.kgco2e), _cell(entry.usd)


def _name(entry: Entry, footprint: Footprint) -> str:
    if entry.name != FACILITY:
        return entry.name
    return f"{FACILITY} (PUE {number(footprint.pue):.3g})"


def _cell(quantity: Quantity | None) -> str:
    """Write a number and its interval; a sum that lacks something is a lower bound."""
    if quantity is None:
        return _NONE
    if quantity.value is None:
        return "unknown"
    ends = quantity.interval
    is_exact = ends is not None and ends[0] == ends[1]
    text = format_value(quantity.value, quantity.unit, None if is_exact else ends)
    return f"≥ {text}" if quantity.is_partial else text


def number(quantity: Quantity) -> float:
    """Return the one number of a quantity; NaN where it is unknown."""
    return float(plain(math.nan if quantity.value is None else quantity.value))


def _embodied_share(footprint: Footprint) -> float:
    """Return manufacture's share of the emissions; NaN where either is unknown."""
    made = next(e.kgco2e for e in footprint.entries if e.name == EMBODIED)
    if made is None or not footprint.kgco2e.is_known:
        return math.nan
    return number(made) / number(footprint.kgco2e)


def print_inputs(console: Console, inputs: Mapping[str, Quantity]) -> None:
    """Print the numbers that a bill rests on, each with kind and source."""
    console.print(Text("What it rests on", style="bold"))
    for name, one in inputs.items():
        value = "unknown" if one.value is None else f"{_cell(one)} ({one.kind.words})"
        print_indented(console, f"{name}: {value}. {one.reason or one.source}", None)


def print_bill(console: Console, bill: WorkloadBill) -> None:
    """Print the bill of a described training, from operations to money."""
    work, network = bill.described, bill.network
    print_text(
        console,
        "workload.described",
        bill=bill,
        count=bill.workload.device.count,
        wall=number(work.footprint.seconds) / bill.workload.device.count,
    )
    console.print(to_grid(_operations(bill), fold=("part",)))
    print_text(
        console,
        "workload.rule",
        network=network,
        is_sequence=network.tokens > 1 and ATTENTION in network.training,
        excess=100 * (network.over_6nd - 1.0),
        output=network.training.get(OUTPUT, 0.0) / network.training_flop,
        notes=bill.notes,
    )
    console.print(to_grid(_phases(work, network), fold=("phase",)))
    console.print(to_grid(footprint_table(work.footprint, "Bill"), fold=_HEADINGS))
    _print_kinds(console, work.footprint)
    if bill.answers is not None:
        answers = footprint_table(bill.answers, "Answers in the model's life")
        console.print(to_grid(answers, fold=_HEADINGS))
    _print_compared(console, bill)
    print_inputs(console, {**bill.inputs, **work.footprint.inputs})


def _operations(bill: WorkloadBill) -> Table:
    """Lay out the operations by part of the network, of all passes together."""
    parts: dict[str, float] = {}
    for phase in bill.described.phases:
        network = bill.network
        once = network.training if phase.step == "train" else network.forward
        for part, flop in once.items():
            parts[part] = parts.get(part, 0.0) + phase.passes * flop
    whole = sum(parts.values())
    rows = [
        (part, f"{flop:.3g} FLOP", percent(flop / whole))
        for part, flop in parts.items()
    ]
    rows.append(("all", f"{whole:.4g} FLOP", ""))
    classes = [*("" for _ in parts), "total"]
    return Table(("part", "operations", "share"), rows, "Operations", classes)


def _phases(work: Work, network: Counted) -> Table:
    rows = [
        (
            phase.name,
            f"{phase.calls:,}",
            f"{phase.passes:,.0f}",
            f"{phase.flop(network):.3g} FLOP",
            _cell(work.costs[phase.name].seconds.scaled(1 / S_PER_H, unit="h")),
            _cell(work.costs[phase.name].joules.scaled(1 / S_PER_H, unit="Wh")),
            work.costs[phase.name].joules.kind.words,
        )
        for phase in work.phases
    ]
    headings = (
        "phase",
        "times",
        "items",
        "operations",
        "device-hours",
        "devices",
        "kind",
    )
    return Table(headings, rows, "Phases")


def _print_compared(console: Console, bill: WorkloadBill) -> None:
    """Print what choosing takes, and what was published."""
    trainings = bill.workload.life.trainings
    whole = number(bill.whole.footprint.devices)
    if bill.chosen is not None:
        print_text(
            console,
            "workload.chosen",
            ratio=bill.over_whole,
            trainings=trainings,
            shared=bill.chosen.shared(trainings) / whole,
            soft_wrap=True,
        )
    ours, published = bill.published, bill.workload.published
    if ours is None or published is None or ours.interval is None:
        return
    low, high = (float(plain(end)) for end in ours.interval)
    print_text(
        console,
        "workload.published",
        published=published,
        ours=_cell(ours.scaled(_WH_PER_KWH, unit="Wh")),
        low=low,
        high=high,
        is_inside=low * (1 - _ROUNDING) <= published.kwh <= high * (1 + _ROUNDING),
        soft_wrap=True,
    )


def print_projection(
    console: Console, found: Sequence[Projection], workload: str
) -> None:
    """Print whether people would pay back at a described training, and if what holds.

    Args:
        console: where to print.
        found: of a study, task by task.
        workload: name of the training.
    """
    if not found:
        print_text(console, "answer.nobody")
        return
    first = found[0]
    print_text(
        console,
        "workload.onto",
        workload=workload,
        onto=_cell(first.onto.scaled(1 / S_PER_H, unit="Wh")),
        kind=first.onto.kind.words,
        partial=first.onto.reason,
    )
    for task in dict.fromkeys(one.task for one in found):
        own = [one for one in found if one.task == task]
        print_text(console, "workload.task", one=own[0])
        console.print(to_grid(_projected(own), fold=_PLACES, is_compact=True))
    print_text(console, "workload.assumed", found=found)


_PLACES = ("people in", "beside", "E*")
_PAYS = {
    Answer.YES: "yes",
    Answer.NO: "no",
    Answer.UNDETERMINED: "cannot be told",
    Answer.UNKNOWN: "unknown",
}


def _projected(own: Sequence[Projection]) -> Table:
    """Return one task's projections, a row per growth of hours."""
    rows: list[tuple[str, ...]] = []
    previous = None
    for one in own:
        is_new = (one.arm, one.size.against) != previous
        previous = one.arm, one.size.against
        hours = one.hours_there * S_PER_H
        rows.append(
            (
                one.arm if is_new else "",
                one.size.against if is_new else "",
                f"{one.beta:g}",
                duration(hours) if math.isfinite(hours) else "unknown",
                _break_even(one),
                _PAYS[one.pays],
            )
        )
    return Table((*_PLACES[:2], "power", "human time there", "E*", "pay back"), rows)


def _break_even(one: Projection) -> str:
    """Write E* and its ends; where it may be never, above what it would be."""
    if one.size.payback is Payback.UNKNOWN:
        return "unknown"
    found = one.break_even
    low, high = kwh_text(found.low), kwh_text(found.high)
    if one.size.payback is Payback.ALWAYS:
        return f"any size, perhaps from {high} on" if found.high > 0.0 else "any size"
    if math.isfinite(found.value):
        side = "up to " if one.size.payback is Payback.UP_TO else ""
        return f"{side}{kwh_text(found.value)} [{low} to {high}]"
    lead = "never" if math.isinf(found.value) else "perhaps never"
    return f"{lead}, else above {low}" if 0.0 < found.low < math.inf else lead
