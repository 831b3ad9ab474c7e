"""The analysis plan: what was fixed before the runs, and what was changed after them.

A study's plan is written and hashed before its first record. Later plans are added to
it and never take its place, so that a report can say which of its choices were made
after results could have been seen (Nosek et al. 2018, The preregistration revolution,
PNAS 115(11), 2600-2606).
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.analysis.condition.finding import PlanChange
from hitl_sim.output import write_bytes
from hitl_sim.record import RecordError
from hitl_sim.study.store import write_json

FIELDS = (
    "seed",
    "replicates",
    "smallest_effect",
    "target",
    "arm",
    "axis",
    "draw",
    "exclude",
    "tune",
    "prices.label_cost",
    "prices.boundary",
    "prices.waiting",
)
"""Fields of a study that its plan fixes, dotted as in its file; a table is whole."""
_NAMED_BY = {"arm": "name", "axis": "field"}
"""Lists of tables, and what tells their tables apart."""
PLANS = "analysis_plan.json"
STUDY = "study.json"
_HASH_DIGITS = 16


class PlanVersion(msgspec.Struct, frozen=True):
    """A plan as a results folder keeps it.

    Attributes:
        fields: values of `FIELDS`, None where the study has no such field.
        records: finished records that there were when it came; None where an earlier
            version of hitl_sim kept no plan.
        date: when that was, UTC; None likewise. No other file holds it.
    """

    fields: Mapping[str, Any]
    records: int | None = None
    date: str | None = None

    @property
    def hash(self) -> str:
        """Hash of the fields by their canonical JSON."""
        return hash_plan(self.fields)


def planned_fields(study: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a study's plain tables what its plan fixes."""
    found: dict[str, Any] = {}
    # before there was a choice, a waiting device was billed as held
    prices = {"waiting": "held", **study.get("prices", {})}
    study = {**study, "prices": prices}
    for field in FIELDS:
        value: Any = study
        for name in field.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        found[field] = value
    return found


def hash_plan(fields: Mapping[str, Any]) -> str:
    """Hash what `planned_fields` returns: 16 hexadecimal digits of SHA-256."""
    known = {name: value for name, value in fields.items() if value is not None}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def read_plans(out: Path) -> tuple[PlanVersion, ...]:
    """Read the plans of a results folder, the first one first.

    Returns:
        None of them where an earlier version of hitl_sim made the folder.

    Raises:
        RecordError: the file cannot be read.
    """
    path = out / PLANS
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[PlanVersion, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        raise RecordError(f"{str(path)!r} cannot be read ({error}).") from error


def lock_plan(out: Path, study: Mapping[str, Any], num_records: int) -> None:
    """Add a study's plan to those that its results folder keeps, if it is another.

    Args:
        out: results folder.
        study: plain tables of the study that is about to be run.
        num_records: finished records that the folder holds.

    Raises:
        RecordError: the plans that are there cannot be read.
    """
    plans = read_plans(out)
    if not plans and num_records and (before := _read_study(out)) is not None:
        plans = (PlanVersion(planned_fields(before)),)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new = PlanVersion(planned_fields(study), num_records, now)
    if not plans or plans[-1].hash != new.hash:
        plans = (*plans, new)
    tables = [{"hash": plan.hash, **msgspec.to_builtins(plan)} for plan in plans]
    if tables:
        write_json(out / PLANS, tables, is_sorted=False)


def _read_study(out: Path) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = json.loads((out / STUDY).read_bytes())
    except (OSError, json.JSONDecodeError):
        return None
    return found


def write_study(out: Path, study: Mapping[str, Any]) -> Path | None:
    """Write `study.json`; another one that is there is kept beside it.

    Args:
        out: results folder.
        study: plain tables.

    Returns:
        Where the earlier one is now, `study-1.json` and so on; None where there was
        none, or the same.
    """
    path, before = out / STUDY, _read_study(out)
    kept = None
    if before is not None and before != json.loads(json.dumps(study)):
        kept = _place_for(out, before)
        write_bytes(kept, path.read_bytes())
    write_json(path, study)
    return kept


def _place_for(out: Path, study: Mapping[str, Any]) -> Path:
    """Return the first `study-N.json` that is free, or holds the same."""
    number = 1
    while (path := out / f"study-{number}.json").exists():
        if json.loads(path.read_bytes()) == study:
            break
        number += 1
    return path


def changed_after_runs(plans: Sequence[PlanVersion]) -> tuple[PlanChange, ...]:
    """Say what differs between the plan before the first record and the later ones.

    Args:
        plans: of a folder, the first one first.

    Returns:
        One change per field. A field that only one version of hitl_sim knows, in a
        table that both have, is left out.
    """
    later = [i for i, plan in enumerate(plans) if i and plan.records]
    if not later:
        return ()
    seen = plans[later[0] - 1 :]
    tables = {f for f in FIELDS if all(_is_table(plan.fields.get(f)) for plan in seen)}
    flat = [dict(_flatten(plan.fields, tables)) for plan in seen]
    changes = []
    for path in dict.fromkeys(path for one in flat for path in one):
        texts: list[str] = []
        records = 0
        for plan, one in zip(seen, flat, strict=True):
            value = one.get(path, "none" if len(path) <= 1 + _is_list(path) else None)
            if value is None or (texts and value == texts[-1]):
                continue
            texts.append(value)
            if len(texts) == 2:
                records = plan.records or 0
        if len(texts) > 1:
            changes.append(PlanChange(".".join(path), tuple(texts), records))
    return tuple(changes)


_Path = tuple[str, ...]


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(path: _Path) -> bool:
    return path[0] in _NAMED_BY


def _flatten(
    fields: Mapping[str, Any], tables: Collection[str]
) -> Iterator[tuple[_Path, str]]:
    """Yield values with their paths; tables of a list are told by what names them."""
    for field, value in fields.items():
        if field in _NAMED_BY:
            for table in value or ():
                yield from _named_table((field, table[_NAMED_BY[field]]), table)
        elif field in tables:
            yield from _leaves((field,), value)
        else:
            yield (field,), _text(value)


def _named_table(path: _Path, table: Mapping[str, Any]) -> Iterator[tuple[_Path, str]]:
    yield path, str(table.get("kind", "swept"))
    for name, value in table.items():
        if name not in (_NAMED_BY[path[0]], "kind"):
            yield from _leaves((*path, name), value)


def _leaves(path: _Path, value: Any) -> Iterator[tuple[_Path, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    """Write a value of a study as its reader would."""
    if value is None or value in ([], {}, ()):
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return f"[{'; '.join(map(_text, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
