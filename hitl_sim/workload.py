"""Trainings that are described: `bill("workload.toml")` says what one takes.

Nothing is run, no data are read and no weights are made.
"""

from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.cost.described import ROOFLINE, Workload, WorkloadBill, bill_of
from hitl_sim.cost.estimate import (
    Estimate,
    Training,
    default_precision,
    estimate,
)
from hitl_sim.cost.footprint import Site
from hitl_sim.energy import DeviceProfile, load_profile
from hitl_sim.energy.workload import Counted
from hitl_sim.energy.workload.describe import (
    WHOLE,
    NamedModel,
    NetworkModel,
    TransformerModel,
    read_model,
)
from hitl_sim.part_source import Source, load_function
from hitl_sim.read_table import TableError, read_table, read_toml

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
    return convert(read_toml(path, "Workload file"), path.parent)


def convert(raw: dict[str, Any], folder: Path = Path()) -> Workload:
    """Turn plain tables into a workload; see `load`.

    Args:
        raw: the tables.
        folder: that relative paths in them are read from.
    """
    model = read_model(raw["model"]) if "model" in raw else None
    if isinstance(model, NetworkModel):
        source = Source.of(model.source).under(folder)
        model = msgspec.structs.replace(model, source=str(source))
    if model is not None:
        raw = {**raw, "model": model}
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
    profile = _profile(workload)
    return bill_of(workload, _counted(workload), profile)


def _counted(workload: Workload) -> Counted:
    """Count a workload's network, by its program where traffic and kernels matter.

    Code of one's own is loaded for that, and run.
    """
    model, training = workload.model, workload.training
    shown = model.model if isinstance(model, NamedModel) else model
    is_roofline = workload.device.utilisation == ROOFLINE
    is_program = isinstance(shown, NetworkModel | TransformerModel)
    if is_roofline and is_program and training.batch is None:
        raise ValueError(
            "`training.batch` must be given where `device.utilisation` is"
            f" '{ROOFLINE}', for traffic and kernels are those of a step, got none."
        )
    if isinstance(shown, NetworkModel):
        if is_roofline and training.precision is not None:
            raise ValueError(
                "`training.precision` must be left out for a module whose own data"
                f" types are counted, got {training.precision!r}."
            )
        from hitl_sim.module_count import count_module  # noqa: PLC0415 - loads jax

        build = load_function(Source.of(shown.source))
        return count_module(build, shown, training.batch or 1)
    if is_roofline and isinstance(shown, TransformerModel):
        from hitl_sim.module_count import count_transformer  # noqa: PLC0415 - loads jax

        precision = training.precision or default_precision(_profile(workload))
        return count_transformer(shown.shape, training.batch or 1, precision)
    return shown.counted()


def _profile(workload: Workload) -> DeviceProfile:
    try:
        return load_profile(workload.device.name)
    except ValueError as error:
        raise TableError(str(error).replace("`device`", "`device.name`")) from error
