"""The tables [[arm]] of a study, each read to the table of its intervention."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.learn.efficiency import own
from hitl_sim.learn.intervention import Arm, foreign
from hitl_sim.part import Kind, Part, builtin, find
from hitl_sim.study.spec.crowd import CrowdSpec

Role = Literal["control", "null", "arm"]

if TYPE_CHECKING:
    Arms = tuple[Arm, ...]
else:
    # which table an arm has is looked up by its kind, not known here
    Arms = Annotated[tuple[Any, ...], Meta(min_length=1)]


def kinds_of(kind: Kind, parts: Mapping[str, Part] | None = None) -> tuple[str, ...]:
    """List the parts of a kind there are, those that a study brings last."""
    brought = (parts or {}).items()
    found = [name for name, part in brought if part.kind == kind]
    return (*builtin(kind), *found)


BROUGHT: Mapping[str, Any] = MappingProxyType(
    {"intervention": foreign.BROUGHT, "method": own.BROUGHT}
)
"""The struct of a part that a study brings, by the kinds that have tables."""


def table_of(kind: Kind, name: str, parts: Mapping[str, Part] | None = None) -> Any:
    """Return the struct that an arm, or a method of it, is read to.

    Args:
        kind: "intervention" or "method".
        name: of the part.
        parts: parts that the study brings.

    Raises:
        PartError: there is no such part.
    """
    return getattr(find(kind, name, parts).factory, "table", BROUGHT[kind])


def control_of(arms: Sequence[Arm]) -> int:
    """Return the place of the control among the arms of a study."""
    return next(i for i, arm in enumerate(arms) if arm.role == "control")


def is_replayed(arm: Arm, crowd: CrowdSpec) -> bool:
    """Whether recorded people answer an arm's questions."""
    is_open = bool(arm.asking) and not arm.simulated
    return is_open and crowd.recording is not None
