"""What a network loses on each item, by what its label is.

Labels say what they are by their type: whole numbers are classes, fractions are
numbers. So nothing between a task and a step need be told.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from oracles.part import Problem


def is_number(label: Any) -> bool:
    """Whether labels are numbers to be met, and no classes."""
    return bool(jnp.issubdtype(label.dtype, jnp.floating))


def label_type(problem: Problem) -> Any:
    """Return the type of labels of a problem."""
    return {"classification": np.int32, "regression": np.float32}[problem]


def item_losses(logits: jax.Array, label: jax.Array) -> jax.Array:
    """Return the loss on each item, `[B]`.

    Args:
        logits: `[B, K]` of the network.
        label: `[B]`: the cross-entropy of a class, nats; of a number half the squared
            error of the network's one output, in the variance of the numbers.
    """
    if is_number(label):
        squared: jax.Array = optax.l2_loss(logits[:, 0], label)
        return squared
    losses: jax.Array = optax.softmax_cross_entropy_with_integer_labels(logits, label)
    return losses


def told(logits: jax.Array, label: jax.Array) -> jax.Array:
    """Return what a network says, whose gradients by the input are its explanation.

    Args:
        logits: `[B, K]`.
        label: of the same items, for their type.

    Returns:
        `[B, K]` log-probabilities of classes; of numbers the number, `[B, 1]`.
    """
    return logits if is_number(label) else jax.nn.log_softmax(logits)
