"""The tables [[arm]] of a study, each read to the table of its intervention."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.learn.intervention import Arm, table_of
from hitl_sim.part import Part, builtin, find
from hitl_sim.study.spec.crowd import CrowdSpec

Role = Literal["control", "null", "arm"]

if TYPE_CHECKING:
    Arms = tuple[Arm, ...]
else:
    # which table an arm has is looked up by its kind, not known here
    Arms = Annotated[tuple[Any, ...], Meta(min_length=1)]


def arm_kinds(parts: Mapping[str, Part] | None = None) -> tuple[str, ...]:
    """List the kinds of arm there are, those that a study brings last."""
    brought = (parts or {}).items()
    own = [name for name, part in brought if part.kind == "intervention"]
    return (*builtin("intervention"), *own)


def arm_table(kind: str, parts: Mapping[str, Part] | None = None) -> type[Arm]:
    """Return the table of an arm.

    Args:
        kind: of the arm.
        parts: parts that the study brings.

    Raises:
        PartError: there is no such kind.
    """
    return table_of(find("intervention", kind, parts))


def control_of(arms: Sequence[Arm]) -> int:
    """Return the place of the control among the arms of a study."""
    return next(i for i, arm in enumerate(arms) if arm.role == "control")


def is_replayed(arm: Arm, crowd: CrowdSpec) -> bool:
    """Whether recorded people answer an arm's questions."""
    is_open = arm.question is not None and not arm.simulated
    return is_open and crowd.recording is not None
