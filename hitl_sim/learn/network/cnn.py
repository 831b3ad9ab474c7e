"""Convolutions over an image, written as products of matrices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from msgspec import Meta

from hitl_sim.learn.network.base import (
    Count,
    Inputs,
    Network,
    Precision,
    Rate,
    Size,
    UnitLayer,
    kept_units,
)
from hitl_sim.learn.network.build import Encoder, NetworkConfig, build_network
from hitl_sim.learn.network.dense import Product, apply_linear
from oracles import part

STRIDE = 2


@part.network(version=1)
def cnn(
    inputs: Inputs,
    *,
    channels: Annotated[tuple[Count, ...], Meta(min_length=1)] = (16, 32),
    kernel: Count = 3,
    hidden: tuple[Count, ...] = (),
    dropout: Rate = 0.0,
    precision: Precision = "float32",
) -> Network:
    """Convolutions of stride 2 over an image, and dense layers on them.

    The defaults are small enough for one core; assumed.

    Args:
        inputs: an image.
        channels: output channels of each convolution.
        kernel: side of the filters, pixels.
        hidden: widths of the hidden dense layers.
        dropout: in training, share of what each dense layer reads that is set to zero.
        precision: of the factors of products.
    """
    inputs.require("cnn", image=True)
    encoder = ConvolutionConfig(inputs.image or (0, 0, 0), tuple(channels), kernel)
    config = NetworkConfig(tuple(hidden), encoder, precision, dropout)
    return build_network(config, inputs.num_features, inputs.num_classes)


@dataclass(frozen=True)
class ConvolutionConfig(Encoder):
    """Convolutions over an image, each of stride 2, with rectifiers.

    Attributes:
        shape: height H, width W and channels of the image; its pixels come row by row,
            channels last.
        channels: output channels of each layer.
        kernel: side of the filters, pixels.
    """

    shape: tuple[int, int, int]
    channels: tuple[int, ...] = (16, 32)
    kernel: int = 3

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""
        height, width, channels = self.shape
        return height * width * channels

    def describe(self) -> str:
        """Name the program."""
        layers = "".join(f"-c{channels}" for channels in self.channels)
        return f"{'x'.join(map(str, self.shape))}{layers}k{self.kernel}"

    def build(self, rngs: nnx.Rngs) -> "Convolutions":
        """Draw its weights."""
        return Convolutions(self, rngs)

    def shrink(self, share: float) -> "ConvolutionConfig":
        """Return what is left when a share of each layer's channels goes."""
        return replace(
            self, channels=tuple(kept_units(n, share) for n in self.channels)
        )

    def units(self, head: str) -> tuple[UnitLayer, ...]:
        """List the convolutions; the layer called `head` reads the last one."""
        last, found = len(self.channels) - 1, []
        for i, (places, _, num_units) in enumerate(self._layers()):
            reader = f"encoder.layers.{i + 1}" if i < last else head
            read = self.kernel**2 if i < last else places
            found.append(UnitLayer(f"encoder.layers.{i}", num_units, reader, read))
        return tuple(found)

    def size(self) -> tuple[Size, int]:
        """Count its own sizes, and the numbers that it gives out per item."""
        products = weights = widest = num_out = 0
        for places, patch, num_units in self._layers():
            products += places * patch * num_units
            weights += patch * num_units
            # a convolution is a product of laid-out patches and filters
            widest = max(widest, places * (patch + num_units))
            num_out = places * num_units
        return Size(products, weights, widest), num_out

    def _layers(self) -> Iterator[tuple[int, int, int]]:
        """List places, numbers of a patch, and channels of each layer."""
        height, width, num_in = self.shape
        for num_out in self.channels:
            height, width = -(-height // STRIDE), -(-width // STRIDE)
            yield height * width, self.kernel**2 * num_in, num_out
            num_in = num_out


def patches(
    x: Float[Array, "batch height width channels"], kernel: int
) -> Float[Array, "batch rows columns patch"]:
    """Lay out the square around every second pixel as a row, zeros beyond the edge.

    Places are those of a convolution of stride 2 that pads to "same": ceil(H / 2) rows
    of ceil(W / 2).

    Args:
        x: `[B, H, W, C]`.
        kernel: side k of the square.

    Returns:
        `[B, ceil(H / 2), ceil(W / 2), k k C]`, row by row, channels last.
    """
    spans = [_span(size, kernel) for size in x.shape[1:3]]
    x = jnp.pad(x, ((0, 0), *(pad for pad, _ in spans), (0, 0)))
    rows, columns = (STRIDE * (num_out - 1) + 1 for _, num_out in spans)
    parts = [
        x[:, i : i + rows : STRIDE, j : j + columns : STRIDE]
        for i in range(kernel)
        for j in range(kernel)
    ]
    return jnp.concatenate(parts, axis=3)


def _span(size: int, kernel: int) -> tuple[tuple[int, int], int]:
    """Padding before and after one axis, and the places along it."""
    num_out = -(-size // STRIDE)
    total = max(STRIDE * (num_out - 1) + kernel - size, 0)
    return (total // 2, total - total // 2), num_out


class Convolutions(nnx.Module):
    """Convolutions of stride 2 with rectifiers; no pooling.

    Each is one product of the matrix of patches and the matrix of filters. A training
    step of the default network on 32 images then takes 0.9 ms of one core for 28 x 28
    grey pixels and 1.4 ms for 32 x 32 in colour; with `lax.conv_general_dilated` it
    takes 12.6 and 45 ms, because inside a loop XLA's CPU backend runs the convolutions
    of the backward pass as plain loops. Filters start He-normal, biases at zero.

    References:
        Chellapilla, Puri and Simard (2006), High performance convolutional neural
        networks for document processing (the product of matrices).
        Springenberg et al. (2015), Striving for simplicity: the all convolutional net
        (stride 2 in place of pooling).
        He et al. (2015), Delving deep into rectifiers, equation 10.
    """

    def __init__(self, config: ConvolutionConfig, rngs: nnx.Rngs) -> None:
        """Draw the weights."""
        self.shape = config.shape
        self.kernel = config.kernel
        self.layers = nnx.List(
            [
                nnx.Linear(
                    patch, num_out, kernel_init=nnx.initializers.he_normal(), rngs=rngs
                )
                for _, patch, num_out in config._layers()
            ]
        )
        self.num_out = config.size()[1]

    def __call__(
        self, x: Float[Array, "batch features"], product: Product | None = None
    ) -> jax.Array:
        """Return `[B, num_out]` features of the last layer."""
        num_items = x.shape[0]
        image = x.reshape(num_items, *self.shape)
        for layer in self.layers:
            laid_out = patches(image, self.kernel)
            _, rows, columns, depth = laid_out.shape
            flat = nnx.relu(apply_linear(layer, laid_out.reshape(-1, depth), product))
            image = flat.reshape(num_items, rows, columns, -1)
        return image.reshape(num_items, self.num_out)
