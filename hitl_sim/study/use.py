"""What a study's networks do in use, counted in any batch; nothing is trained.

Where a study has an efficiency method or names a batch of queries, its run counts them
and keeps them in the manifest, so that reading needs neither the study nor its data.
Another batch is counted when it is asked for, where they are at hand.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitl_sim.cost.query import QUERY
from hitl_sim.record import RecordError
from hitl_sim.study.folder import read_manifest

if TYPE_CHECKING:
    from hitl_sim.study.grid import Condition
    from hitl_sim.study.spec import StudySpec

_CHILD = "hitl_sim.study.query"
Use = Mapping[str, Mapping[str, Any]]
"""By unit that looks at held-out items: `shape` and, in a batch, `query`."""


def find_use(spec: "StudySpec", conditions: "Iterable[Condition]", out: Path) -> Use:
    """Count what reading a study will ask of its networks in use.

    Args:
        spec: the study.
        conditions: its conditions.
        out: its results folder; what its manifest holds already is not counted again.

    Returns:
        By batch, as text; empty where nothing will be asked.
    """
    batch = spec.prices.query_batch
    if batch is None and not any(arm.method for arm in spec.arm):
        return {}
    known: dict[str, Any] = read_manifest(out).get("use", {})
    if str(batch) in known:
        return known
    return known | {str(batch): count_use(conditions, batch)}


def count_use(conditions: "Iterable[Condition]", batch: int | None) -> Use:
    """Trace the networks in use of a study's programs, in a worker.

    Args:
        conditions: of the study.
        batch: queries that one call answers; None leaves a query what an item of the
            validation set took, and finds the controls' sizes alone.

    Raises:
        ValueError: the batch is below 1.
    """
    from hitl_sim.study.executor import LocalExecutor  # noqa: PLC0415 - not to read

    if batch is not None and batch < 1:
        raise ValueError(f"`query_batch` must be >= 1, got {batch}.")
    asked = [c for c in conditions if batch is not None or c.role == "control"]
    with LocalExecutor(1) as executor:
        found: Use = executor.submit(_CHILD, "count_queries", asked, batch).result()
    return found


def with_use(
    manifest: Mapping[str, Any],
    batch: int | None,
    count: Callable[[int | None], Use],
) -> dict[str, Any]:
    """Add to a manifest what its networks in use store, and what a query does.

    Args:
        manifest: of a study's records.
        batch: queries that one call answers; None for those of the validation set.
        count: counts a batch that the manifest does not hold.

    Returns:
        The manifest with `shape` in units that evaluate, and with units of queries.
    """
    known = manifest.get("use", {}).get(str(batch))
    units = dict(manifest["units"])
    for name, use in (count(batch) if known is None else known).items():
        if name not in units:
            continue
        units[name] = units[name] | {"shape": use["shape"]}
        if "query" in use:
            units[f"{QUERY}{name}"] = use["query"]
    return {**manifest, "units": units}


def count_again(folder: Path, batch: int | None) -> Use:
    """Count a batch that a study's run did not: this needs the study and its data.

    Raises:
        RecordError: they are not at hand.
    """
    from hitl_sim.study.runner import plan_of  # noqa: PLC0415 - only for a new batch

    try:
        conditions = plan_of(folder).conditions
    except ValueError as error:
        raise RecordError(
            f"Queries in batches of {batch or 'the validation set'} must have been "
            f"counted when {str(folder)!r} was run, or its study be at hand: {error}"
        ) from error
    return count_use(conditions, batch)
