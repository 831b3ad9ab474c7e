"""The contract of a network: what its factory is told, and what it returns."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import jax
from jaxtyping import Array, Float, Key
from msgspec import Meta

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""As the learner counts: in int32."""
Rate = Annotated[float, Meta(ge=0.0, lt=1.0)]
"""A share that is never the whole."""
Precision = Literal["float32", "bfloat16"]
"""Of the factors of products, whose sums are in float32 either way."""


class UnreadableError(ValueError):
    """A network cannot read what a task has; the message says what it is not."""


class Inputs(NamedTuple):
    """What a network is built for.

    Attributes:
        num_features: D, numbers of an item.
        num_classes: K.
        image: height, width and channels where the numbers are the pixels of an image,
            row by row and channels last; else None.
        vocabulary: number of word ids where the numbers are ids, 0 for no word; else
            None.
    """

    num_features: int
    num_classes: int
    image: tuple[int, int, int] | None = None
    vocabulary: int | None = None

    def require(self, kind: str, *, image: bool = False, words: bool = False) -> None:
        """Refuse features that a kind of network cannot read.

        Raises:
            UnreadableError: they are no image or no ids of words where these are
                needed, or ids of words where numbers are.
        """
        lacks = None
        if image and self.image is None:
            lacks = "are no images"
        elif words and self.vocabulary is None:
            lacks = "are no tokens"
        elif not words and self.vocabulary is not None:
            lacks = "are the ids of words"
        if lacks:
            raise UnreadableError(
                f"`network.kind` must read a task whose features {lacks}, got {kind!r}."
            )


class Hooks(NamedTuple):
    """What methods do around the weights that are trained.

    Attributes:
        start: `key -> (trained, held)`: what steps change, and what they leave alone.
        weights: `(trained, held) -> params` that `apply` takes.
        settle: `(trained, held) -> (trained, held)` after each step; None for nothing.
        revise: `(trained, held, checkpoint) -> (trained, held)` before the steps of
            each checkpoint; None for nothing.
        deploy: `(trained, held) -> deployed`, once before the network is used.
        answer: `(deployed, [B, D] features) -> [B, K] logits` of the network in use.
        plain: `(trained, held) -> params` of the plain network of the same shapes.
        loss: `(trained, held) -> []`, added to the loss; None for nothing.
        gradients: `(gradients, trained, held) -> gradients`; None as they are.
    """

    start: Callable[[Key[Array, ""]], tuple[Any, Any]]
    weights: Callable[[Any, Any], Any]
    settle: Callable[[Any, Any], tuple[Any, Any]] | None
    revise: Callable[[Any, Any, Any], tuple[Any, Any]] | None
    deploy: Callable[[Any, Any], Any]
    answer: Callable[[Any, Any], Float[Array, "batch classes"]]
    plain: Callable[[Any, Any], Any]
    loss: Callable[[Any, Any], Float[Array, ""]] | None = None
    gradients: Callable[[Any, Any, Any], Any] | None = None


class Training(NamedTuple):
    """What a network does in training that it does not do in use.

    Attributes:
        split: `params -> (trained, state)`: what steps change, and what passes in
            training renew, such as batch statistics; None where there is nothing.
        join: `(trained, state) -> params` that `Network.apply` takes.
        apply: `(key, params, x, is_used [B] | None) -> ([B, K] logits, state)`; rows
            that are not used are padding, and None says that all are.
        skips_padding: whether padding leaves no trace in `state`.
    """

    split: Callable[[Any], tuple[Any, Any]]
    join: Callable[[Any, Any], Any]
    apply: Callable[[Any, Any, Any, Any], tuple[jax.Array, Any]]
    skips_padding: bool = True


def train_through(apply: Callable[[Any, Any, Any, Any], tuple[Any, None]]) -> Training:
    """Train all weights through passes that leave nothing behind."""
    return Training(lambda params: (params, None), lambda trained, _: trained, apply)


def train_sampled(sample: Callable[[Any, Any, Any], jax.Array]) -> Training:
    """Train through what is random in a network, such as dropout."""
    return train_through(lambda key, params, x, _: (sample(key, params, x), None))


class Network(NamedTuple):
    """A network as pure functions.

    Attributes:
        init: `key -> params`, all that `apply` takes, state included.
        apply: `(params, [B, D] features) -> [B, K] logits` of the network in use; takes
            what `prepare` gives as well.
        prepare: `[B, D] features -> Any`, to be called before a loop of many steps on
            the same items.
        hooks: what methods do around the weights; None for the plain network.
        embed: `(params, [B, D] features) -> [B, E]`, the last hidden layer; None where
            there is none to show.
        sample: `(key, params, [B, D] features) -> [B, K] logits` with what is random
            in training, such as dropout; None where nothing is.
        training: what is otherwise in training; None where `apply` is what is trained.
        layers: the `NetworkConfig` of dense layers, alone or on an encoder, which
            methods that change layers read; None for any other network.
    """

    init: Callable[[Key[Array, ""]], Any]
    apply: Callable[[Any, Any], Float[Array, "batch classes"]]
    prepare: Callable[[Float[Array, "batch features"]], Any]
    hooks: Hooks | None = None
    embed: Callable[[Any, Any], Float[Array, "batch features"]] | None = None
    sample: (
        Callable[[Key[Array, ""], Any, Any], Float[Array, "batch classes"]] | None
    ) = None
    training: Training | None = None
    layers: Any = None


class Size(NamedTuple):
    """How large a network is, as far as its sizes alone tell.

    Attributes:
        products: of a weight and a number, per item.
        weights: without biases.
        widest: numbers that one item's widest layer reads and writes.
    """

    products: int
    weights: int
    widest: int


class UnitLayer(NamedTuple):
    """One layer whose units can go.

    Attributes:
        path: of the layer, as "layers.0".
        num_units: units in it.
        reader: path of the layer that reads them.
        places: how often that layer reads each unit, one place after the other.
    """

    path: str
    num_units: int
    reader: str
    places: int = 1


def kept_units(num_units: int, share: float) -> int:
    """Count the units that stay when a share of them goes; at least 1."""
    # the nudge keeps .29 * 100 from falling to 28
    return max(num_units - int(share * num_units + 1e-9), 1)
