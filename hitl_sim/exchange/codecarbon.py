"""Every run's device energy as a row of CodeCarbon's `emissions.csv`.

CodeCarbon knows a device and its grid and no people. So a row is the device's work on
one run, cooling and power delivery included as its `pue` does; what people take is in
`bill.parquet`. The energy is not split into processor, board and memory, for a device
profile is of one scope: those columns stay empty, and `tracking_mode` says how the
joules are known.

References:
    Courty et al. (2024), CodeCarbon: estimate and track carbon emissions from machine
    learning computing; columns of its file output, version 3.3.
"""

import csv
import io
import math
from collections.abc import Iterator

from hitl_sim.analysis.condition.finding import Finding, TaskResult
from hitl_sim.exchange.finished import Finished
from hitl_sim.unit import J_PER_KWH

COLUMNS = (
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
)
"""Columns of the file, in its order."""


def write_codecarbon(study: Finished) -> str:
    """Write `emissions.csv`: duration in s, energy in kWh, emissions in kgCO2e."""
    told = io.StringIO()
    writer = csv.DictWriter(told, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for task, finding in study.findings():
        writer.writerows(_rows(study, task, finding))
    return told.getvalue()


def _rows(
    study: Finished, task: TaskResult, finding: Finding
) -> Iterator[dict[str, str]]:
    """Yield one row per run, in order of replicate."""
    table, prices = study.result.pricing.table, study.result.prices
    amounts = finding.amounts
    seconds, joules, carbon = (
        amounts.priced(price[:, 0]).spent
        for price in (
            table.device_s,
            table.training["joules"],
            table.training["kgco2e"],
        )
    )
    environment = study.manifest.get("environment", {})
    pue, region = study.result.pricing.rates.pue.value, prices.grid_region or ""
    country, _, state = region.partition("-")
    shared = {
        "project_name": f"{study.name}: {task.label}",
        "experiment_id": finding.label,
        "country_iso_code": "" if country == "WORLD" else country,
        "region": state,
        "python_version": str(environment.get("python", "")),
        "tracking_mode": finding.joules.quantity.kind.words,
        "pue": _number(pue if isinstance(pue, float) else math.nan),
    }
    numbers = zip(seconds, joules / J_PER_KWH, carbon, strict=True)
    for replicate, (s, kwh, kg) in zip(finding.replicate, numbers, strict=True):
        yield shared | {
            "run_id": f"{finding.condition}-{int(replicate)}",
            "duration": _number(s),
            "emissions": _number(kg),
            "emissions_rate": _number(kg / s if s > 0.0 else math.nan),
            "energy_consumed": _number(kwh),
        }


def _number(value: float) -> str:
    """Write a number; what is unknown is empty."""
    return repr(float(value)) if math.isfinite(value) else ""
