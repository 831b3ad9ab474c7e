"""Splitting: a network is used in two halves, with few bits for what lies between."""

import itertools
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from msgspec import Meta

from hitl_sim.learn.efficiency.base import (
    Host,
    Method,
    MethodSpec,
    Phase,
    Scene,
    TrainingPhases,
    beside,
    built_in,
)
from hitl_sim.learn.network import NetworkConfig, Product, build_network, layers_of
from hitl_sim.schema import one_of

RANGE_BYTES = 8
"""Bytes beside the features of an item: their least and largest, as float32."""
MAX_BITS = 16
_Pass = Callable[[Any, jax.Array], Any]


class Encoded(NamedTuple):
    """Features as they are sent.

    Attributes:
        level: `[N, D]` whole numbers from 0 to 2^b - 1.
        least: `[N, 1]` least feature of each item.
        step: `[N, 1]` between two levels.
    """

    level: jax.Array
    least: jax.Array
    step: jax.Array


def encode_features(x: Float[Array, "items width"], bits: int) -> Encoded:
    """Round features to 2^b levels between each item's least and largest.

    An item then takes b D / 8 bytes and `RANGE_BYTES`, before any entropy coding. No
    feature moves by more than half a step, (largest - least) / (2^b - 1) / 2.

    Args:
        x: `[N, D]` features.
        bits: b, bits per feature.

    Raises:
        ValueError: the bits are not in 1 to 16.

    References:
        Li et al. (2018), JALAD: joint accuracy- and latency-aware deep structure
        decoupling for edge-cloud execution, ICPADS, section III (min-max steps).
    """
    if not 1 <= bits <= MAX_BITS:
        raise ValueError(f"`bits` must be >= 1 and <= {MAX_BITS}, got {bits}.")
    least = x.min(axis=1, keepdims=True)
    span = x.max(axis=1, keepdims=True) - least
    step = jnp.where(span > 0, span, 1.0) / (2**bits - 1)
    return Encoded(jnp.round((x - least) / step), least, step)


def decode_features(encoded: Encoded) -> Float[Array, "items width"]:
    """Return the features that the far end of a link has."""
    return encoded.least + encoded.level * encoded.step


class SplitMethod(MethodSpec, frozen=True, tag="split"):
    """Answer queries on a device and a server, with a network cut between two layers.

    Training is left alone; accuracy is that of the network that answers from rounded
    features. What runs the halves and what lies between is said when the study is
    priced, by `hitl-sim methods`.

    Attributes:
        after: layers that the device runs; 0 sends the input.
        bits: of each feature that is sent, between its item's least and largest.
    """

    after: Annotated[int, Meta(ge=0)]
    bits: Annotated[int, Meta(ge=1, le=16)]

    turn: ClassVar[int] = 4

    def check(self, arm: Any, checkpoints: int) -> None:
        """Refuse what rounds in its own way."""
        del checkpoints
        if beside(arm, "quantise") is not None:
            raise ValueError(
                "`arm.method.kind` must not be 'split' beside 'quantise', which rounds "
                "what each layer reads already, got both."
            )

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a cut where there is none between two dense layers."""
        network = layers_of(task.program.network)
        if network.encoder is not None:
            allowed = one_of(task.readers(lambda other: other.takes_any_width))
            raise ValueError(
                f"`network.kind` must be {allowed} with a method of kind 'split', "
                f"got {task.network_kind!r} in arm {arm.name!r}."
            )
        num_layers = len(network.hidden) + 1
        if self.after >= num_layers:
            raise ValueError(
                f"`arm.method.after` must be < {num_layers}, the layers of the "
                "network, "
                f"with a method of kind 'split', got {self.after} in arm {arm.name!r}."
            )

    def build(self, host: Host) -> Method:
        """Let a network in use answer from rounded features."""
        sizes = host.sizes

        def rounding(phase: Phase) -> Phase:
            config = layers_of(phase.config)

            def sent(x: jax.Array) -> jax.Array:
                return decode_features(encode_features(x, self.bits))

            used = _passing(config, sizes, self, sent)
            split = phase.hooked(answer=phase.wrap(used))
            return split._replace(answer=f":split{self.after}b{self.bits}")

        def act(course: TrainingPhases, scene: Scene) -> TrainingPhases:
            del scene
            return course.each(rounding)

        return Method(act, halves=lambda config: halves(config, sizes, self))


def halves(
    config: NetworkConfig, sizes: tuple[int, int], split: SplitMethod
) -> tuple[Callable[[Any, jax.Array], Encoded], Callable[[Any, Encoded], jax.Array]]:
    """Return what device and server do.

    Returns:
        `(params, [N, D] features) -> what is sent`, and `(params, what was sent) ->
        [N, K] logits`.
    """

    def device(params: Any, x: jax.Array) -> Encoded:
        sent: list[Encoded] = []

        def send(features: jax.Array) -> jax.Array:
            sent.append(encode_features(features, split.bits))
            return features

        _passing(config, sizes, split, send)(params, x)
        return sent[0]

    def server(params: Any, sent: Encoded) -> jax.Array:
        # what the layers before the cut make of it is not read
        nothing = jax.numpy.zeros((sent.level.shape[0], sizes[0]))
        whole = _passing(config, sizes, split, lambda _: decode_features(sent))
        logits: jax.Array = whole(params, nothing)
        return logits

    return device, server


def _passing(
    config: NetworkConfig,
    sizes: tuple[int, int],
    split: SplitMethod,
    at_cut: Callable[[jax.Array], jax.Array],
) -> _Pass:
    """Return a pass that does something to what the layer after the cut reads."""

    def product(params: Any) -> tuple[Any, Product]:
        places = itertools.count()

        def multiply(x: Any, kernel: Any, bias: Any) -> Any:
            read = at_cut(x) if next(places) == split.after else x
            return read @ kernel + bias[None]

        return params, multiply

    return build_network(config, *sizes, product).apply


split = built_in(SplitMethod)
