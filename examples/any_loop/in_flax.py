"""The quickstart in flax: `python examples/any_loop/in_flax.py [OUT]`."""

import sys

import numpy as np
import optax
import problem
import protocol
from flax import nnx


class Net(nnx.Module):
    """One hidden layer."""

    def __init__(self, rngs):
        """Draw the weights."""
        self.first = nnx.Linear(problem.FEATURES, problem.HIDDEN, rngs=rngs)
        self.second = nnx.Linear(problem.HIDDEN, problem.CLASSES, rngs=rngs)

    def __call__(self, x):
        """Return the logits."""
        return self.second(nnx.relu(self.first(x)))


@nnx.jit
def train_step(model, optimiser, x, y):
    """Take one step on a batch."""

    def loss(model):
        wrong = optax.softmax_cross_entropy_with_integer_labels(model(x), y)
        return wrong.mean()

    value, gradients = nnx.value_and_grad(loss)(model)
    optimiser.update(model, gradients)
    return value


@nnx.jit
def share_right(model, x, y):
    """Return the share of items that are named right."""
    return (model(x).argmax(axis=1) == y).mean()


class Learner:
    """A network and its optimiser."""

    def __init__(self, seed):
        """Draw the weights."""
        self.model = Net(nnx.Rngs(seed))
        adam = optax.adam(problem.RATE)
        self.optimiser = nnx.Optimizer(self.model, adam, wrt=nnx.Param)
        self._step = nnx.cached_partial(train_step, self.model, self.optimiser)
        self._right = nnx.cached_partial(share_right, self.model)

    def step(self, x, y):
        """Take one step on a batch."""
        return self._step(x.astype(np.float32), y)

    def accuracy(self, x, y):
        """Return the share of items that are named right."""
        return self._right(x.astype(np.float32), y)


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else "results/in_flax"
    print(protocol.run(out, Learner).answer())
