"""Waiting at a desk until questions have their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hitl_sim.session.desk import Desk
from hitl_sim.session.question import Answer

_PAUSE_S = 0.05
"""How long to leave a desk alone that has no answer yet, s."""


def wait_for_answers(
    desk: Desk,
    ids: Sequence[str],
    number: int,
    on_answers: Callable[[int], None] = lambda _: None,
) -> list[Answer]:
    """Poll a desk until every question has its answers.

    Args:
        desk: where they were put.
        ids: of the questions.
        number: of answers that each of them asks for; what is beyond it is dropped.
        on_answers: called with how many have come, whenever that has changed.
    """
    left = dict.fromkeys(ids, number)
    found: list[Answer] = []
    while left:
        given = [a for a in desk.poll() if a.question in left]
        for answer in given:
            if answer.question not in left:
                continue  # beyond the number that was asked for
            found.append(answer)
            left[answer.question] -= 1
            if left[answer.question] == 0:
                del left[answer.question]
        if given:
            on_answers(len(found))
        elif left:
            time.sleep(_PAUSE_S)
    return found
