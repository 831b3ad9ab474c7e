"""The one `validate` that every study passes."""

from collections.abc import Mapping
from typing import Any, TypeVar, assert_never

import msgspec

from hitl_sim.cost import check_prices
from hitl_sim.study.lever_spec import (
    FineTuneLever,
    QuantiseLever,
    check_levers,
    find_lever,
)
from hitl_sim.study.network_spec import network_table
from hitl_sim.study.spec.arm import (
    ArmSpec,
    ImportanceArm,
    LabellingArm,
    MachineImportanceArm,
    MachineShareArm,
    PeopleArm,
    RandomShareArm,
    RelevanceArm,
    VerificationArm,
    WholePoolArm,
    asks_people,
    is_replayed,
)
from hitl_sim.study.spec.base import SpecError
from hitl_sim.study.spec.crowd import acts_on_crowd
from hitl_sim.study.spec.message import explain
from hitl_sim.study.spec.study import StudySpec
from hitl_sim.study.spec.task import TaskSpec
from hitl_sim.study.spec.training import TrainingSpec

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


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
    try:
        raw = {**raw, "network": network_table(raw.get("network", {}))}
    except ValueError as error:
        raise SpecError(str(error)) from error
    tasks = raw.get("task")
    for name, task in tasks.items() if isinstance(tasks, Mapping) else ():
        # by itself, so that a message can say which of the tasks it is about
        _convert(task, TaskSpec, raw, f".task.{name}")
    spec = _convert(raw, StudySpec, raw, "")
    try:
        check_prices(spec.prices)
        spec.network.resolved()
        _check_optimiser(spec)
        spec.training.resolved()
    except ValueError as error:
        raise SpecError(str(error)) from error
    if spec.lanes is not None and spec.width % spec.lanes:
        raise SpecError(
            f"`lanes` must divide `width` ({spec.width}), got {spec.lanes}."
        )
    _check_target(spec)
    _check_accuracies(spec)
    _check_arms(spec)
    _check_recording(spec)
    _check_tasks(spec)
    return spec


def _convert(
    tables: Any, struct: type[_Kind], raw: Mapping[str, Any], path: str
) -> _Kind:
    try:
        return msgspec.convert(tables, struct)
    except msgspec.ValidationError as error:
        raise SpecError(explain(str(error), raw, path)) from error


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


def _check_optimiser(spec: StudySpec) -> None:
    training = spec.training
    is_fixed = training.optimiser == "fixed_hessian"
    if is_fixed != (training.l2 is not None):
        raise SpecError(
            "`training.l2` must be given exactly where `training.optimiser` is "
            f"'fixed_hessian', got {training.l2} with {training.optimiser!r}."
        )
    if not is_fixed:
        return
    if training.batch != "all":
        raise SpecError(
            "`training.batch` must be 'all' with `training.optimiser` "
            f"'fixed_hessian', got {training.batch}."
        )
    if spec.network.kind != "linear":
        raise SpecError(
            "`network.kind` must be 'linear' with `training.optimiser` "
            f"'fixed_hessian', got {spec.network.kind!r}."
        )
    precision = spec.network.options.get("precision", "float32")
    if precision != "float32":
        raise SpecError(
            "`network.precision` must be 'float32' with `training.optimiser` "
            f"'fixed_hessian', whose steps are small differences, got {precision!r}."
        )
    for arm in spec.arm:
        if arm.lever:
            raise SpecError(
                "`arm.lever` must be left out with `training.optimiser` "
                "'fixed_hessian', which acts on plain weights, got "
                f"{arm.lever[0].__struct_config__.tag!r} in arm {arm.name!r}."
            )
        if getattr(arm, "penalty", None) is not None:
            raise SpecError(
                "`arm.use` must be 'select' with `training.optimiser` 'fixed_hessian', "
                "whose bound is of the cross-entropy alone, got 'penalty' in arm "
                f"{arm.name!r}."
            )


def _check_accuracies(spec: StudySpec) -> None:
    crowd, each = spec.crowd, spec.crowd.accuracies
    if each is None:
        return
    if len(each) != spec.crew.size:
        raise SpecError(
            "`crowd.accuracies` must hold one number for each of the "
            f"{spec.crew.size} people of `crew.size`, got {each}."
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
    controls = [
        a.name for a in spec.arm if isinstance(a, WholePoolArm) and a.role == "control"
    ]
    if len(controls) != 1:
        raise SpecError(
            "`arm.role` must be 'control' for exactly one whole_pool arm, "
            f"got {len(controls)}: {controls}."
        )
    for arm in spec.arm:
        _check_arm(arm, spec)
        _check_lever(arm, spec)
    _check_pretraining(spec)


def _check_recording(spec: StudySpec) -> None:
    """Refuse a recording that cannot answer an arm, and dials that nobody heeds."""
    crowd = spec.crowd
    if (crowd.recording is None) != (crowd.policy is None):
        raise SpecError(
            "`crowd.policy` must be 'refuse', 'restrict' or 'model' exactly where "
            f"`crowd.recording` is given, got {crowd.policy!r} with "
            f"{crowd.recording!r}."
        )
    for arm in spec.arm:
        if isinstance(arm, PeopleArm) and arm.simulated and crowd.recording is None:
            raise SpecError(
                "`arm.simulated` must be false without `crowd.recording`, for all "
                f"people are simulated then, got true in arm {arm.name!r}."
            )
        if is_replayed(arm, crowd):
            _check_replayed(arm)
    asked = [arm for arm in spec.arm if asks_people(arm)]
    if not asked or not all(is_replayed(arm, crowd) for arm in asked):
        return
    for name in crowd.dials:
        if not acts_on_crowd(name, crowd):
            raise SpecError(
                f"`crowd.{name}` must be left out where all answers are replayed from "
                f"`crowd.recording`, got {getattr(crowd, name)!r}: recorded people "
                "answer as they did."
            )


def _check_replayed(arm: ArmSpec) -> None:
    if isinstance(arm, RelevanceArm):
        return
    if isinstance(arm, ImportanceArm):
        if arm.feedback != "marks":
            raise SpecError(
                "`arm.feedback` must be 'marks' where answers are replayed from "
                f"`crowd.recording`, for a ranking cannot be imported, got "
                f"{arm.feedback!r} in arm {arm.name!r}."
            )
        return
    if not isinstance(arm, LabellingArm):
        kind = str(arm.__struct_config__.tag)
        raise SpecError(
            "`arm.kind` must be 'labelling', 'relevance' or 'importance' where answers "
            "are replayed from `crowd.recording`, for nobody recorded what they say to "
            f"given labels, got {kind!r} in arm {arm.name!r}. Give it `simulated = "
            "true` to ask simulated people."
        )
    if arm.suggest:
        raise SpecError(
            "`arm.suggest` must be false where answers are replayed from "
            "`crowd.recording`, for those people saw no suggestion, got true in arm "
            f"{arm.name!r}."
        )


_PLAIN = {"precision": "float32", "dropout": 0.0}
"""Options of a network beside which levers have no place."""


def _check_lever(arm: ArmSpec, spec: StudySpec) -> None:
    if isinstance(arm, WholePoolArm) and (arm.role == "arm") != bool(arm.lever):
        raise SpecError(
            "`arm.role` must be 'arm' for exactly those whole_pool arms that have a "
            f"lever, got {arm.role!r} with {len(arm.lever)} in arm {arm.name!r}."
        )
    for option, plain in _PLAIN.items() if arm.lever else ():
        value = spec.network.options.get(option, plain)
        if value != plain:
            raise SpecError(
                f"`network.{option}` must be {plain!r} with arms that have levers, got "
                f"{value!r} with arm {arm.name!r}."
            )
    stages = arm.stages if isinstance(arm, LabellingArm) else 1
    try:
        check_levers(arm.lever, spec.training.checkpoints // stages)
    except ValueError as error:
        raise SpecError(f"Arm {arm.name!r}: {error}") from error
    tune = find_lever(arm.lever, FineTuneLever)
    if isinstance(arm, LabellingArm) and arm.lever and arm.refit != "warm":
        raise SpecError(
            "`arm.refit` must be 'warm' with a lever, which acts on one training from "
            f"its begin to its end, got {arm.refit!r} in arm {arm.name!r}."
        )
    quantise = find_lever(arm.lever, QuantiseLever)
    is_rounded = quantise is not None and quantise.form != "post_training"
    if isinstance(arm, LabellingArm) and is_rounded:
        raise SpecError(
            "`arm.lever.form` must be 'post_training' in an arm of kind 'labelling', "
            "whose model chooses items by what it answers in float32, got "
            f"{quantise.form!r} in arm {arm.name!r}."
        )
    if tune is None or not isinstance(arm, ImportanceArm | MachineImportanceArm):
        return
    if arm.use == "select":
        raise SpecError(
            "`arm.use` must be 'penalty' with a lever of kind 'fine_tune', for a "
            f"pretrained network reads all features, got 'select' in arm {arm.name!r}."
        )


def _check_pretraining(spec: StudySpec) -> None:
    tuned = [a.name for a in spec.arm if find_lever(a.lever, FineTuneLever)]
    if bool(tuned) != (spec.prices.pretraining is not None):
        raise SpecError(
            "`prices.pretraining` must be given as 'sunk', 'shared' or 'full' exactly "
            "where an arm has a lever of kind 'fine_tune', got "
            f"{spec.prices.pretraining!r} with {tuned or 'no such arm'}."
        )


def _check_arm(arm: ArmSpec, spec: StudySpec) -> None:
    if isinstance(arm, PeopleArm) and arm.people > spec.crew.size:
        raise SpecError(
            f"`arm.people` must be <= `crew.size` ({spec.crew.size}), got "
            f"{arm.people} in arm {arm.name!r}."
        )
    if isinstance(arm, LabellingArm):
        _check_labelling(arm, spec.training)
    elif spec.training.batch == "all" and not isinstance(arm, _WHOLE_ARMS):
        raise SpecError(
            "`training.batch` must be a number of items with an arm that trains on "
            f"a share of them or trains a proxy, got 'all' with {arm.name!r}."
        )
    if isinstance(arm, MachineShareArm) and arm.score == "duplicate":
        _check_no_proxy(arm, "score", arm.score, arm.proxy_steps)
    if isinstance(arm, RelevanceArm) and arm.rated != "uncertain":
        _check_no_proxy(arm, "rated", arm.rated, arm.proxy_steps)
    if isinstance(arm, ImportanceArm | MachineImportanceArm):
        _check_penalty(arm)


_WHOLE_ARMS = (WholePoolArm, ImportanceArm)
"""Kinds of arm that train on the whole pool, and on nothing else."""


def _check_no_proxy(arm: ArmSpec, field: str, value: str, steps: int | None) -> None:
    if steps is not None:
        raise SpecError(
            f"`arm.proxy_steps` must be left out where `arm.{field}` is {value!r}, "
            f"which trains no proxy, got {steps} in arm {arm.name!r}."
        )


def _check_penalty(arm: ImportanceArm | MachineImportanceArm) -> None:
    if (arm.use == "penalty") != (arm.penalty is not None):
        raise SpecError(
            "`arm.penalty` must be given exactly where `arm.use` is 'penalty', got "
            f"{arm.penalty!r} with {arm.use!r} in arm {arm.name!r}."
        )


def _check_labelling(arm: LabellingArm, training: TrainingSpec) -> None:
    where = f"in arm {arm.name!r}"
    if training.checkpoints % arm.stages:
        also = " + 1 (`arm.initial` is a stage of its own)" if arm.initial else ""
        raise SpecError(
            f"`arm.rounds`{also} must divide `training.checkpoints` "
            f"({training.checkpoints}), got {arm.stages} {where}."
        )
    if (arm.score == "subsample") != (arm.score_items is not None):
        raise SpecError(
            "`arm.score_items` must be given exactly where `arm.score` is "
            f"'subsample', got {arm.score_items!r} with {arm.score!r} {where}."
        )
    if arm.score_items is not None and arm.score_items < arm.questions:
        raise SpecError(
            f"`arm.score_items` must be >= `arm.questions` ({arm.questions}), got "
            f"{arm.score_items} {where}."
        )
    if arm.refit == "final_only" and arm.suggest:
        raise SpecError(
            "`arm.suggest` must be false where `arm.refit` is 'final_only', for there "
            f"is no model to suggest, got true {where}."
        )
    if arm.refit == "final_only" and arm.strategy != "random":
        raise SpecError(
            "`arm.strategy` must be 'random' where `arm.refit` is 'final_only', for "
            f"there is no model to choose with, got {arm.strategy!r} {where}."
        )
    cap = training.checkpoints * training.steps_per_checkpoint
    items = [(r + 1) * arm.questions for r in range(arm.rounds)]
    if arm.initial:
        items = [arm.initial, *(arm.initial + n for n in items)]
    fits = items[-1:] if arm.refit == "final_only" else items
    epochs, batch = arm.epochs or 0, training.batch
    steps = sum(-(-epochs * n // (n if batch == "all" else batch)) for n in fits)
    if steps > cap:
        raise SpecError(
            f"`arm.epochs` must lead to at most the cap of {cap} training steps "
            f"(checkpoints x steps_per_checkpoint), got {steps} {where}."
        )


def _check_tasks(spec: StudySpec) -> None:
    if not spec.task:
        raise SpecError("`task` must hold at least one table, got none.")
    for name, task in spec.task.items():
        total = task.irrelevant + task.duplicate + task.wrong_label
        if total > 1.0:
            raise SpecError(
                f"`task.{name}`: irrelevant + duplicate + wrong_label must be <= 1, "
                f"got {total:g}."
            )
        for arm in spec.arm:
            asked = _questions(arm)
            if asked > task.pool:
                raise SpecError(
                    f"`arm.questions` must not exceed `task.{name}.pool` "
                    f"({task.pool}), got {asked} in all in arm {arm.name!r}."
                )


def _questions(arm: ArmSpec) -> int:
    """Items that an arm asks about, or is given; 0 where it asks of no item."""
    match arm:
        case LabellingArm():
            return arm.initial + arm.rounds * arm.questions
        case RelevanceArm() | VerificationArm():
            return arm.questions
        case (
            WholePoolArm()
            | RandomShareArm()
            | MachineShareArm()
            | MachineImportanceArm()
            | ImportanceArm()
        ):
            return 0
        case _:
            assert_never(arm)
