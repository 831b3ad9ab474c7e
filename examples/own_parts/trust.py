"""An aggregation: people who agree with the others count for more."""

import jax
import jax.numpy as jnp

from hitl_sim import part


@part.aggregation(version=1)
def trust(num_classes, num_annotators, *, turns=3):
    """Weigh each person by how often the weighted vote was theirs, a few times over."""

    def aggregate(key, votes, params):
        del params
        given = votes.is_answered
        vote = jax.nn.one_hot(votes.answer, num_classes) * given[:, :, None]
        weight = jnp.ones(num_annotators)
        for _ in range(turns):
            share = tally(vote, given, weight[votes.annotator])
            theirs = (vote * share[:, None, :]).sum(axis=2)
            agreed = jnp.zeros(num_annotators).at[votes.annotator].add(theirs)
            number = jnp.zeros(num_annotators).at[votes.annotator].add(given * 1.0)
            # as if each had agreed once and once not
            weight = (agreed + 1.0) / (number + 2.0)
        share = tally(vote, given, weight[votes.annotator])
        best = share.max(axis=1)
        lots = jax.random.uniform(key, share.shape)
        is_best = share >= best[:, None] - 1e-6
        label = jnp.argmax(jnp.where(is_best, lots, -1.0), axis=1)
        return label, best

    return aggregate


def tally(vote, given, weight):
    """Return the weighted share of votes of each class, `[N, K]`."""
    counted = jnp.where(given, weight, 0.0)
    total = counted.sum(axis=1, keepdims=True)
    sums = (vote * counted[:, :, None]).sum(axis=1)
    return sums / jnp.where(total > 0, total, 1.0)
