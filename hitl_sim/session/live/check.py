"""Which studies people at a desk can answer, refused in one line where they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hitl_sim.session.desk.named import SIMULATED, check_desk
from hitl_sim.session.error import SessionError
from hitl_sim.session.live.choice import DeskChoice
from hitl_sim.session.live.content import SHOWN
from hitl_sim.study.grid import Condition
from hitl_sim.study.spec import GOLD, StudySpec
from hitl_sim.study.spec.replicates import ReplicateRule
from hitl_sim.task import TaskInfo

OF_REAL = (
    "label",
    "verification",
    "relevance",
    "importance",
    "marks",
    "difficulty",
)
"""Kinds of question that a study can put to real people. A preference is about two
items with their given labels, which no page shows side by side."""


def check_choice(choice: DeskChoice) -> None:
    """Refuse what contradicts itself.

    Raises:
        SessionError: names the argument, its value, what is allowed.
    """
    check_desk(choice.name)
    of_real = {"at": choice.at, "deadline_s": choice.deadline_s}
    for name, value in (of_real | {"real_people": choice.real_people}).items():
        if value and not choice.is_real:
            raise SessionError(
                f"`{name}` must be left out with the desk {SIMULATED!r}, where nobody "
                f"real answers, got {value!r}."
            )
    if choice.is_real and choice.speed is not None:
        raise SessionError(
            "`speed` must be left out where real people answer in their own time, got "
            f"{choice.speed!r}."
        )
    if choice.real_people < 0:
        raise SessionError(f"`real_people` must be >= 1, got {choice.real_people}.")


def check_study(spec: StudySpec, choice: DeskChoice) -> None:
    """Refuse a study whose rounds cannot be driven.

    Raises:
        SessionError: names the field of the study, its value, what is allowed.
    """
    if spec.tune is not None:
        raise SessionError(
            "`tune` must be left out of a study whose people answer at a desk: they "
            "would answer for every trial. Write the settings that `hitl-sim run` "
            "found into the study."
        )
    if isinstance(spec.replicates, ReplicateRule):
        raise SessionError(
            "`replicates` must be a number where people answer at a desk, got a rule."
        )
    if spec.crowd.recording is not None:
        raise SessionError(
            "`crowd.recording` must be left out where people answer at a desk, got "
            f"{spec.crowd.recording!r}: `hitl-sim run` replays recorded people."
        )
    if not choice.is_real:
        return
    for name, task in spec.task.items():
        if task.validation_by != GOLD:
            raise SessionError(
                f"`task.{name}.validation_by` must be {GOLD!r} where real people "
                f"answer, got {task.validation_by!r}, who are simulated."
            )
    for axis in spec.axis:
        if axis.field.startswith("crowd.") and not choice.real_people:
            raise SessionError(
                "`axis.field` must not be of [crowd] where real people answer, who are "
                f"who they are, got {axis.field!r}."
            )


def check_conditions(
    conditions: Iterable[Condition], infos: Mapping[str, TaskInfo], choice: DeskChoice
) -> None:
    """Refuse arms whose people could not see what they are asked, or all of them.

    Raises:
        SessionError: no arm asks anybody, or one that does cannot be driven.
    """
    asking = [condition for condition in conditions if condition.arm.asking]
    if not asking:
        raise SessionError(
            "`arm.kind` must be of people in one arm at the least, got a study that "
            "asks nobody: `hitl-sim run` runs it."
        )
    for condition in asking if choice.is_real else ():
        arm, info = condition.arm, infos[condition.task_name]
        for stage in arm.asking:
            if stage.question not in OF_REAL:
                raise SessionError(
                    f"`arm.kind` must ask for one of {', '.join(OF_REAL)} where real "
                    f"people answer, got {stage.kind!r} in arm {arm.name!r}, which "
                    f"asks for {stage.question}."
                )
            is_of_groups = stage.question in ("importance", "marks")
            if not is_of_groups and info.kind not in SHOWN:
                raise SessionError(
                    f"`task.{condition.task_name}.source` must be of pictures or a "
                    "table where real people judge its items, for a study keeps no "
                    f"other content, got {info.kind!r} with arm {arm.name!r}. A "
                    "session shows any."
                )
