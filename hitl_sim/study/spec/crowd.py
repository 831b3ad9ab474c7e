"""The tables [crowd] and [workforce] of a study: who answers, and how they work."""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hitl_sim.schema import Positive, Scalar, Share, Table
from oracles.parameter import PARAMETERS, Range


class _Who(Table, frozen=True):
    """Who answers: a population, and the parameters that depart from it.

    Beside these fields there is one for each row of `oracles.parameter.PARAMETERS`,
    which `hitl-sim crowd` lists. What is left out keeps the population's own number.
    All may be swept.

    Attributes:
        population: a name that `hitl-sim crowd` lists, the path of a .toml file of
            your own, or such a path, a colon and the name of one of its populations.
        recording: the path of recorded answers, as `hitl-sim import` writes them, that
            are replayed in the place of simulated ones: labels; ratings of relevance by
            0 (drop), 1 (unsure), 2 (keep); marks of the task's feature groups. Those
            people are the team.
        policy: where too few people answered an item: "refuse" the study, "restrict"
            questions to other items, or let a "model", the population, answer; given
            exactly with a recording.
        accuracies: mean single-answer accuracy of each person of the team, in place of
            `accuracy` and `skill_spread`.
        annotator: how simulated people answer: "random_utility", which goes by all that
            is given here, or a part of kind "annotator".
        options: of the annotator: each value is a program of its own.
        params: of the annotator: numbers, which an axis sweeps as "crowd.params.NAME".
    """

    population: str = "typical"
    recording: str | None = None
    policy: Literal["refuse", "restrict", "model"] | None = None
    accuracies: tuple[Share, ...] | None = None
    annotator: str = "random_utility"
    options: dict[str, Scalar] = msgspec.field(default_factory=dict)
    params: dict[str, float] = msgspec.field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that are given, by name; numbers, but for `accuracies`."""
        named = {name: getattr(self, name) for name in ("accuracies", *PARAMETERS)}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def chosen(self) -> dict[str, Any]:
        """The annotator, its options and its params, as far as they are given."""
        found = {"annotator": self.annotator, "options": self.options}
        found |= {"params": self.params}
        plain = _Who()
        return {n: v for n, v in found.items() if v != getattr(plain, n)}


def _field(allowed: Range) -> Any:
    """Say what a parameter's field may hold, as msgspec is told."""
    least, most = ("gt", "lt") if allowed.is_open else ("ge", "le")
    ends = {least: allowed.low, most: allowed.high}
    known: dict[str, Any] = {n: end for n, end in ends.items() if math.isfinite(end)}
    return (Annotated[float, Meta(**known)] if known else float) | None


if TYPE_CHECKING:

    class CrowdSpec(_Who, frozen=True):
        """Who answers, with a field for each parameter; see `_Who`."""

else:
    CrowdSpec = msgspec.defstruct(
        "CrowdSpec",
        [(name, _field(row.range), None) for name, row in PARAMETERS.items()],
        bases=(_Who,),
        namespace={"__doc__": _Who.__doc__},
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


class WorkforceSpec(Table, frozen=True):
    """How many people there are and when they work.

    Attributes:
        size: people in the team.
        hours_per_day: length of the daily shift, h.
        days_per_week: working days.
        break_every_s: seconds of work between breaks.
        break_s: length of a break, s; 0 for none.
        pay_basis: "worked" pays answers, "present" also waiting inside a shift.
        is_break_paid: whether breaks are paid.
        requester_h: hours of the requester for guidelines, set-up and adjudication of
            one arm's work; assumed one hour unless the study says otherwise.
    """

    size: Annotated[int, Meta(ge=1, le=10_000)] = 3
    hours_per_day: Annotated[float, Meta(gt=0.0, le=24.0)] = 8.0
    days_per_week: Annotated[int, Meta(ge=1, le=7)] = 5
    break_every_s: Positive = 3600.0
    break_s: Annotated[float, Meta(ge=0.0)] = 300.0
    pay_basis: Literal["worked", "present"] = "worked"
    is_break_paid: bool = True
    requester_h: Annotated[float, Meta(ge=0.0)] = 1.0


def acts_on_crowd(field: str, crowd: CrowdSpec) -> bool:
    """Whether a field of the crowd changes anything where a recording is replayed."""
    row = PARAMETERS.get(field)
    if crowd.policy == "model":
        return row is None or row.beside != "never"
    if row is None:
        return field in ("recording", "policy")
    return row.beside == "times"
