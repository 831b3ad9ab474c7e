"""How many trainings share what people gave: at once, and over a model's life.

What is done once (asking, choosing, rating models, a search) is paid once; what every
training does anew (the final fit and its evaluation) is paid by each of them, by the
control and by an arm alike. A network that is trained anew every so many queries of its
life is fitted ceil(life / between) times on the same chosen items. Nothing is asked or
chosen again: a pool that changes between trainings would need new guidance, which is
not in this count.
"""

import math
from collections.abc import Mapping
from typing import Any


def trainings_of(reuse: Mapping[str, Any], life_queries: float | None) -> int:
    """Return R, how many trainings share the guidance.

    Args:
        reuse: the table of a study: `trainings`, and `retrain_every`, queries between
            trainings of each, or None where each is trained once.
        life_queries: queries of a model's life.

    Raises:
        ValueError: it is trained anew, and the prices name no queries of its life.
    """
    trainings = int(reuse.get("trainings", 1))
    between = reuse.get("retrain_every")
    if between is None:
        return trainings
    if not life_queries:
        raise ValueError(
            "`prices.life_queries` must be > 0 where `reuse.retrain_every` is given"
            f" ({between:g} queries), got {life_queries}."
        )
    return trainings * math.ceil(life_queries / float(between))
