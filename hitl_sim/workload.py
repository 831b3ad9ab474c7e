"""Trainings that are described: `bill("workload.toml")` says what one takes.

Nothing is run, no data are read and no weights are made.
"""

import tomllib
from pathlib import Path
from typing import Any

from hitl_sim.cost.described import Workload, WorkloadBill, bill_of
from hitl_sim.cost.estimate import Estimate, Training, estimate
from hitl_sim.cost.footprint import Site
from hitl_sim.energy import load_profile
from hitl_sim.energy.workload.describe import WHOLE, read_model
from hitl_sim.read_table import TableError, read_table

__all__ = [
    "Estimate",
    "Site",
    "Training",
    "Workload",
    "WorkloadBill",
    "bill",
    "convert",
    "estimate",
    "load",
]

_REQUIRED = {
    "name": "what the workload is called.",
    "model": "a table that says what network it is.",
    "data": "a table that says how much it learns from.",
    "device": "a table that names a device profile; see `hitl-sim constants device`.",
}


def load(path: str | Path) -> Workload:
    """Read a workload from a TOML file.

    Raises:
        ValueError: the file cannot be read, is no TOML, or has a field that does not
            fit; the message names the field, what it must be and what it is.
    """
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TableError(
            f"Workload file must be readable, got {str(path)!r}: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(
            f"Workload file {str(path)!r} must be TOML: {error}."
        ) from error
    return convert(raw)


def convert(raw: dict[str, Any]) -> Workload:
    """Turn plain tables into a workload; see `load`."""
    if "model" in raw:
        raw = {**raw, "model": read_model(raw["model"])}
    return read_table(raw, Workload, whole=WHOLE, required=_REQUIRED)


def bill(workload: str | Path | Workload) -> WorkloadBill:
    """Bill a described training.

    Args:
        workload: its file, or what `load` and `convert` return.

    Raises:
        ValueError: see `load` and `bill_of`.
    """
    if not isinstance(workload, Workload):
        workload = load(workload)
    network = workload.model.counted()
    try:
        profile = load_profile(workload.device.name)
    except ValueError as error:
        raise TableError(str(error).replace("`device`", "`device.name`")) from error
    return bill_of(workload, network, profile)
