"""Hold simulated people against real ones, by the distance between halves of the real.

The yardstick of a statistic is the root-mean-square distance, on the statistic's scale,
between two random halves of the real people. Simulated and real agree when they are no
further apart than `TOLERANCE` yardsticks.
"""

from typing import NamedTuple

import numpy as np

from hitl_sim.participants.record import Record, select
from hitl_sim.participants.statistic import Statistic, Table, describe

TOLERANCE = 1.5
NUM_HALVINGS = 200
# A yardstick needs the statistic in both halves of this share of the halvings.
MIN_SHARE = 0.5


class Line(NamedTuple):
    """One statistic of one set.

    Attributes:
        name: the statistic.
        scale: scale of comparison.
        real: its value among the recorded people.
        simulated: mean over simulated crowds, taken on the scale.
        spread: standard deviation over simulated crowds, on the scale.
        halves: yardstick, on the scale; nan where halves do not identify it.
        distance: simulated from real, in limits (`TOLERANCE` yardsticks).
        single: share of single simulated crowds within the limit.
        other: the recorded people's value in the half that was tuned on.
        other_distance: its distance from `real`, in limits: how well the recorded
            answers of one half foretell those of the other.
        note: what the yardstick is taken from, if not from halves of this statistic.
    """

    name: str
    scale: str
    real: float
    simulated: float
    spread: float
    halves: float
    distance: float
    single: float
    other: float
    other_distance: float
    note: str = ""

    @property
    def is_scored(self) -> bool:
        """Whether the set identifies the statistic."""
        return bool(np.isfinite(self.distance))

    @property
    def passes(self) -> bool:
        """Whether simulated and real people agree."""
        return self.is_scored and self.distance <= 1.0


def halve_distances(
    record: Record, rng: np.random.Generator, num_halvings: int = NUM_HALVINGS
) -> dict[str, float]:
    """Return the RMS distance of every statistic between random halves of the people.

    Args:
        record: the recorded people.
        rng: draws the halves.
        num_halvings: number of random halvings.
    """
    people = np.unique(record.person)
    gaps: dict[str, list[float]] = {}
    for _ in range(num_halvings):
        chosen = np.zeros(record.num_people, bool)
        chosen[rng.permutation(people)[: people.size // 2]] = True
        in_first = chosen[record.person]
        first, second = (
            describe(select(record, rows), rng, num_draws=4, num_em_draws=1)
            for rows in (in_first, ~in_first)
        )
        for name in first.keys() & second.keys():
            gap = first[name].place - second[name].place
            gaps.setdefault(name, []).append(gap)
    return {
        name: float(np.sqrt(np.mean(np.square(found))))
        for name, found in gaps.items()
        if len(found) >= MIN_SHARE * num_halvings
    }


def compare(
    real: Table, crowds: list[Table], halves: dict[str, float], other: Table
) -> list[Line]:
    """Compare the statistics of recorded people with those of simulated crowds.

    Args:
        real: statistics of the recorded people.
        crowds: statistics of every simulated crowd.
        halves: yardsticks.
        other: statistics of the recorded people in the half that was tuned on.

    Returns:
        One line per statistic that the record identifies.
    """
    lines = []
    for name, found in real.items():
        places = np.array([t[name].place for t in crowds if name in t])
        yardstick, note = _yardstick(name, halves)
        limit = TOLERANCE * yardstick
        places = places if places.size else np.array([np.nan])
        centre, is_near = float(places.mean()), np.abs(places - found.place) <= limit
        half = other.get(name, Statistic(found.scale, np.nan))
        lines.append(
            Line(
                name=name,
                scale=found.scale,
                real=found.value,
                simulated=Statistic.from_place(found.scale, centre).value,
                spread=float(places.std()),
                halves=yardstick,
                distance=abs(centre - found.place) / limit,
                single=float(is_near.mean()) if np.isfinite(centre) else np.nan,
                other=half.value,
                other_distance=abs(half.place - found.place) / limit,
                note=note,
            )
        )
    return lines


def _yardstick(name: str, halves: dict[str, float]) -> tuple[float, str]:
    """Return a yardstick; a size that halves cannot reach borrows the next smaller."""
    if halves.get(name, 0.0) > 1e-9:
        return halves[name], ""
    stem, _, size = name.rpartition(" of ")
    if name not in halves and size.isdigit():
        smaller = [s for s in range(1, int(size)) if f"{stem} of {s}" in halves]
        if smaller:
            return halves[f"{stem} of {smaller[-1]}"], f"limit of {smaller[-1]} people"
    return float("nan"), "halves never differ" if name in halves else "not in halves"
