"""Primary conditions: each arm with people at the study's own crowd."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hitl_sim.schema import Scalar
from hitl_sim.study.grid import Condition
from hitl_sim.study.spec import StudySpec

_OF_PEOPLE = ("crowd", "workforce", "arm")
"""Tables whose swept values tell conditions of one arm apart; those of other tables
make another base, with a control of its own."""


def primary_conditions(
    conditions: Sequence[Condition], spec: StudySpec
) -> tuple[Condition, ...]:
    """Pick the conditions that a study's replicates are planned for.

    Of each arm that asks people, in each base, these are the ones in which every swept
    field of crowd, workforce and arm has the value that the study's own tables give it;
    where that value is not among those swept, the first condition's in the study's
    order. Where no arm asks people, arms that ask nobody stand in their place.

    Args:
        conditions: of the study, in its order.
        spec: the study.

    Returns:
        One condition per arm and base, in the study's order.
    """
    arms = [c for c in conditions if c.role == "arm" and not c.is_trial]
    asked = [c for c in arms if c.arm.asking] or arms
    tables = msgspec.to_builtins(spec)
    found: dict[Any, Condition] = {}
    for name in dict.fromkeys(c.arm.name for c in asked):
        alike = [c for c in asked if c.arm.name == name]
        own = _own_values(alike, tables)
        for condition in alike:
            base = (name, condition.task_name, _settings(condition, is_of_people=False))
            found.setdefault(base, condition)
            if dict(_settings(condition, is_of_people=True)) == own:
                found[base] = condition
    return tuple(c for c in asked if any(c is one for one in found.values()))


def _settings(
    condition: Condition, *, is_of_people: bool
) -> tuple[tuple[str, Scalar], ...]:
    return tuple(
        (field, value)
        for field, value in condition.settings.items()
        if (field.partition(".")[0] in _OF_PEOPLE) == is_of_people
    )


def _own_values(
    alike: Sequence[Condition], tables: Mapping[str, Any]
) -> dict[str, Scalar]:
    """Return the study's own values of what is swept of one arm."""
    first = dict(_settings(alike[0], is_of_people=True))
    arm = next(a for a in tables["arm"] if a["name"] == alike[0].arm.name)
    for field in first:
        value = _value_of(field, {**tables, "arm": arm})
        if any(c.settings.get(field) == value for c in alike):
            first[field] = value
    return first


def _value_of(field: str, tables: Mapping[str, Any]) -> Any:
    """Look a swept field up; None where the study does not set it."""
    found: Any = tables
    for name in field.split("."):
        if isinstance(found, list):
            found = next((one for one in found if one.get("kind") == name), None)
        else:
            found = found.get(name) if isinstance(found, Mapping) else None
    return found
