"""From a spec to the work that is left: checked data and crowds, groups, chunks."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from hitl_sim.learn.crowd import PanelConfig
from hitl_sim.learn.intervention import Arm
from hitl_sim.learn.loop import LABEL, Judging
from hitl_sim.study.compatibility import check_compatibility
from hitl_sim.study.grid import (
    PILOT,
    Condition,
    CrowdContent,
    RecordingContent,
    digest,
    expand,
    record_keys,
)
from hitl_sim.study.parts import check_parts, foreign_parts
from hitl_sim.study.program import annotator_of
from hitl_sim.study.recording import describe_recording
from hitl_sim.study.spec import (
    GOLD,
    CrowdSpec,
    SpecError,
    StudySpec,
    machine_source,
    validate,
)
from hitl_sim.study.trial import Winner, as_tuned, check_tune, foreseen
from hitl_sim.task import TaskData, TaskInfo, check_sizes, load_task
from hitl_sim.task.option import TaskOptions
from oracles import Population, PopulationSource, build_population, describe_population
from oracles.population import traits_of
from oracles.populations import split_name


class Run(NamedTuple):
    """One run of a chunk: its key, condition and replicate."""

    key: str
    condition: Condition
    replicate: int


@dataclass(frozen=True)
class Chunk:
    """Runs that one dispatch computes, at most the study's width of them.

    Attributes:
        id: hash of the keys.
        group: hash of the program's static part.
        runs: in order; lanes past their number are padding.
    """

    id: str
    group: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Plan:
    """A study, resolved.

    Attributes:
        spec: the validated study.
        infos: what is known of each task.
        runs: every run, in the study's order; a key that two conditions share
            appears once for each.
        winners: settings that were found best, where arms are tuned.
    """

    spec: StudySpec
    infos: Mapping[str, TaskInfo]
    runs: tuple[Run, ...]
    winners: tuple[Winner, ...] = ()

    def first(self, replicates: int) -> "Plan":
        """Return the plan of the first replicates alone, with all trials."""
        if replicates >= self.spec.most_replicates:
            return self
        kept = tuple(
            run
            for run in self.runs
            if run.replicate < replicates or run.condition.is_trial
        )
        return replace(self, runs=kept)

    def group_of(self, run: Run) -> str:
        """Hash of the static part of a run's program."""
        return self._groups[id(run.condition)]

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition once, in the order of its first run."""
        return tuple({id(run.condition): run.condition for run in self.runs}.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """Hashes of its programs."""
        return tuple(dict.fromkeys(self._groups.values()))

    @cached_property
    def _groups(self) -> dict[int, str]:
        """Each condition's program: what its replicates share is hashed once."""
        return {
            id(c): digest(c.static(self.infos[c.task_name].content_hash))
            for c in self.conditions
        }

    def labels(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and names, by `store.LABEL_SCHEMA`, of every run in the study's order.

        A record that two conditions share has the names of both, one after the other.
        """
        names = {id(condition): self._label(condition) for condition in self.conditions}
        return [(run.key, names[id(run.condition)]) for run in self.runs]

    def condition_labels(self) -> list[tuple[str, str]]:
        """Hash and arm of every condition, as records name it, in order."""
        names = map(self._label, self.conditions)
        return [(name["condition"], name["arm"]) for name in names]

    def populations(self) -> dict[str, Any]:
        """What is in each population that is asked, by what records call it."""
        found: dict[str, Any] = {}
        for condition in self.conditions:
            if condition.content is None:
                continue
            _, source = source_of(condition.crowd)
            entry = found.setdefault(
                condition.content.label,
                {"summary": source.summary, "status": {}, "numbers": {}},
            )
            for kind in condition.arm.questions_of:
                entry["status"][kind] = source.status[kind]
                entry["numbers"][kind] = source.values(kind)
                if kind in source.joint:
                    entry.setdefault("joint", {})[kind] = source.joint[kind].plain()
                recording = condition.content.recording
                if recording is not None:
                    entry["summary"] = f"Recorded people ({recording.name})."
                    entry.setdefault("recording", {})[kind] = asdict(recording)
                    entry["status"][kind] = _recorded_evidence(recording, source, kind)
        return found

    def machines(self) -> dict[str, Any]:
        """What is known of each machine that is asked, by what the study calls it."""
        found: dict[str, Any] = {}
        for condition in self.conditions:
            for name in condition.arm.all_machines:
                if name not in found:
                    source = machine_source(condition.spec.machine, name)
                    found[name] = asdict(source)
        return found

    def notes(self) -> tuple[str, ...]:
        """What a user should know: oddities of tasks, and crowds of other classes."""
        found = {
            f"task {name!r}: {note}": None
            for name, info in self.infos.items()
            for note in info.notes
        }
        for condition in self.conditions:
            for note in _machine_notes(condition, self.infos[condition.task_name]):
                found[note] = None
            if condition.content is None:
                continue
            label, source = source_of(condition.crowd)
            info = self.infos[condition.task_name]
            for kind in condition.arm.questions_of:
                if kind not in source.joint:
                    continue
                about = f"population {label}, task {condition.task_name!r}: "
                for note in _classes_note(source.joint[kind].options, info.class_names):
                    found[about + note] = None
        return tuple(found)

    def _label(self, condition: Condition) -> dict[str, Any]:
        info = self.infos[condition.task_name]
        content = info.content_hash
        resolved = condition.resolved(content)
        trial_role = "trial_pilot" if condition.role == PILOT else "trial"
        trial = {"trial": trial_role} if condition.is_trial else {}
        return {
            "task": condition.task_name,
            "arm": condition.arm.name,
            "role": trial_role if condition.is_trial else condition.role,
            "kind": condition.arm.kind,
            "population": condition.content.label if condition.content else None,
            "settings": json.dumps(dict(condition.settings), sort_keys=True),
            "parameters": json.dumps(_parameters(condition), sort_keys=True),
            "condition": digest(resolved | {"name": condition.arm.name} | trial),
            "base": digest(condition.base.shared(content)),
        }


def _recorded_evidence(
    recording: RecordingContent, source: PopulationSource, kind: str
) -> str:
    """Say how far answers may be trusted that are recorded, or partly so."""
    words = (
        f"recorded ({recording.num_answers:,} answers of {recording.num_people} people)"
    )
    if recording.policy == "model":
        words += f"; what nobody recorded: {source.name}, {source.status[kind]}"
    elif not recording.is_timed:
        words += f"; times that nobody recorded: {source.name}"
    return words


def _parameters(condition: Condition) -> dict[str, Any]:
    arm = condition.arm
    if not arm.asking:
        return {}
    crowd: dict[str, Any] = {"population": condition.crowd.population}
    recording = condition.content.recording if condition.content else None
    if recording is not None:
        crowd |= {"recording": recording.name, "policy": recording.policy}
    crowd |= condition.parameters
    if condition.is_simulated and "annotator" in condition.crowd.chosen:
        params = annotator_of(condition.spec)[1]
        crowd["annotator"] = condition.crowd.annotator
        crowd |= {f"params.{name}": value for name, value in params.items()}
    if each := condition.parameters.get("accuracies"):
        crowd["accuracies"] = " ".join(f"{accuracy:g}" for accuracy in each)
    return crowd | {
        "people": _each(stage.people for stage in arm.asking),
        "asks": _each(stage.asks for stage in arm.asking),
        "feedback": _each(arm.questions_of),
    }


def _each(values: Iterable[Any]) -> Any:
    """Write what is the same in all stages once, else one after the other."""
    found = list(values)
    return found[0] if len(set(found)) == 1 else ", ".join(map(str, found))


def _classes_note(fitted: Sequence[str], classes: Sequence[str]) -> Iterator[str]:
    """Say what a crowd that was fitted to other classes than a task's leaves out."""
    if len(fitted) != len(classes):
        yield (
            f"it was fitted to {len(fitted)} classes and the task has {len(classes)}: "
            "its confusion of classes is left out, and to which of them a person leans "
            "is drawn at random"
        )
    elif tuple(fitted) != tuple(classes):
        yield (
            "it was fitted to other classes, which stand in their order for the "
            f"task's: {', '.join(fitted)}"
        )


def _machine_notes(condition: Condition, info: TaskInfo) -> Iterator[str]:
    """Say which machines were fitted to other classes than a condition's task has."""
    for name in condition.arm.all_machines:
        fitted = machine_source(condition.spec.machine, name).classes
        if fitted is not None and sorted(fitted) != sorted(info.class_names):
            yield (
                f"machine {name}, task {condition.task_name!r}: it was fitted to other "
                "classes, which stand in their order for the task's: "
                f"{', '.join(fitted)}"
            )


def source_of(crowd: CrowdSpec) -> tuple[str, PopulationSource]:
    """Look a study's population up: what records call it, and what it holds.

    Raises:
        SpecError: there is none, or its file is not as it should be.
    """
    try:
        source = describe_population(crowd.population)
    except ValueError as error:
        raise SpecError(f"[crowd] {error}") from error
    path, _ = split_name(crowd.population)
    return source.name if path is None else f"{source.name} ({Path(path).name})", source


def population_of(
    condition: Condition, info: TaskInfo, stage: Arm | None = None
) -> Population:
    """Build the crowd that a stage of a condition's arm asks, its own if None.

    Where nobody is asked, the population is a stand-in that no program reads.

    Raises:
        SpecError: a parameter that the population refuses, or a population that was
            changed since the study was planned.
    """
    asker = stage or condition.arm
    kind = asker.question
    if kind is None:
        return _stand_in()
    num_options = asker.num_options(info.num_classes, info.num_groups)
    label, source = source_of(condition.crowd)
    content, planned = _hash_of(label, source, kind), condition.content
    every = _hash_of(label, source, *condition.arm.questions_of)
    if planned is not None and planned.hash != every:
        raise SpecError(
            f"Population {condition.crowd.population!r} must stay as it was when the "
            "study was planned, but its numbers have changed. Run the study again."
        )
    parameters = condition.parameters
    params = annotator_of(condition.spec)[1] if condition.is_simulated else {}
    given = tuple(tuple(sorted(table.items())) for table in (parameters, params))
    try:
        return _built(condition.crowd.population, content, kind, num_options, *given)
    except ValueError as error:
        raise SpecError(
            f"[crowd] of arm {condition.arm.name!r} ({kind}): {error}"
        ) from error


def judges_of(
    condition: Condition, info: TaskInfo
) -> tuple[Population | None, Judging | None]:
    """Say who labels a condition's validation items, and how; None with true labels.

    Raises:
        SpecError: the population cannot be built.
    """
    task = condition.task
    if task.validation_by == GOLD:
        return None, None
    try:
        _, source = source_of(CrowdSpec(population=task.validation_by))
        own = (source.content_hash(LABEL), LABEL, info.num_classes, (), ())
        population = _built(task.validation_by, *own)
    except ValueError as error:
        raise SpecError(
            f"`task.{condition.task_name}.validation_by` must be {GOLD!r} or a "
            f"population that labels, got {task.validation_by!r}: {error}"
        ) from error
    panel = PanelConfig(task.num_judges, task.num_judges)
    return jax.tree.map(np.float32, population), Judging(panel, info.num_classes)


@lru_cache(maxsize=512)
def _built(
    name: str,
    content: str,
    kind: str,
    num_options: int,
    parameters: tuple[tuple[str, Any], ...],
    params: tuple[tuple[str, float], ...],
) -> Population:
    """Build a crowd once for all conditions that ask the same."""
    del content  # a population that was written anew is another
    source = describe_population(name)
    built = build_population(source, kind, num_options, **dict(parameters))
    return built._replace(foreign={n: np.float32(value) for n, value in params})


@cache
def _stand_in() -> Population:
    """Build the crowd of arms that ask nobody: once, for it takes as long as a run."""
    return build_population("perfect", "label", 2)


def _hash_of(label: str, source: PopulationSource, *kinds: str) -> str:
    return digest([label, *map(source.content_hash, kinds)])


def with_content(condition: Condition, info: TaskInfo) -> Condition:
    """Add to a condition what its population holds, for its keys and its program.

    Raises:
        SpecError: the population cannot be built.
    """
    asking = condition.arm.asking
    if not asking:
        return condition
    crowds = [population_of(condition, info, stage) for stage in asking]
    label, source = source_of(condition.crowd)
    population = crowds[-1]
    spread = population.activity_spread
    traits = tuple(dict.fromkeys(t for crowd in crowds for t in traits_of(crowd)))
    content = _hash_of(label, source, *condition.arm.questions_of)
    recording = describe_recording(condition, info)
    if recording is not None:
        # whoever stands in for recorded people is named beside them
        beside = f", else {label}" if recording.policy == "model" else ""
        label = f"{recording.name}{beside}"
    found = CrowdContent(
        label=label,
        hash=content,
        traits=(*traits, "skill of each") if np.ndim(population.skill) else traits,
        activity_spread=0.0 if spread is None else float(np.asarray(spread)),
        recording=recording,
    )
    return replace(condition, content=found)


def load_data(spec: StudySpec, name: str) -> tuple[TaskInfo, TaskData]:
    """Load one task's data.

    Args:
        spec: the study; a part that makes the task is loaded.
        name: of the task's table.

    Raises:
        SpecError: the data are missing or damaged.
    """
    task = spec.task[name]
    foreign = foreign_parts(spec) if task.source in spec.part else {}
    try:
        choices = {f.name: getattr(task, f.name) for f in fields(TaskOptions)}
        return load_task(task.source, options=task.options, foreign=foreign, **choices)
    except (ValueError, OSError) as error:
        is_named = task.source in str(error)
        where = f"[task.{name}]" + ("" if is_named else f" {task.source!r}:")
        raise SpecError(f"{where} {error}") from error


def _check_sizes(condition: Condition, info: TaskInfo) -> None:
    """Refuse a pool and held-out parts, swept ones too, that the data cannot fill."""
    task, prefix = condition.task, f"task.{condition.task_name}."
    try:
        check_sizes(info, task.pool, task.validation, task.test, prefix)
    except ValueError as error:
        raise SpecError(str(error)) from error


def _check_judges(spec: StudySpec) -> None:
    """Refuse a number of people who label nothing, where nothing else is swept."""
    swept = any(axis.field == "task.validation_by" for axis in spec.axis)
    for name, task in spec.task.items():
        if task.validation_people and not task.num_judges and not swept:
            raise SpecError(
                f"`task.{name}.validation_people` must be left out where "
                f"`validation_by` is {GOLD!r}, got {task.validation_people}."
            )


def _check_controls(
    conditions: Sequence[Condition], infos: Mapping[str, TaskInfo]
) -> None:
    """Refuse arms that no control of their own task, network and training is beside.

    Their runs could be compared with none, which would be found after all of them.
    """
    bases = [digest(c.base.shared(infos[c.task_name].content_hash)) for c in conditions]
    known = {b for b, c in zip(bases, conditions, strict=True) if c.role == "control"}
    for base, condition in zip(bases, conditions, strict=True):
        if base not in known and not condition.is_trial:
            where = ", ".join(f"{k} = {v!r}" for k, v in condition.settings.items())
            raise SpecError(
                "`axis.arms` and `exclude` must leave a control beside every arm, got "
                f"none for arm {condition.arm.name!r} of task {condition.task_name!r}"
                f"{f' at {where}' if where else ''}."
            )


def plan_study(spec: StudySpec, winners: Sequence[Winner] = ()) -> Plan:
    """Plan a study that is about to run: its own parts are held to their contracts.

    Of arms that are to be tuned it lists as many trials as there will be, of which not
    all are those that will be run.

    Args:
        spec: the study.
        winners: what an earlier search in its folder found, if any.

    Raises:
        SpecError: as `build_plan` and `parts.check_parts`; nothing was computed.
    """
    spec = validate(spec)
    check_tune(spec)
    _check_judges(spec)
    conditions = expand(spec, as_tuned(spec, winners) if spec.tune else None)
    if spec.part:
        # before anything of them is built here
        check_parts(conditions)
    return build_plan(spec, [*conditions, *foreseen(spec)])


def plan_tuned(
    spec: StudySpec, winners: Sequence[Winner], trials: Sequence[Condition] = ()
) -> Plan:
    """Plan the runs of a study whose arms have the settings that were found.

    Args:
        spec: the study.
        winners: what was found; nothing where it is not tuned.
        trials: by what, to be listed too.
    """
    tuned = as_tuned(spec, winners) if spec.tune else None
    return build_plan(spec, [*expand(spec, tuned), *trials], tuple(winners))


def build_plan(
    spec: StudySpec,
    conditions: Sequence[Condition] | None = None,
    winners: tuple[Winner, ...] = (),
) -> Plan:
    """Resolve a study: load its data, check its crowds, list its runs.

    Nothing is written, and no backend is started.

    Args:
        spec: the study.
        conditions: as `expand` lists them; it does when left out.
        winners: by which their arms were tuned.

    Raises:
        SpecError: anything that would fail later and can be known now.
    """
    conditions = expand(spec) if conditions is None else conditions
    used = {c.task_name for c in conditions}
    infos = {name: load_data(spec, name)[0] for name in spec.task if name in used}
    for condition in conditions:
        _check_sizes(condition, infos[condition.task_name])
        check_compatibility(condition, infos[condition.task_name])
        judges_of(condition, infos[condition.task_name])
    _check_controls(conditions, infos)
    conditions = [with_content(c, infos[c.task_name]) for c in conditions]
    runs = tuple(
        Run(key, condition, replicate)
        for condition in conditions
        for replicate, key in zip(
            condition.runs,
            record_keys(condition, infos[condition.task_name].content_hash),
            strict=True,
        )
    )
    return Plan(spec, infos, runs, winners)


def chunks_left(plan: Plan, finished: Collection[str]) -> list[Chunk]:
    """Cut the runs that are not finished into chunks.

    Runs of one program follow each other in the study's order. Because a finished
    chunk is finished whole, what is left after an interruption is cut as it would
    have been cut without.

    Args:
        plan: the study.
        finished: keys that need no run.

    Returns:
        Chunks; the first of every group come first, so that workers compile
        different programs.
    """
    groups: dict[str, list[Run]] = {}
    seen: set[str] = set(finished)
    for run in plan.runs:
        if run.key in seen:
            continue
        seen.add(run.key)
        groups.setdefault(plan.group_of(run), []).append(run)
    width = plan.spec.dispatch_size
    cut = [
        [
            Chunk(
                digest([r.key for r in runs[i : i + width]], 24),
                group,
                tuple(runs[i : i + width]),
            )
            for i in range(0, len(runs), width)
        ]
        for group, runs in groups.items()
    ]
    depth = max((len(chunks) for chunks in cut), default=0)
    return [chunks[d] for d in range(depth) for chunks in cut if d < len(chunks)]
