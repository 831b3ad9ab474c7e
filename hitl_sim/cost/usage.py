"""What runs used, in physical amounts: what a ledger is built from.

Each amount may be one number or an array over runs; then the ledger's lines are too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from hitl_sim.array import FloatArray
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact

Amount = float | FloatArray
"""One number, or one per run `[R]`."""
Purpose = Literal["protocol", "instrument", "lifetime"]

NOBODY = "nobody is asked"
SOMEBODY = "{people}"
"""People of usages that are put together, in whose place each one's own stand."""
_REQUESTER = "study file, workforce.requester_h"


@dataclass(frozen=True)
class PeopleKinds:
    """How what people did is known.

    Attributes:
        answers: what they said, on which every outcome rests.
        worked: their seconds on answers.
        paid: their paid seconds.
        clock: time on the people's clock, shifts and waits included.
    """

    answers: Kind = Kind.SIMULATED
    worked: Kind = Kind.SIMULATED
    paid: Kind = Kind.SIMULATED
    clock: Kind = Kind.SIMULATED


SIMULATED_PEOPLE = PeopleKinds()
"""Of people who are simulated, or are not there."""


@dataclass(frozen=True)
class UnitCount:
    """How often one unit of work was done.

    Attributes:
        unit: its name.
        phase: pretrain, train, choose, score, embed or evaluate; tune of trials.
        purpose: "protocol" if the method needs it, "instrument" if only the
            experimenter does, such as test-set curves.
        count: units done.
    """

    unit: str
    phase: str
    purpose: str
    count: Amount


@dataclass(frozen=True)
class Usage:
    """What runs used: one amount per run `[R]`, or one for all.

    Attributes:
        work: units of device work.
        people: who answered, for provenance.
        kinds: how what they did is known.
        steps: training steps.
        fit_steps: those of them that made the final weights.
        asked: questions asked.
        answered: questions answered.
        worked_s: people's seconds on answers.
        paid_s: people's paid seconds; >= worked_s.
        wait_s: seconds that the device waited for people.
        elapsed_s: seconds on the people's clock.
        requester_s: seconds of the requester (guidelines, set-up, adjudication).
        pool_labels: given labels that the learner used.
        validation_labels: labels that the target and the stopping rule used.
    """

    work: tuple[UnitCount, ...]
    people: str = NOBODY
    kinds: PeopleKinds = SIMULATED_PEOPLE
    steps: Amount = 0.0
    fit_steps: Amount = 0.0
    asked: Amount = 0.0
    answered: Amount = 0.0
    worked_s: Amount = 0.0
    paid_s: Amount = 0.0
    wait_s: Amount = 0.0
    elapsed_s: Amount = 0.0
    requester_s: Amount = 0.0
    pool_labels: Amount = 0.0
    validation_labels: Amount = 0.0

    def shared_among(self, number: float) -> Usage:
        """Add all runs up and divide by a number, such as that of successes; > 0."""

        def pooled(amount: Amount) -> float:
            return float(np.sum(amount)) / number

        changes: dict[str, Any] = {
            name: pooled(getattr(self, name)) for name in _AMOUNTS
        }
        work = (replace(line, count=pooled(line.count)) for line in self.work)
        return replace(self, work=tuple(work), **changes)

    def seconds(self, name: Literal["paid_s", "wait_s", "requester_s"]) -> Quantity:
        """Return a time as a quantity without a width of its own.

        What differs between runs is Monte-Carlo error, which the analysis finds from
        the runs.

        Raises:
            ValueError: the time is negative, or less is paid than worked.
        """
        value = getattr(self, name)
        if np.any(np.asarray(value) < 0):
            raise ValueError(f"`{name}` must be >= 0 s, got {value}.")
        if name == "requester_s":
            return exact(value, "s", Kind.ASSUMED, Scope.HUMAN_TIME, _REQUESTER)
        if name == "wait_s":
            return exact(value, "s", self.kinds.clock, Scope.DEVICE_TIME, self.people)
        if np.any(np.asarray(value) < self.worked_s):
            raise ValueError(
                f"`paid_s` must be >= `worked_s`, got {value} and {self.worked_s}."
            )
        return exact(value, "s", self.kinds.paid, Scope.HUMAN_TIME, self.people)


_AMOUNTS = tuple(
    field.name
    for field in fields(Usage)
    if field.name not in ("work", "people", "kinds")
)


def alike(usages: Sequence[Usage]) -> Iterator[tuple[list[int], Usage]]:
    """Put usages of one number per amount together whose ledgers have the same lines.

    These have the same units of work and the same amounts above 0, and what their
    people did is known alike.

    Yields:
        Places among the usages, and all of these as one, `[C]` by amount.
    """
    found: dict[Any, list[int]] = {}
    for place, usage in enumerate(usages):
        units = [(n.unit, n.phase, n.purpose, bool(n.count)) for n in usage.work]
        is_used = [bool(getattr(usage, name)) for name in _AMOUNTS]
        key = *units, *is_used, usage.kinds, usage.people == NOBODY
        found.setdefault(key, []).append(place)
    for places in found.values():
        some = [usages[place] for place in places]
        amounts: dict[str, Any] = {
            name: np.array([getattr(usage, name) for usage in some])
            for name in _AMOUNTS
        }
        work = tuple(
            replace(lines[0], count=np.array([line.count for line in lines]))
            for lines in zip(*(usage.work for usage in some), strict=True)
        )
        people = NOBODY if some[0].people == NOBODY else SOMEBODY
        yield places, replace(some[0], work=work, people=people, **amounts)
