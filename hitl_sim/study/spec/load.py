"""Reading a study file: its smoke form, and the paths it names."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.cost import read_carbon
from hitl_sim.part import PartError
from hitl_sim.part_source import Source, describe_code
from hitl_sim.read_table import TableError, read_toml
from hitl_sim.schema import Scalar
from hitl_sim.study.spec.base import SpecError, in_study
from hitl_sim.study.spec.check import convert
from hitl_sim.study.spec.part import with_offered
from hitl_sim.study.spec.study import StudySpec, listed


def load_spec(
    path: Path,
    *,
    is_smoke: bool = False,
    on_code: Callable[[str], None] = lambda _: None,
) -> StudySpec:
    """Read and validate a study file.

    Parts that it brings are loaded, which executes their code.

    Args:
        path: the file.
        on_code: called before, with one line that names that code, where there is any.
        is_smoke: whether its table `smoke` is laid over the study: tables of it are
            merged, anything else in it stands in the place of the study's own.

    Raises:
        SpecError: the file is missing, is no TOML, has no table `smoke` although it is
            asked for, or does not pass `validate`.
    """
    try:
        raw = read_toml(path, "Study file")
    except TableError as error:
        raise SpecError(str(error)) from error
    smoke = raw.pop("smoke", None)
    if words := _code_of(raw, path.parent):
        on_code(words)
    whole = _located(raw, path.parent)
    if not is_smoke and smoke is None:
        return whole
    if not isinstance(smoke, Mapping):
        raise SpecError(
            "`smoke` must be a table of what a quick form of this study changes, got "
            f"{smoke!r}."
        )
    # checked in any case: a smoke form that is wrong should not wait to be asked for
    small = _located(_overlaid(raw, smoke), path.parent)
    return small if is_smoke else whole


def _overlaid(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables; what is no table stands in the place of what it meets."""
    merged = dict(base)
    for name, value in top.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = _overlaid(below, value)
        else:
            merged[name] = value
    return merged


def _located(raw: Mapping[str, Any], folder: Path) -> StudySpec:
    """Validate, reading relative paths of all files from the study file's folder."""
    spec = convert({**raw, **_located_parts(raw, folder)})
    tasks = {
        name: msgspec.structs.replace(
            task,
            source=_resolve(task.source, folder),
            validation_by=_resolve(task.validation_by, folder),
        )
        for name, task in spec.task.items()
    }
    named = spec.crowd.recording
    crowd = msgspec.structs.replace(
        spec.crowd,
        population=_resolve(spec.crowd.population, folder),
        recording=None if named is None else _resolve(named, folder),
    )
    machines = {
        name: msgspec.structs.replace(machine, model=_resolve(machine.model, folder))
        for name, machine in spec.machine.items()
    }
    axes = tuple(
        msgspec.structs.replace(axis, values=_resolved(axis.values, folder))
        if _is_file(axis.field) and axis.values is not None
        else axis
        for axis in spec.axis
    )
    exclude = tuple(
        {
            field: _excluded(value, folder) if _is_file(field) else value
            for field, value in table.items()
        }
        for table in spec.exclude
    )
    with in_study():
        prices = read_carbon(spec.prices, folder)
    return msgspec.structs.replace(
        spec,
        prices=prices,
        task=tasks,
        device=_resolve(spec.device, folder),
        crowd=crowd,
        machine=machines,
        axis=axes,
        exclude=exclude,
    )


def _located_parts(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Read the paths of part files, which are loaded while a study is validated."""
    tables = raw.get("part")
    if not isinstance(tables, Mapping):
        return {}
    return {"part": {name: _located_part(t, folder) for name, t in tables.items()}}


def _code_of(raw: Mapping[str, Any], folder: Path) -> str:
    """Say which code a study's parts would execute, as far as they are well formed."""
    parts = with_offered({**raw, **_located_parts(raw, folder)}).get("part", {})
    tables = parts.values() if isinstance(parts, Mapping) else ()
    sources = [t["source"] for t in tables if isinstance(t, Mapping) and "source" in t]
    try:
        return describe_code(source for source in sources if isinstance(source, str))
    except PartError:
        # validation says what is wrong, and of which part
        return ""


def _located_part(table: Any, folder: Path) -> Any:
    source = table.get("source") if isinstance(table, Mapping) else None
    if not isinstance(source, str):
        return table
    plain = {name: value for name, value in table.items() if name not in _PLANNED}
    # validation says what is wrong with a source, and of which part
    with suppress(PartError):
        plain["source"] = str(Source.of(source).under(folder))
    return plain


_PLANNED = ("identity", "options", "required", "params")
"""What planning writes down of a part: a study file cannot say it."""


def _excluded(
    value: Scalar | tuple[Scalar, ...], folder: Path
) -> Scalar | tuple[Scalar, ...]:
    found = _resolved(listed(value), folder)
    return found if isinstance(value, tuple) else found[0]


_FILES = ("crowd.population", "crowd.recording", "task.validation_by")
"""Fields that may hold paths, swept ones too, beside a machine's `model`."""


def _is_file(field: str) -> bool:
    is_model = field.startswith("machine.") and field.endswith(".model")
    return field in _FILES or is_model


def _resolved(values: tuple[Scalar, ...], folder: Path) -> tuple[Scalar, ...]:
    return tuple(_resolve(v, folder) if isinstance(v, str) else v for v in values)


def _resolve(name: str, folder: Path) -> str:
    is_path = Path(name).suffix != "" or "/" in name or os.sep in name
    return str((folder / name).resolve()) if is_path else name
