"""What asking more people buys, predicted by simulated crowds."""

from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.participants.predict import first_answers
from hitl_sim.participants.record import Record
from hitl_sim.participants.redundancy import curve

_CURVE_DRAWS = 12


@dataclass(frozen=True)
class CurvePoint:
    """What redundancy buys with people who were held out.

    Attributes:
        method: "majority" or "dawid_skene".
        size: people per item.
        real: accuracy with the real people.
        simulated: mean over simulated crowds.
        low: 2.5 % quantile over crowds.
        high: 97.5 % quantile.
    """

    method: str
    size: int
    real: float
    simulated: float
    low: float
    high: float

    @property
    def is_held(self) -> bool:
        """Whether the real people lie within the interval."""
        return self.low <= self.real <= self.high


def with_sizes(record: Record) -> Record:
    """Choose the sizes of the redundancy curve that the items allow."""
    depth = int(np.quantile(np.bincount(record.item), 0.25))
    sizes = tuple(size for size in (1, 3, 5, 10) if size <= depth)
    return replace(record, sizes=sizes)


def predict_curve(
    rng: np.random.Generator, held: Record, crowds: list[Record]
) -> list[CurvePoint]:
    """Hold the redundancy curve of real people against those of simulated crowds.

    Args:
        rng: draws the people of every item.
        held: answers of real people, with the sizes of the curve.
        crowds: the same questions, answered by simulated crowds.
    """
    found = []
    for method in ("majority", "dawid_skene"):
        real = curve(rng, first_answers(held), method, held.sizes, _CURVE_DRAWS)
        drawn = np.array(
            [curve(rng, first_answers(c), method, held.sizes, 2) for c in crowds]
        )
        low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
        found += [
            CurvePoint(method, size, *map(float, values))
            for size, *values in zip(
                held.sizes, real, drawn.mean(axis=0), low, high, strict=True
            )
        ]
    return found
