"""How many replicates a study has: a number, or a rule for when it has enough."""

from typing import Annotated

from msgspec import Meta

from hitl_sim.schema import Table
from hitl_sim.study.spec.base import SpecError

BATCH = 8
"""Replicates that are added at a time. Each batch is looked at once."""


class ReplicateRule(Table, frozen=True):
    """Table `replicates`: batches are added until intervals are narrow enough.

    Attributes:
        at_least: replicates before the first look; fewer than 6 bound nothing at 95 %.
        until_half_width: of the 95 % interval of log rho of every primary comparison.
        at_most: replicates after which the study stops in any case.
    """

    at_least: Annotated[int, Meta(ge=6)]
    until_half_width: Annotated[float, Meta(gt=0.0, lt=1.0)]
    at_most: int

    @property
    def looks(self) -> tuple[int, ...]:
        """Replicates at each look, the last one being `at_most`."""
        return (*range(self.at_least, self.at_most, BATCH), self.at_most)


Replicates = Annotated[int, Meta(ge=2)] | ReplicateRule


def check_replicates(given: int | ReplicateRule) -> None:
    """Refuse a rule that leaves nothing to decide.

    Raises:
        SpecError: the message names the field and the value.
    """
    if isinstance(given, ReplicateRule) and given.at_most <= given.at_least:
        raise SpecError(
            f"`replicates.at_most` must be > `replicates.at_least` ({given.at_least}), "
            f"got {given.at_most}. A fixed number is written as `replicates = "
            f"{given.at_least}`."
        )
