"""What a folder says of a study with real people: keys, names, and who they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.session.desk import Crowd
from hitl_sim.session.desk.mixed import described_together
from hitl_sim.session.live.choice import DeskChoice
from hitl_sim.session.withdrawal import withdrawal_note
from hitl_sim.study.grid import Condition, digest, record_keys
from hitl_sim.study.manifest import manifest_of
from hitl_sim.study.plan import Plan, Run
from hitl_sim.study.swept import runs_table


def with_real(plan: Plan, crowd: Crowd, choice: DeskChoice) -> Plan:
    """Name the runs of a plan by the real people whom they ask.

    Who answers is part of a run's key; arms that ask nobody keep theirs.

    Args:
        plan: of the study as if its people were simulated.
        crowd: the real people.
        choice: of the desk.
    """
    conditions = {id(one): _with_real(one, crowd, choice) for one in plan.conditions}
    keys = {
        name: record_keys(one, plan.infos[one.task_name].content_hash)
        for name, one in conditions.items()
    }
    runs = []
    for run in plan.runs:
        place, own = id(run.condition), conditions[id(run.condition)]
        runs.append(Run(keys[place][run.replicate], own, run.replicate))
    return replace(plan, runs=tuple(runs))


def _with_real(condition: Condition, crowd: Crowd, choice: DeskChoice) -> Condition:
    content = condition.content
    if content is None:
        return condition
    who = digest([crowd.identity(), choice.real_people])
    name = name_of(content.label, crowd, choice)
    return replace(condition, content=replace(content, label=name, desk=who))


def name_of(simulated: str, crowd: Crowd, choice: DeskChoice) -> str:
    """Return what records call the people of a condition."""
    beside = f" and simulated {simulated}" if choice.real_people else ""
    return f"{crowd.name}{beside}"


def live_tables(
    simulated: Plan, plan: Plan, crowd: Crowd, choice: DeskChoice, out: Path
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the runs of a study and its manifest, with the people who are real.

    Args:
        simulated: the plan as if all people were simulated.
        plan: with real ones.
        crowd: these.
        choice: of the desk.
        out: results folder, whose participants may have withdrawn.
    """
    own = crowd.parameters() | {"recording": crowd.name}
    source = {"source": crowd.source}
    if choice.real_people:
        own["real_people"] = choice.real_people
    manifest = manifest_of(simulated)
    study = manifest["study"]
    note = " ".join(filter(None, [study["note"], withdrawal_note(out)]))
    set_ = study["crowd"] if choice.real_people else {}
    shown = {**set_, "population": crowd.name, **own, **source}
    if choice.real_people:
        shown["population"] = study["crowd"]["population"]
    people = {}
    for label, found in manifest["populations"].items():
        real = crowd.described(list(found["status"]))
        if choice.real_people:
            real = described_together(real, found)
        people[name_of(label, crowd, choice)] = real
    manifest |= {
        "study": study | {"note": note, "crowd": shown},
        "populations": people,
        "groups": list(plan.groups),
        "live": {"desk": choice.name, "real_people": choice.real_people},
    }
    return _named(runs_table(plan), own), manifest


def _named(runs: pa.Table, own: dict[str, Any]) -> pa.Table:
    """Write into the parameters of runs that ask people who these are."""
    place = runs.schema.get_field_index("parameters")
    texts = []
    for text, name in zip(
        runs.column(place).to_pylist(),
        runs.column("population").to_pylist(),
        strict=True,
    ):
        told = json.loads(text)
        if name is not None:
            told |= own
            if "real_people" not in own:
                told["population"] = name
        texts.append(json.dumps(told, sort_keys=True))
    return runs.set_column(place, "parameters", pa.array(texts, pa.string()))
