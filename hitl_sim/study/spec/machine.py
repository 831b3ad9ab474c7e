"""The tables [machine.NAME] of a study: machines that answer as annotators do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from hitl_sim.learn.intervention import Arm
from hitl_sim.schema import Share, Table
from hitl_sim.study.spec.base import SpecError, in_study
from oracles.machines import MACHINES, NUMBERS, MachineSource, describe_machine
from oracles.populations import split_name


class MachineSpec(Table, frozen=True):
    """A machine among the annotators: what it says, not what it costs.

    What an answer of it costs stands in the table [prices.machine.NAME].

    Attributes:
        model: a machine that ships ("typical", "perfect", "guessing"), the path of a
            .toml file, as `hitl-sim fit-machine` writes it, or such a path, a colon and
            the name of one of its machines.
        accuracy: share of its answers that are right, in every class; the model's own
            where left out. Refused of a model that has a confusion of classes.
        shared_error: correlation of the noise of two copies on one item.
        repeatability: correlation of the noise of a copy that is asked twice; 1 always
            says the same.
        confidence: probability that it is more confident of a right answer than of a
            wrong one.
    """

    model: str = "typical"
    accuracy: Share | None = None
    shared_error: Share | None = None
    repeatability: Share | None = None
    confidence: Annotated[float, Meta(ge=0.5, le=1.0)] | None = None


def machine_source(machines: Mapping[str, MachineSpec], name: str) -> MachineSource:
    """Look a machine of a study up, with the numbers that the study sets anew.

    Args:
        machines: the study's tables.
        name: one of these, or a machine that ships.

    Raises:
        SpecError: there is none, its file is not as it should be, or a number is
            impossible.
    """
    if name not in machines and name not in MACHINES:
        allowed = ", ".join(map(repr, dict.fromkeys([*machines, *MACHINES])))
        raise SpecError(
            f"`arm.machine` must be a table [machine.NAME] or a machine that ships "
            f"({allowed}), got {name!r}."
        )
    spec = machines.get(name, MachineSpec(model=name))
    numbers: dict[str, Any] = {field: getattr(spec, field) for field in NUMBERS}
    try:
        return describe_machine(spec.model).with_numbers(**numbers)
    except ValueError as error:
        words = str(error)
        # the study's field is called so
        words = words.replace("`machine` must", "`model` must")
        raise SpecError(f"[machine.{name}] {words}") from error


def check_machines(
    machines: Mapping[str, MachineSpec], arms: tuple[Arm, ...], priced: Iterable[str]
) -> None:
    """Refuse machines that are not there, or that nobody asks; priced ones likewise.

    Those of a file are read when a study is planned.

    Args:
        machines: the study's tables.
        arms: with all their stages.
        priced: names of machines that have a price.

    Raises:
        SpecError: the message names the field, the value and what is allowed.
    """
    asked = {name: None for arm in arms for name in arm.all_machines}
    for name in asked:
        own = machines.get(name)
        if own is None or split_name(own.model)[0] is None:
            machine_source(machines, name)
    tables = (f"machine.{name}" for name in machines)
    for field in (*tables, *(f"prices.machine.{name}" for name in priced)):
        if field.rpartition(".")[2] not in asked:
            raise SpecError(
                f"`{field}` must be asked by some arm, in its field `machine`, "
                f"got a table that no arm names (they name {list(asked) or 'none'})."
            )


def check_asked(
    machines: Mapping[str, MachineSpec], arm: Arm, classes: Sequence[str]
) -> None:
    """Refuse machines of other classes than a task's, or without what an arm needs.

    Args:
        machines: the study's tables.
        arm: with all its stages.
        classes: names of the task's.

    Raises:
        SpecError: the message names the field, the value and what is allowed.
    """
    for name in arm.all_machines:
        source = machine_source(machines, name)
        with in_study(f"[machine.{name}] "):
            source.rows(len(classes), classes)
    for stage in (*arm.before, arm):
        for name in stage.machines if stage.needs_confidence else ():
            if machine_source(machines, name).confidence is None:
                raise SpecError(
                    f"`machine.{name}.confidence` must be given where people look at "
                    "what it is least sure of, for its model gives none, got none with "
                    f'arm {arm.name!r}. `doubts = "random"` needs none.'
                )
