"""A results folder as it stands: named records and the manifest, wherever it lies.

A run leaves, before its first record, all that reading needs: `runs.parquet` names all
runs of the study, `manifest.json` holds its resolved tables, the device's numbers and
what its populations are. So a folder moved alone can be read without the study's file,
its data or its parts, and nothing here loads them: no command that reads loads a spec
or jax.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hitl_sim.cost import Prices
from hitl_sim.cost.price import read_prices
from hitl_sim.energy import DeviceProfile, load_profile
from hitl_sim.record import RecordError
from hitl_sim.study.store import (
    join_labels,
    read_made,
    read_records,
    records_folder,
    write_json,
    write_table,
)

RUNS = "runs.parquet"
"""One row per run of the study, in its order: key, names, and a column per axis."""
MANIFEST = "manifest.json"
RESULTS = "results.parquet"
SESSION = "session.json"
"""What a folder is of, where a loop of one's own made it and no study file."""
LIVE = "live.json"
"""What a folder is of, where real people answer what a study asks."""


class StudyFolder(NamedTuple):
    """What a results folder holds of its study.

    Attributes:
        records: one row per finished run: names, swept values, and the record.
        manifest: resolved tables by name; see `read_manifest`.
    """

    records: pa.Table
    manifest: dict[str, Any]

    @property
    def prices(self) -> Prices:
        """Return what the study pays.

        Raises:
            RecordError: the manifest's prices are none.
        """
        try:
            prices = read_prices(self.manifest["study"]["prices"])
        except (KeyError, ValueError) as error:
            raise RecordError(
                f"`study.prices` in {MANIFEST} must be prices, got: {error}."
            ) from error
        return prices

    def profile(self, device: str | None = None) -> DeviceProfile:
        """Return the device that the study is billed on, or another.

        Args:
            device: name or path of a profile; the study's own when left out, with the
                numbers that it had when the study was last run.

        Raises:
            ValueError: no such device profile.
            RecordError: the manifest's own is none.
        """
        if device is not None:
            return load_profile(device)
        if "profile" not in self.manifest:
            return load_profile(self.manifest["study"]["device"])
        try:
            return msgspec.convert(self.manifest["profile"], DeviceProfile)
        except msgspec.ValidationError as error:
            raise RecordError(
                f"`profile` in {MANIFEST} must be a device profile, got: {error}."
            ) from error


def write_runs(out: Path, runs: pa.Table, manifest: Mapping[str, Any]) -> None:
    """Keep what names a study's runs, and its resolved tables.

    Args:
        out: results folder.
        runs: one row per run, in the study's order: key and `LABEL_SCHEMA` first.
        manifest: as `read_manifest` returns it, but for what workers count.
    """
    write_table(out / RUNS, runs)
    found = {**with_counted(out, manifest), **_kept_use(out, manifest)}
    # in the order of the study, for the report shows its tables
    write_json(out / MANIFEST, found, is_sorted=False)


def _kept_use(out: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What networks do in use, where the folder held it of the same programs."""
    with contextlib.suppress(OSError, json.JSONDecodeError):
        before = json.loads((out / MANIFEST).read_text())
        if before.get("groups") == manifest["groups"] and "use" in before:
            return {"use": before["use"]}
    return {}


def write_results(out: Path, use: Mapping[str, Any] | None = None) -> None:
    """Write `results.parquet`, and into the manifest what workers counted.

    Args:
        out: results folder whose runs were written.
        use: what networks do in use, to be kept in the manifest; see `study.use`.

    Raises:
        RecordError: groups of the folder were run in different environments.
    """
    records, manifest = read_folder(out)
    write_table(out / RESULTS, records)
    kept = {"use": dict(use)} if use else {}
    write_json(out / MANIFEST, {**manifest, **kept}, is_sorted=False)


def read_folder(out: Path) -> StudyFolder:
    """Read a finished or interrupted study, from its folder alone.

    Raises:
        RecordError: the folder holds none, one of another schema, or records of two
            environments; or a file of it is damaged.
    """
    manifest = read_manifest(out)
    is_whole = (out / RUNS).exists() and records_folder(out).exists()
    if not is_whole and (out / RESULTS).exists():
        return StudyFolder(_read_table(out / RESULTS), manifest)
    runs = read_runs(out)
    return StudyFolder(join_labels(read_records(out), runs), manifest)


def read_manifest(out: Path) -> dict[str, Any]:
    """Read a study's resolved tables.

    Returns:
        By name: `study`, its tables as they were run; `profile`, the device's numbers;
        `tasks` and `populations`, what they hold; `groups`, names of its programs;
        `units`, what each unit of work does, and `environment`, both as workers found
        them so far; `made_by`, the code of the last call that ran the study; `use`,
        what networks do in use, where it was counted; `stopping`, how many replicates
        a rule led to.

    Raises:
        RecordError: the folder holds none, or groups of different environments.
    """
    manifest: dict[str, Any] = read_made(out, MANIFEST)
    return with_counted(out, manifest)


def with_counted(out: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Add to a study's tables what workers found of its programs so far.

    Raises:
        RecordError: groups of the folder were run in different environments.
    """
    return {**manifest, **_counted(out, manifest)}


def read_runs(out: Path, columns: list[str] | None = None) -> pa.Table:
    """Read the names of a study's runs, or some, in its order; finished or not.

    Raises:
        RecordError: they cannot be read.
    """
    if not (out / RUNS).exists():
        raise RecordError(
            f"{str(out)!r} must hold {RUNS}, got none: an earlier version of hitl_sim "
            "made it. `hitl-sim run` of its study writes that file."
        )
    return _read_table(out / RUNS, columns)


def read_keys(path: Path) -> set[str]:
    """Keys of the runs in a table of records; none where there is no such file.

    Raises:
        RecordError: it cannot be read.
    """
    if not path.exists():
        return set()
    return set(_read_table(path, ["key"]).column("key").to_pylist())


def _read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        # unlike `read_table` this loads neither datasets nor pandas
        with pq.ParquetFile(path) as file:
            return file.read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{str(path)!r} cannot be read ({error}).") from error


def _counted(out: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What workers found of a study's programs; what the manifest has where none is."""
    groups = read_groups(out, manifest.get("groups"))
    if not groups:
        return {name: manifest.get(name, {}) for name in ("environment", "units")}
    return {
        "environment": environment_of(groups, out),
        "units": merge_units(groups.values()),
    }


def read_groups(out: Path, wanted: Iterable[str] | None) -> dict[str, Any]:
    """Read what a folder knows of a study's programs."""
    names = set(wanted or ())
    return {
        path.stem: json.loads(path.read_text())
        for path in sorted((out / "groups").glob("*.json"))
        if path.stem in names
    }


def environment_of(groups: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return what all programs were run in; empty where there is none yet.

    Raises:
        RecordError: they were run in different environments.
    """
    environments = {
        json.dumps(group["environment"], sort_keys=True) for group in groups.values()
    }
    if len(environments) > 1:
        raise RecordError(
            f"Records in {str(out)!r} must come from one environment, got "
            f"{len(environments)}: {sorted(environments)}. Run into another folder."
        )
    found: dict[str, Any] = json.loads(environments.pop()) if environments else {}
    return found


def merge_units(groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Gather the units of work of a study's programs, each name once.

    Raises:
        RecordError: two programs call different work by one name, so that one of them
            would be billed as the other.
    """
    found: dict[str, Any] = {}
    for group in groups:
        for name, unit in group["units"].items():
            if found.setdefault(name, unit) != unit:
                raise RecordError(
                    f"The unit {name!r} must be one program, got two that differ. Run "
                    "into another folder."
                )
    return found
