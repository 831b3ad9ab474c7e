"""The random-utility annotator: one model of noise, time and habits for every kind."""

from oracles import part
from oracles.contract import Oracle
from oracles.feedback import KINDS


@part.annotator()
def random_utility(*, feedback: str) -> Oracle:
    """Answer as people with utilities and persistent noise do; `oracles.utility`.

    Raises:
        ValueError: no such kind.
    """
    if feedback not in KINDS:
        allowed = ", ".join(map(repr, KINDS))
        raise ValueError(f"`feedback` must be one of {allowed}, got {feedback!r}.")
    return KINDS[feedback].oracle
