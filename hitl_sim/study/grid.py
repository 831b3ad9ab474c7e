"""From a spec to conditions: what is run, under which key, sharing which program."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec.structs import replace as replace_arm

from hitl_sim import __version__
from hitl_sim.analysis.run.tuning import UNTUNED
from hitl_sim.learn.intervention import Arm
from hitl_sim.learn.loop import LABEL
from hitl_sim.part import Kind, PartError, find
from hitl_sim.record import SCHEMA
from hitl_sim.study.axis import cells, check_axes, num_cells
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.spec import (
    GOLD,
    AxisSpec,
    CrowdSpec,
    MachineSpec,
    ReuseSpec,
    Scalar,
    SpecError,
    StudySpec,
    TaskSpec,
    TrainingSpec,
    acts_on_crowd,
    convert,
    is_replayed,
    listed,
    machine_source,
    named_parts,
    planned_parts,
)
from oracles import describe_population

MOST_RUNS = 1_000_000
"""Runs of one study: planning them takes some 8 s and 0.4 GB, measured on one core."""

_TABLES = ("task", "network", "training", "crowd", "workforce", "machine", "arm")
BASE_TABLES = ("task", "network", "training")
"""Tables whose fields an arm has in common with its control."""
_STREAMS = {"null": 1, "pilot": 2}
"""Roles that are to differ from the control by chance, and in which random stream."""
_UNSWEPT = ("name", "role", "method", "before", "simulated")
"""Fields of an arm that no axis names."""
_OF_ANNOTATOR = ("crowd.options.", "crowd.params.")
"""Begins of fields that the annotator of a crowd has."""


Settings = Mapping[str, Scalar]
"""Values by field, such as those of axes."""


@dataclass(frozen=True)
class RecordingContent:
    """What a condition's recording holds for its task, once it has been looked up.

    Attributes:
        name: file name.
        hash: of the answers, matched to the task's items and classes.
        policy: what is done where nobody answered.
        num_answers: recorded answers, skips included.
        num_people: who gave them.
        num_items: items of the task that have any.
        is_timed: whether all have a time.
    """

    name: str
    hash: str
    policy: str
    num_answers: int
    num_people: int
    num_items: int
    is_timed: bool


@dataclass(frozen=True)
class CrowdContent:
    """What a condition's population holds, once it has been looked up.

    Attributes:
        label: what records call it.
        hash: of its name and numbers; a path says nothing.
        traits: optional traits that it has, parameters included: part of the program.
        activity_spread: how unevenly questions are dealt: part of the program.
        recording: whose answers are replayed in its place; None where nobody's are.
        desk: hash of the real people who answer in its place, or beside it; None where
            nobody real does.
    """

    label: str
    hash: str
    traits: tuple[str, ...]
    activity_spread: float
    recording: RecordingContent | None = None
    desk: str | None = None


@dataclass(frozen=True)
class Condition:
    """One cell of a study, run `replicates` times.

    Attributes:
        spec: the study with this condition's values filled in.
        task_name: which of its tasks.
        arm: the arm, with swept values filled in.
        role: "control", "pilot", "null", "untuned" (the control) or "arm".
        settings: the swept values, by field.
        content: of its population, where people are asked and it was looked up.
        common: the study without what the arm has for itself (tuned, or of its own
            table): what it has in common with its control. None where that is all.
        replicates: on which it is tried; None where it is no trial, and is run on the
            study's own.
    """

    spec: StudySpec
    task_name: str
    arm: Arm
    role: str
    settings: Mapping[str, Scalar]
    content: CrowdContent | None = None
    common: StudySpec | None = None
    replicates: range | None = None

    @property
    def runs(self) -> range:
        """The replicates that it is run on."""
        return self.replicates or range(self.spec.most_replicates)

    @property
    def stream(self) -> int:
        """Random stream of initialisation and batches: the control's where not told."""
        return _STREAMS.get(self.role, 0)

    @property
    def is_trial(self) -> bool:
        """Whether it is run in search for settings, and takes part in nothing else."""
        return self.replicates is not None

    @property
    def base(self) -> "Condition":
        """The same without what its arm has for itself."""
        if self.common is None:
            return self
        return replace(self, spec=self.common, common=None)

    @property
    def task(self) -> TaskSpec:
        """The task's table."""
        return self.spec.task[self.task_name]

    @property
    def network(self) -> NetworkSpec:
        """The network's table."""
        return self.spec.network

    @property
    def training(self) -> TrainingSpec:
        """The training's table."""
        return self.spec.training

    @property
    def crowd(self) -> CrowdSpec:
        """The crowd's table."""
        return self.spec.crowd

    @property
    def is_replayed(self) -> bool:
        """Whether recorded people answer."""
        return is_replayed(self.arm, self.crowd)

    @property
    def is_simulated(self) -> bool:
        """Whether simulated people answer, if only what nobody recorded."""
        return not self.is_replayed or self.crowd.policy == "model"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of its crowd that act on its arm, by name."""
        given = self.crowd.parameters
        if not self.is_replayed:
            return given
        return {k: v for k, v in given.items() if acts_on_crowd(k, self.crowd)}

    @property
    def machines(self) -> dict[str, str]:
        """What is in each machine that its arm asks, by name; a path says nothing."""
        machines = self.spec.machine
        return {
            name: machine_source(machines, name).content_hash()
            for name in self.arm.all_machines
        }

    @property
    def parts(self) -> dict[str, Any]:
        """What those of the study's own parts are that it uses, by name."""
        if not self.spec.part:
            return {}
        tables: dict[str, Any] = {"arm": self.arm, "network": self.network}
        tables |= {"training": self.training, "target": self.spec.target}
        tables["task"] = {self.task_name: self.task}
        asks = bool(self.arm.asking) and self.is_simulated
        people = {"crowd": self.crowd} if asks else {}
        return named_parts(self.spec.part, msgspec.to_builtins(tables | people))

    def shared(self, content_hash: str) -> dict[str, Any]:
        """What an arm has in common with its control and pilot."""
        task = msgspec.to_builtins(self.task) | {"source": content_hash}
        # what a recording calls the items is in the hash of the matched answers
        del task["item_column"]
        # how a table was read is in the hash of what it gave
        del task["impute"], task["categorical"], task["problem"]
        # and what a part was told in order to make it, in that of the content
        del task["options"]
        by = task.pop("validation_by")
        del task["validation_people"]
        if by != GOLD:
            judges, people = describe_population(by), self.task.num_judges
            task["validation_by"] = [judges.content_hash(LABEL), people]
        own = planned_parts(self.spec.part)
        return {
            "task": task,
            "network": self.network.resolved(own),
            "training": self.training.resolved(own),
            "metric": self.spec.target.named(own),
            "seed": self.spec.seed,
        }

    def resolved(self, content_hash: str) -> dict[str, Any]:
        """Everything that fixes this condition's records, but the replicate.

        Args:
            content_hash: hash of the task's data; a path says nothing.

        Returns:
            Plain tables; names, device, target and prices have no part in them.
        """
        # what an arm's own training does is told by the training
        arm = msgspec.to_builtins(replace_arm(self.arm, training={}))
        del arm["training"]
        arm["before"] = [_without(stage, _OF_ARM) for stage in arm["before"]]
        people = bool(self.arm.asking)
        return self.shared(content_hash) | {
            "arm": {k: v for k, v in arm.items() if not _is_untold(k, v)},
            "role": self.role if self.role in _STREAMS else "arm",
            "crowd": self._people() if people else None,
            "workforce": msgspec.to_builtins(self.spec.workforce) if people else None,
            "schema": SCHEMA,
            "version": __version__,
            # without parts or machines it is what it was before there could be any
            **({"parts": self.parts} if self.parts else {}),
            **({"machine": self.machines} if self.machines else {}),
        }

    def _people(self) -> dict[str, Any]:
        """Who answers: what is in the population, and the parameters that are given."""
        name = self.content.hash if self.content else self.crowd.population
        crowd = {"population": name, **self.parameters}
        if self.is_simulated:
            crowd |= self.crowd.chosen
        if self.content and self.content.desk:
            crowd |= {"desk": self.content.desk}
        recording = self.content.recording if self.content else None
        if recording is None:
            return crowd
        return crowd | {"recording": recording.hash, "policy": recording.policy}

    def static(self, content_hash: str) -> dict[str, Any]:
        """What fixes the program; conditions with equal parts compile once."""
        resolved = self.resolved(content_hash)
        task = {
            k: resolved["task"][k]
            for k in ("source", "pool", "validation", "test", "validation_by")
            if k in resolved["task"]
        }
        training = {k: v for k, v in resolved["training"].items() if k != "params"}
        traced = self.arm.traced
        arm = {k: v for k, v in resolved["arm"].items() if k not in traced}
        if "method" in arm:
            arm["method"] = [_without(method, ("params",)) for method in arm["method"]]
        if "before" in arm:
            stages = zip(arm["before"], self.arm.before, strict=True)
            arm["before"] = [_without(table, stage.traced) for table, stage in stages]
        asks = bool(self.arm.asking)
        team = self.spec.workforce.size if asks else None
        content = self.content
        recording = content.recording if content else None
        # the answers are not part of the program, but their number is
        replay = {} if recording is None else {"recording": recording.hash}
        if recording is not None:
            replay["policy"] = recording.policy
        return replay | {
            "task": task,
            "network": resolved["network"],
            **({"parts": self.parts} if self.parts else {}),
            "training": training,
            "metric": resolved["metric"],
            "arm": arm,
            "workforce": team,
            "traits": content.traits if content else (),
            "annotator": [self.crowd.annotator, self.crowd.options] if asks else None,
            "activity_spread": content.activity_spread if content else 0.0,
            "dispatch_size": self.spec.dispatch_size,
            "vmap_size": self.spec.vmap_size,
            "version": __version__,
        }


_OF_ARM = ("name", "method", "training", "before", "simulated")
"""Fields of a stage's table that the arm has in its place."""


_NOT_IN_KEY = ("name", "role", "simulated")
"""Fields of an arm that fix no record; who answers is told by the crowd."""
_AS_BEFORE = {"method": None, "before": None, "staleness": None, "feedback": "class"}
"""What an arm has that is what it was before there were such fields; None is empty."""


def _is_untold(name: str, value: Any) -> bool:
    """Whether a field of an arm is no part of what fixes its records."""
    is_as_before = name in _AS_BEFORE and (value or None) == _AS_BEFORE[name]
    return name in _NOT_IN_KEY or is_as_before


def _without(table: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in names}


def digest(tables: Any, length: int = 16) -> str:
    """Hash plain tables by their canonical JSON."""
    text = json.dumps(tables, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def record_keys(condition: Condition, content_hash: str) -> list[str]:
    """Name a condition's runs: equal keys hold equal records.

    A key is the digest of what the runs share and the replicate; of a million of them
    all but the number is hashed once.
    """
    shared = digest(condition.resolved(content_hash), 64)
    begun = hashlib.sha256(f'["{shared}",'.encode())
    keys = []
    for replicate in condition.runs:
        ended = begun.copy()
        ended.update(b"%d]" % replicate)
        keys.append(ended.hexdigest()[:32])
    return keys


def acts_on(field: str, arm: Arm, crowd: CrowdSpec) -> bool:
    """Whether a swept field changes anything about an arm."""
    table, _, name = field.partition(".")
    if table == "crowd" and is_replayed(arm, crowd):
        return acts_on_crowd(name, crowd)
    if table == "crowd" and name in ("recording", "policy"):
        return False
    if table in ("crowd", "workforce"):
        return bool(arm.asking)
    if table == "machine":
        return name.partition(".")[0] in arm.all_machines
    if table == "arm":
        return name in _arm_fields(arm)
    return True


def _arm_fields(arm: Arm) -> tuple[str, ...]:
    """Fields of an arm that an axis may name, those of methods and stages by kind."""
    own = [name for name in _fields(arm) if name not in _UNSWEPT]
    below = (
        f"{table}.{one.kind}.{name}"
        for table, some in (("method", arm.method), ("before", arm.before))
        for one in some
        for name in _fields(one)
        if name not in ("kind", *_UNSWEPT, *_OF_ARM)
    )
    return (*own, *below)


def _fields(table: msgspec.Struct) -> Iterator[str]:
    """Name the fields of a table, those of a table in it after it."""
    for name in table.__struct_fields__:
        value = getattr(table, name)
        if isinstance(value, dict):
            yield from (f"{name}.{key}" for key in value)
        else:
            yield name


def _check_axis(axis: AxisSpec, spec: StudySpec) -> None:
    check_fields(axis, spec)
    _check_axis_arms(axis, spec)
    seen = Counter(axis.values or ())
    for value, times in seen.items():
        if axis.field == "task" and value not in spec.task:
            raise SpecError(
                f"`axis.values` of 'task' must be among {', '.join(spec.task)}, "
                f"got {value!r}."
            )
        if times > 1:
            raise SpecError(f"`axis.values` must be distinct, got {value!r} twice.")


def check_fields(axis: AxisSpec, spec: StudySpec) -> None:
    """Refuse an axis of a field that the study does not have.

    Raises:
        SpecError: the message names the field and those there are.
    """
    table, _, name = axis.field.partition(".")
    if table not in _TABLES:
        raise SpecError(
            f"`axis.field` must start with one of {', '.join(_TABLES)}, "
            f"got {axis.field!r}."
        )
    if axis.field == "crowd.recording" and spec.crowd.recording is None:
        raise SpecError(
            "`crowd.recording` must be given where an axis sweeps it, got None. Arms "
            "with `simulated = true` ask simulated people beside it."
        )
    is_of_part = axis.field.startswith(_OF_ANNOTATOR)
    if axis.field != "task" and not is_of_part and name not in _sweepable(table, spec):
        raise SpecError(
            f"`axis.field` must be a field of [{table}] "
            f"({', '.join(_sweepable(table, spec))}), got {axis.field!r}."
        )


def _check_axis_arms(axis: AxisSpec, spec: StudySpec) -> None:
    arms = {arm.name: arm for arm in spec.arm}
    for chosen in axis.arms or ():
        if chosen not in arms:
            raise SpecError(
                f"`axis.arms` must name arms of the study ({', '.join(arms)}), "
                f"got {chosen!r}."
            )
        if not acts_on(axis.field, arms[chosen], spec.crowd):
            raise SpecError(
                f"`axis.arms` must name arms on which {axis.field!r} acts, "
                f"got {chosen!r}."
            )


def _sweepable(table: str, spec: StudySpec) -> tuple[str, ...]:
    """Fields of a table that an axis may name."""
    if table == "arm":
        return tuple(sorted({name for arm in spec.arm for name in _arm_fields(arm)}))
    if table == "network":
        kinds = itertools.chain(
            [spec.network.kind],
            *(a.values or () for a in spec.axis if a.field == "network.kind"),
        )
        named = [
            name
            for kind in map(str, kinds)
            for name in _part_fields(spec, "network", kind)
        ]
        own = [name.removeprefix("options.") for name in named]
        return ("kind", *dict.fromkeys([*own, *named]))
    if table == "machine":
        every = MachineSpec.__struct_fields__
        return tuple(f"{name}.{field}" for name in spec.machine for field in every)
    tables: dict[str, type[msgspec.Struct]] = {
        "task": TaskSpec,
        "training": TrainingSpec,
        "crowd": CrowdSpec,
        "workforce": type(spec.workforce),
    }
    fields = tables[table].__struct_fields__
    if table == "training":
        fields = (
            *(name for name in fields if name not in ("options", "params")),
            *_part_fields(spec, "optimiser", spec.training.optimiser),
        )
    # which parameters act hangs on the policy
    unswept = {
        "crowd": ("policy", "options", "params"),
        "task": ("options", "categorical"),
    }
    return tuple(name for name in fields if name not in unswept.get(table, ()))


def _part_fields(spec: StudySpec, kind: Kind, name: str) -> tuple[str, ...]:
    """Options and params of a part, as axes name them within a table."""
    try:
        part = find(kind, name, planned_parts(spec.part))
    except PartError as error:
        raise SpecError(f"`axis` of {kind!r}: {error}") from error
    options = [f"options.{option}" for option in part.options]
    return (*options, *(f"params.{param}" for param in part.params))


def set_field(
    tables: dict[str, Any], arm_index: int, field: str, value: Scalar
) -> None:
    """Write one swept value into a study's plain tables."""
    table, _, name = field.partition(".")
    if table == "arm":
        _set_in_arm(tables["arm"][arm_index], name, value)
    elif field.startswith(_OF_ANNOTATOR):
        kind, _, key = name.partition(".")
        tables["crowd"][kind][key] = value
    elif table == "task" and name:
        for task in tables["task"].values():
            task[name] = value
    elif table != "task":
        below, _, inner = name.rpartition(".")
        if table == "network" and name != "kind":
            below = "options"
        inside = tables[table].setdefault(below, {}) if below else tables[table]
        inside[inner] = value


def _set_in_arm(arm: dict[str, Any], name: str, value: Scalar) -> None:
    """Write one swept value into an arm, a table of it, or its method or stage."""
    below, _, rest = name.partition(".")
    if below in ("method", "before"):
        kind, name = rest.split(".", 1)
        arm = next(one for one in arm[below] if one["kind"] == kind)
    table, _, field = name.rpartition(".")
    (arm[table] if table else arm)[field] = value


def axes_of(spec: StudySpec, arm: Arm) -> list[AxisSpec]:
    """List the axes that an arm is crossed with."""
    return [
        axis
        for axis in spec.axis
        if acts_on(axis.field, arm, spec.crowd)
        and (axis.arms is None or arm.name in axis.arms)
    ]


def _check_size(spec: StudySpec) -> None:
    """Refuse more runs than a study can hold, by their number alone."""
    number = 0
    for arm in spec.arm:
        axes = axes_of(spec, arm)
        tasks = 1 if any(axis.field == "task" for axis in axes) else len(spec.task)
        with_pilot = 2 if arm.role == "control" else 1
        number += num_cells(spec, axes) * tasks * with_pilot
    most = MOST_RUNS // 2
    if number > most:
        raise SpecError(
            f"`axis` must lead to at most {most:,} conditions of one study, got "
            f"{number:,} before `exclude`. Cut a study of more into several."
        )
    if number * spec.most_replicates > MOST_RUNS:
        raise SpecError(
            f"`replicates` must lead to at most {MOST_RUNS:,} runs of one study, got "
            f"{spec.most_replicates:,} of each of {number:,} conditions before "
            "`exclude`."
        )


Tuned = Mapping[tuple[str, str], Settings]
"""Settings that were found best, by `own_key` and name of the arm, or `TARGET`."""
PILOT = "pilot"
"""Role of the runs that fix the target."""
TARGET = "the target's pilot"
"""Under which the pilot's settings stand among those of arms: none can be called so."""


def own_key(task: str, cell: Settings) -> str:
    """Name a task with what is swept of it, of network and of training."""
    kept = {f: v for f, v in cell.items() if f.partition(".")[0] in BASE_TABLES}
    return json.dumps({**kept, "task": task}, sort_keys=True)


def expand(spec: StudySpec, tuned: Tuned | None = None) -> list[Condition]:
    """List a study's conditions in a fixed order.

    Each arm is crossed with the axes that act on it, so a control is never crossed
    with a crowd. Every setting of task, network and training gets a pilot: a run of
    the control with streams of its own, which fixes the target. Where arms were tuned
    the control stands once more as it was before.

    Args:
        spec: a validated study.
        tuned: what was found; None before.

    Returns:
        The conditions.

    Raises:
        SpecError: an axis or an exclusion names what does not exist, or leads to a
            value that the spec refuses; or there would be more than `MOST_RUNS` runs.
    """
    for axis in spec.axis:
        _check_axis(axis, spec)
    check_axes(spec)
    _check_exclude(spec)
    _check_size(spec)
    conditions: list[Condition] = []
    for index, arm in enumerate(spec.arm):
        for cell in cells(spec, axes_of(spec, arm)):
            for condition in conditions_at(spec, index, cell):
                conditions.extend(_as_tuned(spec, index, condition, tuned))
    return conditions


def _as_tuned(
    spec: StudySpec, arm_index: int, condition: Condition, tuned: Tuned | None
) -> Iterator[Condition]:
    """Yield a condition with what was found best for it, the control as before too."""
    if tuned is None:
        yield condition
        return
    name = TARGET if condition.role == PILOT else condition.arm.name
    values = tuned.get((own_key(condition.task_name, condition.settings), name), {})
    for found in conditions_at(spec, arm_index, condition.settings, values):
        if (found.role, found.task_name) == (condition.role, condition.task_name):
            yield found
    if condition.role == "control":
        before = replace_arm(condition.arm, name=f"{condition.arm.name}_{UNTUNED}")
        yield replace(condition, arm=before, role=UNTUNED)


def _check_exclude(spec: StudySpec) -> None:
    fields = {"arm", "task", *(axis.field for axis in spec.axis)}
    for table in spec.exclude:
        for field in table:
            if field not in fields:
                raise SpecError(
                    f"`exclude` must name swept fields ({', '.join(sorted(fields))}), "
                    f"got {field!r}."
                )


def conditions_at(
    spec: StudySpec, arm_index: int, cell: Settings, own: Settings | None = None
) -> Iterator[Condition]:
    """Yield an arm's conditions at one setting of the axes, task by task.

    Args:
        spec: the study.
        arm_index: which of its arms.
        cell: values of the axes.
        own: what the arm has for itself beside its control, over its own table.

    Raises:
        SpecError: the values are refused.
    """
    filled = _filled(spec, arm_index, cell, {})
    arm = filled.arm[arm_index]
    own = {f"training.{k}": v for k, v in arm.training.items()} | dict(own or {})
    common = filled if own else None
    if own:
        try:
            filled = _filled(spec, arm_index, cell, own)
        except SpecError as error:
            raise SpecError(f"Arm {arm.name!r}: {error}") from error
    names = [str(cell["task"])] if "task" in cell else list(filled.task)
    for name in names:
        row = dict(cell) | {"arm": arm.name, "task": name}
        if any(
            all(row.get(field) in listed(value) for field, value in table.items())
            for table in spec.exclude
        ):
            continue
        found = Condition(filled, name, arm, arm.role, cell, common=common)
        yield found
        if arm.role == "control":
            yield replace(found, role=PILOT)


class _Filled:
    """Studies with values filled in, of the last one that was: arms share many."""

    most = 4096

    def __init__(self) -> None:
        self.spec: StudySpec | None = None
        self.found: dict[tuple[Any, ...], StudySpec] = {}

    def __call__(
        self, spec: StudySpec, arm_index: int, cell: Settings, own: Settings
    ) -> StudySpec:
        """Fill values of axes into a study, and over them what an arm has for itself.

        Raises:
            SpecError: they are refused.
        """
        if self.spec is not spec or len(self.found) >= self.most:
            self.spec, self.found = spec, {}
        is_of_arm = any(field.startswith("arm.") for field in cell)
        key = arm_index if is_of_arm else -1, *cell.items(), None, *own.items()
        if key not in self.found:
            self.found[key] = self._fill(spec, arm_index, cell, own)
        return self.found[key]

    @staticmethod
    def _fill(
        spec: StudySpec, arm_index: int, cell: Settings, own: Settings
    ) -> StudySpec:
        # a condition needs no axes of its own, and there may be many values
        plain = msgspec.structs.replace(
            spec, axis=(), draw=None, exclude=(), tune=None, reuse=ReuseSpec()
        )
        tables = msgspec.to_builtins(plain)
        for field, value in (*cell.items(), *own.items()):
            set_field(tables, arm_index, field, value)
        try:
            return convert(tables)
        except SpecError as error:
            if own:
                raise
            raise SpecError(
                f"`axis` leads to a value that is refused: {error}"
            ) from error


_filled = _Filled()


def inert_axes(spec: StudySpec) -> dict[str, str]:
    """Name the swept fields that cannot change an outcome, with the reason.

    Args:
        spec: a validated study.

    Returns:
        Reason by "field (arm)" or, where no arm is touched, by field.
    """
    found: dict[str, str] = {}
    for axis in spec.axis:
        arms = [arm for arm in spec.arm if axis in axes_of(spec, arm)]
        if not arms:
            found[axis.field] = _nowhere(axis.field, spec)
        if axis.values is not None and len(axis.values) == 1:
            found[axis.field] = "it takes one value only"
        if _is_unread_rate(axis.field, spec):
            found[axis.field] = "the optimiser 'fixed_hessian' takes steps of its own"
        for arm in arms:
            reason = _inert(arm, axis.field, spec.workforce.size)
            if reason:
                found[f"{axis.field} (arm {arm.name})"] = reason
    return found


def _inert(arm: Arm, field: str, team: int) -> str | None:
    """Say why a field of the crowd changes nothing in any stage that asks."""
    reasons = [stage.inert(field, team) for stage in arm.asking or (arm,)]
    return None if None in reasons else reasons[-1]


def count_inert(conditions: Iterable[Condition], spec: StudySpec) -> int:
    """Count the conditions that differ from another one along inert axes alone."""
    seen: set[Any] = set()
    number = 0
    for condition in conditions:
        arm, number = condition.arm, number + 1
        settings = (
            (field, value)
            for field, value in condition.settings.items()
            if not _is_unread_rate(field, spec)
            and _inert(arm, field, condition.spec.workforce.size) is None
        )
        seen.add((condition.task_name, arm.name, condition.role, *settings))
    return number - len(seen)


def _is_unread_rate(field: str, spec: StudySpec) -> bool:
    """Whether a field is the learning rate of an optimiser that reads none."""
    params = spec.training.part(planned_parts(spec.part)).params
    return field == "training.learning_rate" and "learning_rate" not in params


def _nowhere(field: str, spec: StudySpec) -> str:
    """Say why a field acts on no arm."""
    is_asked = any(arm.asking for arm in spec.arm)
    is_of_people = field.startswith("crowd.") and is_asked
    if is_of_people and spec.crowd.recording is not None:
        return "recorded people answer as they did"
    return "no arm of this study has this field"
