"""The quickstart in flax: `python examples/any_loop/in_flax.py [OUT]`."""

import jax
import numpy as np
import optax
import problem
import protocol
from flax import linen


class Net(linen.Module):
    """One hidden layer."""

    @linen.compact
    def __call__(self, x):
        """Return the logits."""
        hidden = linen.relu(linen.Dense(problem.HIDDEN)(x))
        return linen.Dense(problem.CLASSES)(hidden)


NET, ADAM = Net(), optax.adam(problem.RATE)


@jax.jit
def begin(key, x):
    """Draw the weights."""
    params = NET.init(key, x)
    return params, ADAM.init(params)


@jax.jit
def train_step(params, state, x, y):
    """Take one step on a batch."""

    def loss(params):
        logits = NET.apply(params, x)
        wrong = optax.softmax_cross_entropy_with_integer_labels(logits, y)
        return wrong.mean()

    updates, state = ADAM.update(jax.grad(loss)(params), state)
    return optax.apply_updates(params, updates), state


@jax.jit
def share_right(params, x, y):
    """Return the share of items that are named right."""
    return (NET.apply(params, x).argmax(axis=1) == y).mean()


class Learner:
    """Weights, and the state of their optimiser."""

    def __init__(self, seed):
        """Draw the weights."""
        x = np.zeros((1, problem.FEATURES), np.float32)
        self.params, self.state = begin(jax.random.key(seed), x)

    def step(self, x, y):
        """Take one step on a batch."""
        x = x.astype(np.float32)
        self.params, self.state = train_step(self.params, self.state, x, y)
        return self.params

    def accuracy(self, x, y):
        """Return the share of items that are named right."""
        return share_right(self.params, x.astype(np.float32), y)


if __name__ == "__main__":
    protocol.main("results/in_flax", Learner)
