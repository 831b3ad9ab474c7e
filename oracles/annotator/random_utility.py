"""The random-utility annotator: one model of noise, time and habits for every kind."""

from oracles import part
from oracles.contract import Oracle
from oracles.feedback import KINDS
from oracles.parameter import check_choice


@part.annotator()
def random_utility(*, feedback: str) -> Oracle:
    """Answer as people with utilities and persistent noise do; `oracles.utility`.

    Raises:
        ValueError: no such kind.
    """
    check_choice("feedback", feedback, KINDS)
    return KINDS[feedback].oracle
