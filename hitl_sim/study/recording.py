"""Recorded answers for a study: read, matched to a task by id, and seen to suffice."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.coded import kinds_of, options_of, to_record
from hitl_sim.participants.table_file import Layout, read_answers
from hitl_sim.study.grid import Condition, RecordingContent
from hitl_sim.study.spec import TIME_DIALS, LabellingArm, SpecError
from hitl_sim.task import TaskInfo
from hitl_sim.task.content import hash_content
from oracles.replay import RecordedAnswers, count_people, record_answers


def load_recording(path: str, info: TaskInfo) -> RecordedAnswers:
    """Read recorded labels and match them to a task.

    Args:
        path: a table of answers with the columns of `hitl_sim.participants.answers`.
        info: the task, whose items and classes they must name.

    Returns:
        The answers, as numpy arrays; items are numbered as the task's.

    Raises:
        SpecError: the file cannot be read, holds no labels, or names items or classes
            that the task does not have.
    """
    try:
        stamp = Path(path).stat()
        version = (stamp.st_mtime_ns, stamp.st_size)
    except OSError:
        version = (0, 0)
    return _load(path, version, info)


@lru_cache(maxsize=4)
def _load(path: str, version: tuple[int, int], info: TaskInfo) -> RecordedAnswers:
    del version  # a file that was written anew is another
    try:
        # people keep their order whatever they are called: no new pseudonyms
        answers = read_answers(Path(path), Layout(is_pseudonymous=False))
    except ValueError as error:
        raise SpecError(f"[crowd] `recording`: {error}") from error
    held = kinds_of(answers)
    if LABEL not in held:
        raise SpecError(
            f"`crowd.recording` must hold answers of kind 'label', got {path!r} with "
            f"{', '.join(map(repr, held))}."
        )
    codes, names = answers.codes("kind")
    part = answers.rows(codes == names.index(LABEL))
    try:
        record = to_record(part, LABEL)
    except ValueError as error:
        raise SpecError(f"[crowd] `recording`: {error}") from error
    row = _rows_of(part.codes("item")[1], path, info)
    option = _classes_of(options_of(part, LABEL), path, info)
    try:
        return record_answers(
            record.person,
            row[record.item],
            np.where(record.answer >= 0, option[record.answer], -1),
            record.num_people,
            occasion=record.occasion,
            seconds=record.seconds,
            num_items=info.num_items,
        )
    except ValueError as error:
        raise SpecError(f"[crowd] `recording` {path!r}: {error}") from error


def _rows_of(items: list[str], path: str, info: TaskInfo) -> npt.NDArray[np.int64]:
    """Find recorded items in the task."""
    if info.item_ids is None:
        raise SpecError(
            f"`task` {info.name!r} must say what a recording calls its items: "
            "`item_column` of a table, or an array 'item' of a .npz file, got neither."
        )
    place = {name: row for row, name in enumerate(info.item_ids)}
    strange = [name for name in items if name not in place]
    if strange:
        raise SpecError(
            f"`crowd.recording` must be of items of task {info.name!r} (as "
            f"{info.item_ids[0]!r}), got {strange[0]!r} in {path!r}; "
            f"{len(strange)} of its {len(items)} items are not in the task."
        )
    return np.array([place[name] for name in items], np.int64)


def _classes_of(
    options: tuple[str, ...], path: str, info: TaskInfo
) -> npt.NDArray[np.int64]:
    """Find recorded options among the task's classes."""
    place = {name: number for number, name in enumerate(info.class_names)}
    strange = [name for name in options if name not in place]
    if strange:
        raise SpecError(
            f"`crowd.recording` must name classes of task {info.name!r} "
            f"({', '.join(map(repr, info.class_names))}), got {strange[0]!r} in "
            f"{path!r}."
        )
    return np.array([place[name] for name in options], np.int64)


def recording_of(condition: Condition, info: TaskInfo) -> RecordedAnswers | None:
    """Return the answers that a condition replays, None where it replays none.

    Raises:
        SpecError: as `load_recording`; or the recording was changed since the study
            was planned.
    """
    path = condition.crowd.recording
    if path is None or not condition.is_replayed:
        return None
    answers = load_recording(path, info)
    planned = condition.content.recording if condition.content else None
    if planned is not None and planned.hash != _hash_of(answers):
        raise SpecError(
            f"Recording {path!r} must stay as it was when the study was planned, but "
            "its answers have changed. Run the study again."
        )
    return answers


def describe_recording(condition: Condition, info: TaskInfo) -> RecordingContent | None:
    """Look up what a condition's recording holds, and see that it suffices.

    Raises:
        SpecError: as `recording_of`; or the crew, the task's items or the dials do not
            fit it.
    """
    answers = recording_of(condition, info)
    if answers is None:
        return None
    looks = np.asarray(answers.key) // int(answers.num_occasions)
    num_people = int(looks.max()) // info.num_items + 1
    is_timed = not bool(np.isnan(answers.seconds).any())
    _check_crew(condition, num_people)
    _check_supply(condition, answers, info)
    _check_times(condition, is_timed)
    return RecordingContent(
        name=Path(str(condition.crowd.recording)).name,
        hash=_hash_of(answers),
        policy=str(condition.crowd.policy),
        num_answers=len(answers.key),
        num_people=num_people,
        num_items=len(np.unique(looks % info.num_items)),
        is_timed=is_timed,
    )


def _hash_of(answers: RecordedAnswers) -> str:
    arrays = {name: np.asarray(leaf) for name, leaf in answers._asdict().items()}
    return hash_content(arrays, {})


def _check_crew(condition: Condition, num_people: int) -> None:
    size = condition.spec.crew.size
    if size != num_people:
        raise SpecError(
            f"`crew.size` must be {num_people}, the people of `crowd.recording`, who "
            f"are the crew of arm {condition.arm.name!r}, got {size}."
        )


def _check_supply(
    condition: Condition, answers: RecordedAnswers, info: TaskInfo
) -> None:
    """Refuse questions that are bound to go beyond the recording."""
    arm, task, policy = condition.arm, condition.task, condition.crowd.policy
    if not isinstance(arm, LabellingArm) or policy == "model":
        return
    where = f"in arm {arm.name!r} with `crowd.policy` {policy!r}"
    people = count_people(answers, arm.asks, info.num_items)
    is_enough = people >= arm.people
    need = f"{arm.people} people" + (f", {arm.asks} times each" if arm.asks > 1 else "")
    if policy == "restrict":
        asked, there = arm.rounds * arm.questions, int(is_enough.sum())
        if asked > there:
            raise SpecError(
                f"`arm.questions` must not exceed the {there} items that {need} have "
                f"answered, got {asked} in all {where}."
            )
        return
    for name in ("irrelevant", "duplicate"):
        if getattr(task, name) > 0.0:
            raise SpecError(
                f"`task.{condition.task_name}.{name}` must be 0, for nobody answered "
                f"items that are made up, got {getattr(task, name):g} {where}."
            )
    if not is_enough.all():
        row = int((~is_enough).argmax())
        item = info.item_ids[row] if info.item_ids else str(row)
        raise SpecError(
            f"`crowd.recording` must have answers of {need} for all "
            f"{info.num_items} items, got {int(people[row])} for item {item!r} and too "
            f"few for {int((~is_enough).sum())} in all {where}. Say 'restrict' to ask "
            "about the others only, or 'model' to let the population answer."
        )


def _check_times(condition: Condition, is_timed: bool) -> None:
    given = [name for name in TIME_DIALS if name in condition.dials]
    if given and is_timed and condition.crowd.policy != "model":
        raise SpecError(
            f"`crowd.{given[0]}` must be left out where `crowd.recording` has a time "
            f"for every answer, got {condition.dials[given[0]]:g}."
        )
