"""The one `validate` that every study passes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from hitl_sim.analysis.run.reuse import trainings_of
from hitl_sim.cost import check_prices
from hitl_sim.learn.intervention import Arm, Surroundings
from hitl_sim.learn.intervention.before import TABLE, check_before
from hitl_sim.part import Kind, Part, builtin, find
from hitl_sim.renamed import check_names
from hitl_sim.schema import one_of
from hitl_sim.study.network_spec import network_table
from hitl_sim.study.spec.arm import is_replayed, kinds_of, table_of
from hitl_sim.study.spec.base import SpecError, in_study
from hitl_sim.study.spec.crowd import acts_on_crowd
from hitl_sim.study.spec.machine import check_machines
from hitl_sim.study.spec.part import PartSpec, bind_part, planned_parts, with_offered
from hitl_sim.study.spec.read import read_table
from hitl_sim.study.spec.replicates import check_replicates
from hitl_sim.study.spec.study import StudySpec

_ROUNDING = 1e-6
"""What shares that are written in decimal may add up to beyond what they mean."""


def validate(spec: StudySpec) -> StudySpec:
    """Check a spec made in Python by the rules of a study file.

    Args:
        spec: any instance; struct construction itself checks nothing.

    Returns:
        The same spec, converted.

    Raises:
        SpecError: the first field that breaks a rule, its value, and what is allowed.
    """
    return convert(msgspec.to_builtins(spec))


def convert(raw: Mapping[str, Any]) -> StudySpec:
    """Turn plain tables into a validated `StudySpec`; see `validate`."""
    _check_numbers(raw, "")
    with in_study():
        check_names(raw)
    raw = with_offered(raw)
    parts = _convert_parts(raw)
    with in_study():
        raw = {**raw, "network": network_table(raw.get("network", {}))}
    planned = planned_parts(parts) if isinstance(parts, Mapping) else {}
    arms = {"arm": _convert_arms(raw, planned)} if "arm" in raw else {}
    spec = read_table({**raw, **arms, "part": parts}, StudySpec)
    with in_study():
        check_prices(spec.prices)
        trainings_of(msgspec.to_builtins(spec.reuse), spec.prices.life_queries)
        spec.network.resolved(planned)
        _check_optimiser(spec, planned)
        spec.training.resolved(planned)
        spec.target.all_options(planned)
    if spec.vmap_size is not None and spec.dispatch_size % spec.vmap_size:
        raise SpecError(
            f"`vmap_size` must divide `dispatch_size` ({spec.dispatch_size}), got "
            f"{spec.vmap_size}."
        )
    check_replicates(spec.replicates)
    _check_target(spec)
    _check_accuracies(spec)
    _check_arms(spec)
    _check_recording(spec)
    check_machines(spec.machine, spec.arm, spec.prices.machine)
    _check_tasks(spec)
    return spec


def _convert_parts(raw: Mapping[str, Any]) -> Any:
    """Read the parts that a study brings; those not planned yet are loaded."""
    tables = raw.get("part", {})
    if not isinstance(tables, Mapping):
        return tables
    return {
        name: bind_part(name, read_table(table, PartSpec, f"part.{name}"))
        for name, table in tables.items()
    }


def _convert_arms(raw: Mapping[str, Any], parts: Mapping[str, Part]) -> Any:
    """Read each arm, and each of its methods, to the table of its kind."""

    def read(kind: Kind, table: Mapping[str, Any], path: str) -> Any:
        name, known = table.get("kind"), kinds_of(kind, parts)
        if name not in known:
            got = "none" if name is None else repr(name)
            raise SpecError(f"`{path}.kind` must be {one_of(known)}, got {got}.")
        found: Any = read_table(table, table_of(kind, str(name), parts), path)
        with in_study():
            return found.complete(parts)

    def stage(name: Any, table: Mapping[str, Any], path: str) -> Any:
        # a study that was read before has it there
        if table.get("name", name) != name:
            raise SpecError(
                f"`{path}.name` must be left out, for a stage has the name of its arm, "
                f"got {table['name']!r}."
            )
        return read("intervention", {**table, "name": name}, path)

    def arm(table: Mapping[str, Any], path: str) -> Arm:
        if "method" in table:
            below = partial(read, "method"), f"{path}.method"
            table = {**table, "method": _convert_each(table["method"], *below)}
        if TABLE in table:
            of_arm = partial(stage, table.get("name")), f"{path}.{TABLE}"
            table = {**table, TABLE: _convert_each(table[TABLE], *of_arm)}
        found: Arm = read("intervention", table, path)
        return found

    return _convert_each(raw["arm"], arm, "arm")


def _convert_each(
    tables: Any, convert_one: Callable[[Mapping[str, Any], str], Any], path: str
) -> Any:
    """Read each of a list of tables."""
    if not isinstance(tables, list | tuple):
        return tables
    found = []
    for i, table in enumerate(tables):
        if not isinstance(table, Mapping):
            raise SpecError(f"`{path}[{i}]` must be table, got {table!r}.")
        found.append(convert_one(table, f"{path}[{i}]"))
    return found


def _check_numbers(value: Any, path: str) -> None:
    """Refuse, wherever it stands, a number that the learner's float32 cannot hold."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            _check_numbers(below, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for i, below in enumerate(value):
            _check_numbers(below, f"{path}[{i}]")
    elif isinstance(value, int | float):
        # NaN is in no range
        is_held = value == 0 or _LEAST_NUMBER <= abs(value) <= _LARGEST_NUMBER
        if not is_held:
            raise SpecError(
                f"`{path}` must be a finite number (0, or {_LEAST_NUMBER:g} to "
                f"{_LARGEST_NUMBER:g} in size), got {value}."
            )


_LEAST_NUMBER, _LARGEST_NUMBER = 1.17549435e-38, 3.4028234e38
"""Least and largest size of a normal float32, IEEE 754-2008, table 3.5."""


def _check_target(spec: StudySpec) -> None:
    """Refuse a mean that no curve is long enough for."""
    smoothing, checkpoints = spec.target.smoothing, spec.training.checkpoints
    if smoothing > checkpoints:
        raise SpecError(
            f"`target.smoothing` must be <= {checkpoints}, the checkpoints of "
            f"`training.checkpoints`, got {smoothing}."
        )


def _check_optimiser(spec: StudySpec, parts: Mapping[str, Part]) -> None:
    """Refuse what the optimiser cannot train, as its own file says."""
    training = spec.training
    part = training.part(parts)
    check = getattr(part.factory, "check", None)
    if check is not None:
        check(spec)
    elif training.l2 is not None:
        takers = [n for n, p in builtin("optimiser").items() if "l2" in p.params]
        raise SpecError(
            "`training.l2` must be given exactly where `training.optimiser` is "
            f"{' or '.join(map(repr, takers))}, got {training.l2} with "
            f"{training.optimiser!r}."
        )


def _check_accuracies(spec: StudySpec) -> None:
    crowd, each = spec.crowd, spec.crowd.accuracies
    if each is None:
        return
    if len(each) != spec.workforce.size:
        raise SpecError(
            "`crowd.accuracies` must hold one number for each of the "
            f"{spec.workforce.size} people of `workforce.size`, got {each}."
        )
    for name in ("accuracy", "skill_spread"):
        if getattr(crowd, name) is not None:
            raise SpecError(
                f"`crowd.{name}` must be left out beside `crowd.accuracies`, got "
                f"{getattr(crowd, name)} and {each}."
            )


def _check_arms(spec: StudySpec) -> None:
    names = [arm.name for arm in spec.arm]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"`arm.name` must be unique, got {name!r} twice.")
    controls = [arm.name for arm in spec.arm if arm.role == "control"]
    if len(controls) != 1:
        raise SpecError(
            "`arm.role` must be 'control' for exactly one whole_pool arm, "
            f"got {len(controls)}: {controls}."
        )
    training = spec.training
    study = Surroundings(
        team=spec.workforce.size,
        batch=None if training.batch == "all" else training.batch,
        checkpoints=training.checkpoints,
        steps_per_checkpoint=training.steps_per_checkpoint,
    )
    for arm in spec.arm:
        with in_study():
            arm.check(study)
            check_before(arm, study)
        _check_method(arm, spec)
    _check_pretraining(spec)


def _check_recording(spec: StudySpec) -> None:
    """Refuse a recording that cannot answer an arm, and parameters nobody heeds."""
    crowd = spec.crowd
    if (crowd.recording is None) != (crowd.policy is None):
        raise SpecError(
            "`crowd.policy` must be 'refuse', 'restrict' or 'model' exactly where "
            f"`crowd.recording` is given, got {crowd.policy!r} with "
            f"{crowd.recording!r}."
        )
    for arm in spec.arm:
        if arm.simulated and crowd.recording is None:
            raise SpecError(
                "`arm.simulated` must be false without `crowd.recording`, for all "
                f"people are simulated then, got true in arm {arm.name!r}."
            )
        if is_replayed(arm, crowd):
            with in_study():
                _check_replayed(arm)
    asked = [arm for arm in spec.arm if arm.asking]
    if not asked or not all(is_replayed(arm, crowd) for arm in asked):
        return
    for name in (*crowd.parameters, *crowd.chosen):
        if not acts_on_crowd(name, crowd):
            raise SpecError(
                f"`crowd.{name}` must be left out where all answers are replayed from "
                f"`crowd.recording`, got {getattr(crowd, name)!r}: recorded people "
                "answer as they did."
            )


def _check_replayed(arm: Arm) -> None:
    """Refuse questions that recorded people cannot have answered, and earlier ones.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    asked = [stage.kind for stage in arm.before if stage.question is not None]
    if asked:
        raise ValueError(
            "`arm.before` must ask nobody where answers are replayed from "
            f"`crowd.recording`, got {asked} in arm {arm.name!r}. Give it `simulated = "
            "true` to ask simulated people."
        )
    arm.check_replayed()


_PLAIN = {"precision": "float32", "dropout": 0.0}
"""Options of a network beside which methods have no place."""


def _check_method(arm: Arm, spec: StudySpec) -> None:
    for option, plain in _PLAIN.items() if arm.method else ():
        value = spec.network.options.get(option, plain)
        if value != plain:
            raise SpecError(
                f"`network.{option}` must be {plain!r} with arms that have methods, "
                "got "
                f"{value!r} with arm {arm.name!r}."
            )
    kinds = [method.kind for method in arm.method]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise SpecError(
                f"Arm {arm.name!r}: `arm.method.kind` must be unique, got {kind!r} "
                "twice."
            )
    for method in arm.method:
        with in_study(f"Arm {arm.name!r}: "):
            method.check(arm, arm.first_stage(spec.training.checkpoints))


def _check_pretraining(spec: StudySpec) -> None:
    tuned = [a.name for a in spec.arm if any(b.is_pretrained for b in a.method)]
    if bool(tuned) != (spec.prices.pretraining_cost is not None):
        raise SpecError(
            "`prices.pretraining_cost` must be given as 'sunk', 'shared' or 'full' "
            "exactly "
            "where an arm has a method of kind 'fine_tune', got "
            f"{spec.prices.pretraining_cost!r} with {tuned or 'no such arm'}."
        )


def _check_tasks(spec: StudySpec) -> None:
    if not spec.task:
        raise SpecError("`task` must hold at least one table, got none.")
    own = planned_parts(spec.part)
    for name, task in spec.task.items():
        if task.source in own:
            with in_study(f"[task.{name}] "):
                find("task", task.source, own).with_options(task.options)
        shares = task.irrelevant, task.duplicate, task.wrong_label
        total = sum(shares)
        whole = f"`task.{name}`: irrelevant + duplicate + wrong_label"
        if total > 1.0 + _ROUNDING:
            raise SpecError(f"{whole} must be <= 1, got {total:g}.")
        num_corrupted = sum(int(share * task.pool + _ROUNDING) for share in shares)
        if task.duplicate and num_corrupted >= task.pool:
            raise SpecError(
                f"{whole} must leave a clean item of {task.pool} for duplicates to "
                f"repeat, got {total:g}."
            )
        for arm in spec.arm:
            if arm.num_items > task.pool:
                raise SpecError(
                    f"`arm.questions` must not exceed `task.{name}.pool` "
                    f"({task.pool}), got {arm.num_items} in all in arm {arm.name!r}."
                )
