"""Recorded answers for a study: read, matched to a task by id, and seen to suffice."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hitl_sim.participants.answers import Answers, kinds_of, options_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers
from hitl_sim.participants.record import Record
from hitl_sim.study.grid import Condition, RecordingContent
from hitl_sim.study.program import program_of
from hitl_sim.study.spec import SpecError, in_study
from hitl_sim.table.spelling import canonical, identities
from hitl_sim.task import TaskInfo
from hitl_sim.task.content import hash_content
from oracles.feedback import KINDS
from oracles.parameter import PARAMETERS
from oracles.replay import RecordedAnswers, count_people, record_answers

LEVELS = {"0": 0, "1": 1, "2": 2}
"""Ratings of relevance: drop, unsure, keep."""
MOST_CELLS = 2**28
"""Most times that one dispatch may hold, s; some 6 bytes each with their flags."""
_KINDS = {n: k.recorded_as for n, k in KINDS.items() if k.recorded_as is not None}
"""Kind of recorded answer behind each kind of question."""


@dataclass(frozen=True)
class Recording:
    """Recorded answers to one kind of question about a task.

    Attributes:
        answers: as numpy arrays; items are numbered as the task's.
        content: what a plan says of them, but for the policy.
    """

    answers: RecordedAnswers
    content: RecordingContent


def load_recording(path: str, info: TaskInfo, feedback: str = "label") -> Recording:
    """Read recorded answers and match them to a task.

    Args:
        path: a table of answers with the columns of `hitl_sim.participants.answers`.
        info: the task, whose items and classes, or feature groups, they must name.
        feedback: what is asked: "label"; "relevance", answered by ratings 0 (drop), 1
            (unsure) and 2 (keep); or "marks" of the task's feature groups, its items'
            parts, by one look at all of them.

    Raises:
        SpecError: the file cannot be read, holds no such answers, or names items,
            classes or groups that the task does not have.
    """
    try:
        stamp = Path(path).stat()
        version = (stamp.st_mtime_ns, stamp.st_size)
    except OSError:
        version = (0, 0)
    return _load(path, version, info, feedback)


@lru_cache(maxsize=8)
def _load(
    path: str, version: tuple[int, int], info: TaskInfo, feedback: str
) -> Recording:
    del version  # a file that was written anew is another
    with in_study(f"[crowd] `recording` {path!r}: "):
        # people keep their order whatever they are called: no new pseudonyms
        answers = read_answers(Path(path), Layout(is_pseudonymous=False))
        part = _rows_of_kind(answers, path, _KINDS[feedback])
        record = to_record(part, _KINDS[feedback])
        found = _matched(record, part, path, info, feedback)
    arrays = {name: np.asarray(leaf) for name, leaf in found._asdict().items()}
    content = RecordingContent(
        name=Path(path).name,
        hash=hash_content(arrays, {}),
        policy="",
        num_answers=len(found.key),
        num_people=record.num_people,
        num_items=len(np.unique(record.item)),
        is_timed=not bool(np.isnan(found.seconds).any()),
    )
    return Recording(found, content)


def _rows_of_kind(answers: Answers, path: str, kind: str) -> Answers:
    held = kinds_of(answers)
    if kind not in held:
        raise SpecError(
            f"`crowd.recording` must hold answers of kind {kind!r}, got {path!r} with "
            f"{', '.join(map(repr, held))}."
        )
    codes, names = answers.codes("kind")
    return answers.rows(codes == names.index(kind))


def _matched(
    record: Record, part: Answers, path: str, info: TaskInfo, feedback: str
) -> RecordedAnswers:
    """Number answers as the task does."""
    if feedback == "marks":
        item, num_items = _one_item(record, path, info), 1
        marks = np.asarray(record.marks, np.int64)[:, : info.num_groups]
        answer = np.where(record.answer[:, None] >= 0, marks, -1)
    else:
        item = _rows_of(part.codes("item")[1], path, info)[record.item]
        names = options_of(part, _KINDS[feedback])
        option = _options_of(names, path, info, feedback)
        num_items = info.num_items
        answer = np.where(record.answer >= 0, option[record.answer], -1)
    return record_answers(
        record.person,
        item,
        answer,
        record.num_people,
        occasion=record.occasion,
        seconds=record.seconds,
        num_items=num_items,
    )


def _one_item(record: Record, path: str, info: TaskInfo) -> npt.NDArray[np.int64]:
    """See that marks are of the task's feature groups, all at once."""
    parts = np.unique(np.asarray(record.num_parts))
    if record.num_items != 1 or parts.tolist() != [info.num_groups]:
        raise SpecError(
            f"`crowd.recording` must hold marks of one item with {info.num_groups} "
            f"parts, the feature groups of task {info.name!r}, got "
            f"{record.num_items} with {', '.join(map(str, parts))} in {path!r}."
        )
    return np.zeros(record.item.size, np.int64)


def _rows_of(items: list[str], path: str, info: TaskInfo) -> npt.NDArray[np.int64]:
    """Find recorded items in the task."""
    if info.item_ids is None:
        raise SpecError(
            f"`task` {info.name!r} must say what a recording calls its items: "
            "`item_column` of a table, or an array 'item' of a .npz file, got neither."
        )
    place = {name: row for row, name in enumerate(info.item_ids)}
    for row, name in enumerate(info.item_ids):
        place.setdefault(canonical(name), row)
    strange = [name for name in items if name not in place]
    if strange:
        raise SpecError(
            f"`crowd.recording` must be of items of task {info.name!r} (as "
            f"{info.item_ids[0]!r}), got {strange[0]!r} in {path!r}; "
            f"{len(strange)} of its {len(items)} items are not in the task."
        )
    return np.array([place[name] for name in items], np.int64)


def _options_of(
    options: tuple[str, ...], path: str, info: TaskInfo, feedback: str
) -> npt.NDArray[np.int64]:
    """Find recorded options among the task's classes, or the levels of relevance."""
    place = {name: number for number, name in enumerate(info.class_names)}
    must = f"name classes of task {info.name!r}"
    if feedback == "relevance":
        place, must = LEVELS, "rate items by 0 (drop), 1 (unsure) or 2 (keep)"
    same = identities([*place, *options])
    by_option = {same[name]: number for name, number in place.items()}
    found = {name: place.get(name, by_option.get(same[name])) for name in options}
    strange = [name for name in options if found[name] is None]
    if strange:
        raise SpecError(
            f"`crowd.recording` must {must} ({', '.join(map(repr, place))}), got "
            f"{strange[0]!r} in {path!r}."
        )
    return np.array([found[name] for name in options], np.int64)


def recording_of(condition: Condition, info: TaskInfo) -> RecordedAnswers | None:
    """Return the answers that a condition replays, None where it replays none.

    Raises:
        SpecError: as `load_recording`; or the recording was changed since the study
            was planned.
    """
    found = _recording_of(condition, info)
    planned = condition.content.recording if condition.content else None
    if found is not None and planned is not None and planned.hash != found.content.hash:
        raise SpecError(
            f"Recording {condition.crowd.recording!r} must stay as it was when the "
            "study was planned, but its answers have changed. Run the study again."
        )
    return None if found is None else found.answers


def _recording_of(condition: Condition, info: TaskInfo) -> Recording | None:
    path, question = condition.crowd.recording, condition.arm.question
    if path is None or question is None or not condition.is_replayed:
        return None
    return load_recording(path, info, question)


def describe_recording(condition: Condition, info: TaskInfo) -> RecordingContent | None:
    """Look up what a condition's recording holds, and see that it suffices.

    Raises:
        SpecError: as `load_recording`; or the team, the task's items or the parameters
            do not fit it.
    """
    found = _recording_of(condition, info)
    if found is None:
        return None
    program = program_of(condition, info, info.num_features // info.num_groups)
    num_questions = condition.arm.asked_in(program)
    content = replace(found.content, policy=str(condition.crowd.policy))
    if condition.spec.workforce.size != content.num_people:
        raise SpecError(
            f"`workforce.size` must be {content.num_people}, the people of "
            f"`crowd.recording`, who are the team of arm {condition.arm.name!r}, got "
            f"{condition.spec.workforce.size}."
        )
    _check_room(condition, num_questions)
    _check_supply(condition, found.answers, info, num_questions)
    _check_times(condition, content.is_timed)
    return content


def _check_room(condition: Condition, num_questions: int) -> None:
    """Refuse a dispatch whose times, one by person and question, need gigabytes."""
    arm, spec = condition.arm, condition.spec
    cells = spec.workforce.size * num_questions * arm.asks
    if spec.dispatch_size * cells > MOST_CELLS:
        raise SpecError(
            f"`dispatch_size` must be <= {max(MOST_CELLS // cells, 1)} where "
            f"{spec.workforce.size} "
            f"recorded people may be asked {num_questions} questions in arm "
            f"{arm.name!r}, got {spec.dispatch_size}."
        )


def _check_supply(
    condition: Condition, answers: RecordedAnswers, info: TaskInfo, asked: int
) -> None:
    """Refuse questions that are bound to go beyond the recording."""
    arm, task, policy = condition.arm, condition.task, condition.crowd.policy
    if policy == "model":
        return
    where = f"in arm {arm.name!r} with `crowd.policy` {policy!r}"
    num_items = int(answers.num_items)
    people = count_people(answers, arm.asks, num_items)
    is_enough = people >= arm.people
    need = f"{arm.people} people" + (f", {arm.asks} times each" if arm.asks > 1 else "")
    if policy == "restrict":
        there = int(is_enough.sum())
        if asked > there:
            raise SpecError(
                f"`arm.questions` must not exceed the {there} items that {need} have "
                f"answered, got {asked} in all {where}."
            )
        return
    for name in ("irrelevant", "duplicate"):
        if getattr(task, name) > 0.0 and arm.question != "marks":
            raise SpecError(
                f"`task.{condition.task_name}.{name}` must be 0, for nobody answered "
                f"items that are made up, got {getattr(task, name):g} {where}."
            )
    if not is_enough.all():
        row = int((~is_enough).argmax())
        item = info.item_ids[row] if info.item_ids else str(row)
        raise SpecError(
            f"`crowd.recording` must have answers of {need} for all "
            f"{num_items} items, got {int(people[row])} for item {item!r} and too "
            f"few for {int((~is_enough).sum())} in all {where}. Say 'restrict' to ask "
            "about the others only, or 'model' to let the population answer."
        )


def _check_times(condition: Condition, is_timed: bool) -> None:
    of_time = [name for name, row in PARAMETERS.items() if row.beside == "times"]
    given = [name for name in of_time if name in condition.parameters]
    if given and is_timed and condition.crowd.policy != "model":
        raise SpecError(
            f"`crowd.{given[0]}` must be left out where `crowd.recording` has a time "
            f"for every answer, got {condition.parameters[given[0]]:g}."
        )
