"""A small residual network over images, whose convolutions are products of matrices."""

import jax
import jax.numpy as jnp
from flax import nnx

from hitl_sim import part
from hitl_sim.learn.network.adapt import from_nnx


def neighbours(x: jax.Array, stride: int) -> jax.Array:
    """Lay out the 3 x 3 square around every pixel, or every second one, as a row.

    Args:
        x: `[B, H, W, C]`.
        stride: 1 or 2.

    Returns:
        `[B, ceil(H / stride), ceil(W / stride), 9 C]`, zeros beyond the edge.
    """
    height, width = x.shape[1:3]
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [
        x[:, i : i + height : stride, j : j + width : stride]
        for i in range(3)
        for j in range(3)
    ]
    return jnp.concatenate(parts, axis=3)


class Block(nnx.Module):
    """Two convolutions of 3 x 3 on what was normalised, added to what came in."""

    def __init__(self, num_in: int, num_out: int, stride: int, rngs: nnx.Rngs) -> None:
        """Draw the weights; the second convolution starts at zero."""
        self.stride = stride
        self.before = nnx.LayerNorm(num_in, rngs=rngs)
        self.between = nnx.LayerNorm(num_out, rngs=rngs)
        start = nnx.initializers.he_normal()
        self.first = nnx.Linear(9 * num_in, num_out, kernel_init=start, rngs=rngs)
        zero = nnx.initializers.zeros_init()
        self.second = nnx.Linear(9 * num_out, num_out, kernel_init=zero, rngs=rngs)
        self.across = (
            None if num_in == num_out else nnx.Linear(num_in, num_out, rngs=rngs)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Return `[B, H / stride, W / stride, num_out]`."""
        h = nnx.relu(self.before(x))
        skip = x[:, :: self.stride, :: self.stride]
        if self.across is not None:
            skip = self.across(skip)
        h = self.first(neighbours(h, self.stride))
        return skip + self.second(neighbours(nnx.relu(self.between(h)), 1))


class Residual(nnx.Module):
    """A first convolution of stride 2, three stages of blocks, and their mean.

    Each later stage halves height and width and doubles the channels, as ResNets for
    pictures of 32 x 32 do. Channels are normalised place by place in place of over the
    batch, so that nothing but weights is kept between steps.

    References:
        He et al. (2016), Deep residual learning for image recognition, section 4.2.
        He et al. (2016), Identity mappings in deep residual networks.
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        num_classes: int,
        width: int,
        blocks: int,
        rngs: nnx.Rngs,
    ) -> None:
        """Draw the weights."""
        self.image = image
        start = nnx.initializers.he_normal()
        self.stem = nnx.Linear(9 * image[2], width, kernel_init=start, rngs=rngs)
        stages, num_in = [], width
        for stage in range(3):
            for place in range(blocks):
                stride = 2 if stage and place == 0 else 1
                num_out = width * 2**stage
                stages.append(Block(num_in, num_out, stride, rngs))
                num_in = num_out
        self.blocks = nnx.List(stages)
        self.last = nnx.LayerNorm(num_in, rngs=rngs)
        self.read = nnx.Linear(num_in, num_classes, rngs=rngs)

    def embed(self, x: jax.Array) -> jax.Array:
        """Return the mean of the last stage over all places, `[B, 4 width]`."""
        x = self.stem(neighbours(x.reshape(len(x), *self.image), 2))
        for block in self.blocks:
            x = block(x)
        return nnx.relu(self.last(x)).mean(axis=(1, 2))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Return logits, `[B, K]`."""
        return self.read(self.embed(x))


@part.network(version=1)
def residual(inputs, *, width=16, blocks=1):
    """Build it for a task's images."""
    inputs.require("residual", image=True)

    def build(rngs: nnx.Rngs) -> Residual:
        return Residual(inputs.image, inputs.num_classes, width, blocks, rngs)

    return from_nnx(build, inputs)
