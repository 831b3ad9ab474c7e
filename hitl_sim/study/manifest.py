"""A study resolved into the plain tables that its results folder keeps."""

from typing import Any

import msgspec

from hitl_sim.energy import load_profile
from hitl_sim.record import SCHEMA
from hitl_sim.study.made_by import made_by
from hitl_sim.study.plan import Plan
from hitl_sim.study.trial import write_winners
from hitl_sim.task import TaskInfo


def _numbers(info: TaskInfo) -> dict[str, Any]:
    """Say of a task of numbers what they are, in their own unit."""
    if info.scale is None:
        return {}
    mean, spread = info.scale
    return {"problem": info.problem, "number": {"mean": mean, "sd": spread}}


def manifest_of(plan: Plan) -> dict[str, Any]:
    """Resolve a study into plain tables; see `folder.read_manifest`."""
    return {
        "schema": SCHEMA,
        "study": msgspec.to_builtins(plan.spec),
        "profile": msgspec.to_builtins(load_profile(plan.spec.device)),
        "tasks": {
            name: {
                "source": info.source,
                "content_hash": info.content_hash,
                "num_items": info.num_items,
                "num_features": info.num_features,
                "classes": list(info.class_names),
                "class_counts": list(info.class_counts),
                "groups": len(info.group_names),
                "importance_source": info.importance_source,
            }
            | ({"notes": list(info.notes)} if info.notes else {})
            | _numbers(info)
            for name, info in plan.infos.items()
        },
        "populations": plan.populations(),
        **({"machines": found} if (found := plan.machines()) else {}),
        "groups": list(plan.groups),
        **({"tuning": write_winners(plan.winners)} if plan.winners else {}),
        "made_by": made_by(),
    }
