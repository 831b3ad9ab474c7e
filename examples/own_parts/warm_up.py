"""An optimiser: momentum with clipped gradients, warmed up and then cooled down."""

import optax

from hitl_sim import part


@part.optimiser(version=1, params={"learning_rate": 0.05})
def warm_up(total_steps, *, share=0.1, clip=1.0):
    """Build an optax chain whose learning rate rises, then falls along a cosine."""
    rising = max(int(share * total_steps), 1)

    def optimise(params):
        schedule = optax.warmup_cosine_decay_schedule(0.0, 1.0, rising, total_steps)
        return optax.chain(
            optax.clip_by_global_norm(clip),
            optax.trace(decay=0.9),
            optax.scale_by_schedule(schedule),
            optax.scale(-1.0 * params["learning_rate"]),
        )

    return optimise
