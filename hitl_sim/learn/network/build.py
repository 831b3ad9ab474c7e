"""Networks as pure functions, built from their configs."""

from collections.abc import Callable
from typing import Any, NamedTuple, assert_never

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from hitl_sim.learn.network.affine import Product, lay_out
from hitl_sim.learn.network.config import (
    ConvolutionConfig,
    EncoderConfig,
    NetworkConfig,
    TextConvolutionConfig,
    TransformerConfig,
)
from hitl_sim.learn.network.convolution import Convolutions
from hitl_sim.learn.network.dense import Dense
from hitl_sim.learn.network.half import half_affine, lay_out_half
from hitl_sim.learn.network.text_convolution import TextConvolution
from hitl_sim.learn.network.transformer import Transformer

CHUNK = 64
"""Items that an encoder takes at once: what one layer writes, the next finds in cache.

Measured on one core, 1000 images of 28 x 28 through two convolutions: 34 ms in one
piece, 12 to 13 ms in pieces of 25 to 100, 16 ms in pieces of 200.
"""


class Hooks(NamedTuple):
    """What levers do around the weights that are trained.

    Attributes:
        start: `key -> (trained, held)`: what steps change, and what they leave alone.
        weights: `(trained, held) -> params` that `apply` takes.
        settle: `(trained, held) -> trained` after each step; None for nothing.
        revise: `(trained, held, checkpoint) -> (trained, held)` before the steps of
            each checkpoint; None for nothing.
        deploy: `(trained, held) -> deployed`, once before the network is used.
        answer: `(deployed, [B, D] features) -> [B, K] logits` of the network in use.
        plain: `(trained, held) -> params` of the plain network of the same shapes.
    """

    start: Callable[[Key[Array, ""]], tuple[Any, Any]]
    weights: Callable[[Any, Any], Any]
    settle: Callable[[Any, Any], Any] | None
    revise: Callable[[Any, Any, Any], tuple[Any, Any]] | None
    deploy: Callable[[Any, Any], Any]
    answer: Callable[[Any, Any], Float[Array, "batch classes"]]
    plain: Callable[[Any, Any], Any]


class Network(NamedTuple):
    """A network as pure functions.

    Attributes:
        init: `key -> params`.
        apply: `(params, [B, D] features) -> [B, K] logits`; takes what `prepare` gives
            as well.
        prepare: `[B, D] features -> Any`, to be called before a loop of many steps on
            the same items.
        hooks: what levers do around the weights; None for the plain network.
        embed: `(params, [B, D] features) -> [B, E]`, the last hidden layer; None where
            there is none to show.
        sample: `(key, params, [B, D] features) -> [B, K] logits` with what is random
            in training, such as dropout; None where nothing is.
    """

    init: Callable[[Key[Array, ""]], Any]
    apply: Callable[[Any, Any], Float[Array, "batch classes"]]
    prepare: Callable[[Float[Array, "batch features"]], Any]
    hooks: Hooks | None = None
    embed: Callable[[Any, Any], Float[Array, "batch features"]] | None = None
    sample: (
        Callable[[Key[Array, ""], Any, Any], Float[Array, "batch classes"]] | None
    ) = None


class _Encoded(nnx.Module):
    """An encoder and the dense layers on it."""

    def __init__(
        self, config: EncoderConfig, widths: tuple[int, ...], rngs: nnx.Rngs
    ) -> None:
        self.encoder = _build_encoder(config, rngs)
        self.head = Dense((self.encoder.num_out, *widths), rngs)

    def __call__(
        self, x: Float[Array, "batch features"], product: Product | None = None
    ) -> jax.Array:
        return self.head(self.encoder(x, product), product)


def _build_encoder(
    config: EncoderConfig, rngs: nnx.Rngs
) -> Convolutions | TextConvolution | Transformer:
    match config:
        case ConvolutionConfig():
            return Convolutions(config, rngs)
        case TextConvolutionConfig():
            return TextConvolution(config, rngs)
        case TransformerConfig():
            return Transformer(config, rngs)
        case _:
            assert_never(config)


def build_network(
    config: NetworkConfig,
    num_features: int,
    num_classes: int,
    product: Callable[[Any], tuple[Any, Product]] | None = None,
) -> Network:
    """Build a network: a linear model or a multilayer perceptron, or one on an encoder.

    Args:
        config: the encoder and the hidden widths.
        num_features: input width D.
        num_classes: output width K.
        product: `params -> (weights, product)`, what multiplies in place of the layers'
            own, made anew for each pass; None keeps the layers' own.

    Returns:
        The network's `init` and `apply`.

    Raises:
        ValueError: the encoder reads inputs of another width, or its parts do not fit;
            the precision has no name here, or stands beside another product.
    """
    check_precision(config.precision, has_product=product is not None)
    is_half = config.precision == "bfloat16"
    widths = (*config.hidden, num_classes)
    encoder = config.encoder
    if encoder is not None and encoder.num_features != num_features:
        raise ValueError(
            f"`num_features` must be {encoder.num_features} for an encoder "
            f"{encoder.describe()!r}, got {num_features}."
        )

    def build(rngs: nnx.Rngs) -> Dense | _Encoded:
        if encoder is None:
            return Dense((num_features, *widths), rngs)
        return _Encoded(encoder, widths, rngs)

    graph = nnx.graphdef(nnx.eval_shape(lambda: build(nnx.Rngs(0))))

    def init(key: Key[Array, ""]) -> Any:
        return nnx.state(build(nnx.Rngs(params=key)), nnx.Param)

    def apply(params: Any, x: Any) -> jax.Array:
        own: Product | None = half_affine if is_half else None
        weights, multiply = (params, own) if product is None else product(params)
        out: jax.Array = nnx.merge(graph, weights)(x, multiply)
        return out

    if encoder is None:
        prepare = lay_out_half if is_half else lay_out
        return Network(init, apply, prepare if product is None else lambda x: x)
    return Network(init, _in_chunks(apply), lambda x: x)


def check_precision(precision: str, *, has_product: bool) -> None:
    """Refuse a precision that no product here has.

    Args:
        precision: of a network's config.
        has_product: whether something else multiplies in the layers' place.

    Raises:
        ValueError: it has no name here, or stands beside another product.
    """
    if precision not in ("float32", "bfloat16"):
        raise ValueError(
            f"`precision` must be one of 'float32', 'bfloat16', got {precision!r}."
        )
    if has_product and precision != "float32":
        raise ValueError(
            "`precision` must be 'float32' where a lever multiplies in its own way, "
            f"got {precision!r}."
        )


def _in_chunks(
    apply: Callable[[Any, jax.Array], jax.Array],
) -> Callable[[Any, jax.Array], jax.Array]:
    """Apply to `CHUNK` items at a time, and to the rest."""

    def chunked(params: Any, x: jax.Array) -> jax.Array:
        num_items, num_features = x.shape
        if num_items <= CHUNK:
            return apply(params, x)
        num_whole = num_items // CHUNK
        pieces = x[: num_whole * CHUNK].reshape(num_whole, CHUNK, num_features)
        logits = jax.lax.map(lambda piece: apply(params, piece), pieces)
        parts = [logits.reshape(num_whole * CHUNK, -1)]
        if num_items % CHUNK:
            parts.append(apply(params, x[num_whole * CHUNK :]))
        return jnp.concatenate(parts)

    return chunked
