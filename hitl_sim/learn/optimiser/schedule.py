"""How a learning rate changes over the steps of a training."""

from typing import Literal

import optax

Schedule = Literal["constant", "cosine"]


def schedule_steps(
    schedule: Schedule, total_steps: int
) -> tuple[optax.GradientTransformation, ...]:
    """Build what makes steps smaller as training goes on; nothing where none does.

    Args:
        schedule: "constant"; or "cosine", from the whole step to none at the cap.
        total_steps: the cap on the steps of a training.

    References:
        Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm
        restarts, ICLR, equation 5, without restarts.
    """
    if schedule == "constant":
        return ()
    fall = optax.cosine_decay_schedule(1.0, total_steps)
    return (optax.scale_by_schedule(fall),)
