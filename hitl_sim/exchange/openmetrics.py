"""Every condition's numbers as OpenMetrics text, which Prometheus and its like read.

Each number comes with the ends of its 95 % interval, as samples of its own, and with
its kind as a label. What is unknown has no sample.

References:
    OpenMetrics 1.0 (2020), sections "Text format" and "Metric types".
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding
from hitl_sim.cost import MEASURES
from hitl_sim.energy import Quantity
from hitl_sim.exchange.finished import Finished

_PREFIX = "hitl_sim"


class _Sample(NamedTuple):
    """One number of a condition, `bound` is empty for the value itself."""

    family: str
    value: float
    bound: str
    kind: str


_FAMILIES: Mapping[str, tuple[str, str]] = {
    "runs": ("", "Runs of the condition."),
    "reached_runs": ("", "Runs that reached the target."),
    "energy_ratio": (
        "ratio",
        "Joules of training to the target beside the control's.",
    ),
    "device_joules": ("joules", "Joules of the device on training, per success."),
    "human_seconds": ("seconds", "Seconds that people are paid for, per success."),
    "bill_joules": (
        "joules",
        "Joules of the whole bill, people included, per success.",
    ),
    "bill_usd": ("usd", "Money of the whole bill, per success."),
    "bill_kgco2e": ("kgco2e", "Emissions of the whole bill, per success."),
    "test_accuracy_ratio": ("ratio", "Test accuracy where runs stopped."),
}
"""Metric families with their unit, which their name ends in, and what they are."""


def write_openmetrics(study: Finished) -> str:
    """Write all conditions as gauges; the last line is `# EOF`."""
    samples: dict[str, list[str]] = {name: [] for name in _FAMILIES}
    for task, finding in study.findings():
        labels = {
            "study": study.name,
            "task": task.label,
            "condition": finding.label,
            "role": finding.role,
        }
        for one in _samples(finding):
            own = {"bound": one.bound, "kind": one.kind}
            told = labels | {name: text for name, text in own.items() if text}
            inside = ",".join(f'{name}="{_escaped(v)}"' for name, v in told.items())
            line = f"{_PREFIX}_{one.family}{{{inside}}} {_number(one.value)}"
            samples[one.family].append(line)
    lines = []
    for name, (unit, words) in _FAMILIES.items():
        lines.append(f"# TYPE {_PREFIX}_{name} gauge")
        if unit and name.endswith(unit):
            lines.append(f"# UNIT {_PREFIX}_{name} {unit}")
        lines += [f"# HELP {_PREFIX}_{name} {words}", *samples[name]]
    return "\n".join([*lines, "# EOF", ""])


def _samples(finding: Finding) -> Iterator[_Sample]:
    yield _Sample("runs", finding.num_runs, "", "")
    yield _Sample("reached_runs", finding.reach.hits, "", "")
    yield from _estimate("energy_ratio", finding.ratio)
    yield from _estimate("device_joules", finding.joules)
    paid = finding.usage.seconds("paid_s")
    yield from _quantity("human_seconds", paid)
    for measure in MEASURES:
        yield from _quantity(f"bill_{measure}", finding.ledger.total(measure))
    yield from _estimate("test_accuracy_ratio", finding.test_accuracy)


def _estimate(family: str, estimate: Estimate) -> Iterator[_Sample]:
    ends = {"": estimate.value, "low": estimate.low, "high": estimate.high}
    kind = estimate.quantity.kind.words
    for bound, value in ends.items():
        if not math.isnan(value):
            yield _Sample(family, value, bound, kind)


def _quantity(family: str, quantity: Quantity) -> Iterator[_Sample]:
    if not quantity.is_known or quantity.value is None:
        return
    low, high = quantity.interval or (None, None)
    for bound, end in (("", quantity.value), ("low", low), ("high", high)):
        if end is not None:
            yield _Sample(family, float(np.asarray(end)), bound, quantity.kind.words)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0.0 else "-Inf"
    return repr(float(value))
