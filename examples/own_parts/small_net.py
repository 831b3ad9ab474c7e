"""A network: one hidden layer with batch norm and dropout, as a flax.nnx module."""

import jax
from flax import nnx

from hitl_sim import part
from hitl_sim.learn.network.adapt import from_nnx


class SmallNet(nnx.Module):
    """Linear, batch norm, relu, dropout, linear."""

    def __init__(self, num_features, num_classes, width, dropout, rngs):
        """Draw its weights."""
        self.first = nnx.Linear(num_features, width, rngs=rngs)
        self.norm = nnx.BatchNorm(width, rngs=rngs)
        self.dropout = nnx.Dropout(dropout, rngs=rngs)
        self.last = nnx.Linear(width, num_classes, rngs=rngs)

    def embed(self, x, mask=None):
        """Return the last hidden layer, `[B, E]`."""
        mask = None if mask is None else mask[:, None]
        return self.dropout(jax.nn.relu(self.norm(self.first(x), mask=mask)))

    def __call__(self, x, mask=None):
        """Return logits, `[B, K]`; rows outside the mask are padding."""
        return self.last(self.embed(x, mask))


@part.network(version=1)
def small_net(inputs, *, width=16, dropout=0.1):
    """Build the module for what a task has."""

    def build(rngs):
        return SmallNet(inputs.num_features, inputs.num_classes, width, dropout, rngs)

    return from_nnx(build, inputs)
