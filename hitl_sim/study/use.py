"""What a study's networks do in use, counted anew for any batch; nothing is trained."""

from collections.abc import Mapping
from typing import Any

from hitl_sim.cost.query import QUERY
from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import StudySpec

_CHILD = "hitl_sim.study.query"


def count_use(
    spec: StudySpec, manifest: Mapping[str, Any], batch: int | None
) -> dict[str, Any]:
    """Add to a manifest what its networks in use store, and what a query does.

    Programs are traced again in a worker, which needs the task's data and no more.

    Args:
        spec: the study.
        manifest: of its records.
        batch: queries that one call answers; None leaves a query what an item of the
            validation set took, and adds the controls' sizes alone.

    Returns:
        The manifest with `shape` in units that evaluate, and with units of queries.

    Raises:
        ValueError: the batch is below 1.
    """
    if batch is not None and batch < 1:
        raise ValueError(f"`query_batch` must be >= 1, got {batch}.")
    plan = build_plan(spec)
    asked = [c for c in plan.conditions if batch is not None or c.role == "control"]
    with LocalExecutor(1) as executor:
        found = executor.submit(_CHILD, "count_queries", asked, batch).result()
    units = dict(manifest["units"])
    for name, use in found.items():
        if name not in units:
            continue
        units[name] = units[name] | {"shape": use["shape"]}
        if "query" in use:
            units[f"{QUERY}{name}"] = use["query"]
    return {**manifest, "units": units}
