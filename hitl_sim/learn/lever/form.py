"""One form of a network in training: what its steps change, and what they leave alone.

The weights of a form are its network's leaves in a row. Steps change those of them that
`_Parts` calls its own; the others are held.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hitl_sim.learn.lever.adapter import build_adapted
from hitl_sim.learn.lever.config import LeverConfig, PruneConfig
from hitl_sim.learn.lever.gate import draw_gates, open_gates
from hitl_sim.learn.lever.layout import Layout, layout_of
from hitl_sim.learn.lever.mask import keep_largest, share_at
from hitl_sim.learn.lever.quantised import arithmetic_of, quantise_network
from hitl_sim.learn.lever.split import split_network
from hitl_sim.learn.lever.unit import close_units
from hitl_sim.learn.network import Hooks, Network, NetworkConfig, build_network


class Held(NamedTuple):
    """What steps leave alone: frozen weights, and a mask for each kernel or none."""

    frozen: tuple[Any, ...]
    masks: tuple[Any, ...] | None = None


class Gated(NamedTuple):
    """Weights, and the gates of each layer with units."""

    weights: tuple[Any, ...]
    gates: tuple[Any, ...]


class Form(NamedTuple):
    """A network that levers act on.

    Attributes:
        network: with hooks.
        layout: of its weights.
        part: `weights [leaves] -> (trained, held)` as `network.hooks` take them; None
            where more than weights is trained or held.
        mark: what tells its training step from the plain network's, for names of units.
        deploy: what is done once before it is used, for names of units; empty for
            nothing.
        answer: what tells its use from the plain network's, for names of units.
    """

    network: Network
    layout: Layout
    part: Callable[[Sequence[Any]], tuple[Any, Any]] | None
    mark: str
    deploy: str = ""
    answer: str = ""


def build_form(
    config: NetworkConfig,
    sizes: tuple[int, int],
    lever: LeverConfig,
    pretrained: Any = None,
    *,
    is_gated: bool = False,
) -> Form:
    """Build one form.

    Args:
        config: the network.
        sizes: input width D and output width K.
        lever: what acts on it.
        pretrained: params that all layers but the last start from; fresh ones where
            left out.
        is_gated: whether its units have gates, which learn which of them go.
    """
    form = _build_form(config, sizes, lever, pretrained, is_gated)
    quantise, split = lever.quantise, lever.split
    if split is not None:
        network = split_network(form.network, config, sizes, split)
        answer = f":split{split.after}b{split.bits}"
        return form._replace(network=network, answer=answer)
    if quantise is None:
        return form
    network = quantise_network(form.network, form.layout, config, sizes, quantise)
    arithmetic = arithmetic_of(quantise)
    name = f":{arithmetic.describe()}"
    mark = "" if quantise.form == "post_training" else name
    is_kept = arithmetic.form == "int8"
    return form._replace(
        network=network,
        mark=form.mark + mark,
        deploy="-".join(filter(None, (form.deploy, "quantise" if is_kept else ""))),
        answer=name,
    )


def _build_form(
    config: NetworkConfig,
    sizes: tuple[int, int],
    lever: LeverConfig,
    pretrained: Any,
    is_gated: bool,
) -> Form:
    """Build a form whose products are plain."""
    plain = build_network(config, *sizes)
    if plain.training is not None:
        raise ValueError(
            f"`dropout` must be 0 in a network on which levers act, got "
            f"{config.dropout}."
        )
    layout = layout_of(plain)

    def begin(key: jax.Array) -> tuple[Any, ...]:
        fresh = layout.flatten(plain.init(key))
        if pretrained is None:
            return fresh
        known = layout.flatten(pretrained)
        return tuple(f if i in layout.last else k for i, (f, k) in _pairs(fresh, known))

    tune = lever.fine_tune.train if lever.fine_tune else "all"
    if lever.fine_tune is not None and tune == "low_rank":
        rank = lever.fine_tune.rank
        network = build_adapted(config, sizes, layout, begin, rank)
        return Form(network, layout, None, f":low_rank{rank}", "merge")
    every = tuple(range(len(layout.paths)))
    own = layout.last if tune == "last" else every
    parts = _Parts(layout, own, lever)
    mark = ":last" if tune == "last" else ""
    if is_gated:
        return _with_gates(config, plain, parts, begin, mark)
    if lever.mask is not None:
        return _with_masks(plain, parts, begin, mark, lever.mask)
    return _plainly(plain, parts, begin, mark)


def _pairs(first: Sequence[Any], second: Sequence[Any]) -> Any:
    return enumerate(zip(first, second, strict=True))


class _Parts(NamedTuple):
    """Which leaves steps change.

    Attributes:
        layout: of the network.
        own: positions of those that they change.
        lever: what acts on the network.
    """

    layout: Layout
    own: tuple[int, ...]
    lever: LeverConfig

    def split(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return what is trained, and what is frozen."""
        rest = (leaf for i, leaf in enumerate(leaves) if i not in self.own)
        return tuple(leaves[i] for i in self.own), tuple(rest)

    def join(self, trained: Sequence[Any], frozen: Sequence[Any]) -> list[Any]:
        """Put the leaves together again."""
        own, rest = iter(trained), iter(frozen)
        every = range(len(self.layout.paths))
        return [next(own) if i in self.own else next(rest) for i in every]


def _plainly(
    plain: Network,
    parts: _Parts,
    begin: Callable[[jax.Array], tuple[Any, ...]],
    mark: str,
) -> Form:
    layout = parts.layout

    def part(leaves: Sequence[Any]) -> tuple[Any, Held]:
        trained, frozen = parts.split(leaves)
        return trained, Held(frozen)

    def start(key: jax.Array) -> tuple[Any, Held]:
        return part(begin(key))

    def weights(trained: Any, held: Held) -> Any:
        return layout.unflatten(parts.join(trained, held.frozen))

    hooks = Hooks(start, weights, None, None, weights, plain.apply, weights)
    return Form(plain._replace(hooks=hooks), layout, part, mark)


def _with_masks(
    plain: Network,
    parts: _Parts,
    begin: Callable[[jax.Array], tuple[Any, ...]],
    mark: str,
    mask: PruneConfig,
) -> Form:
    layout = parts.layout
    kernels = layout.kernels

    def start(key: jax.Array) -> tuple[Any, Held]:
        leaves = begin(key)
        trained, frozen = parts.split(leaves)
        return trained, Held(frozen, tuple(jnp.ones_like(leaves[i]) for i in kernels))

    def weights(trained: Any, held: Held) -> Any:
        return layout.unflatten(parts.join(trained, held.frozen))

    def settle(trained: Any, held: Held) -> Any:
        kept = dict(zip(kernels, held.masks or (), strict=True))
        own = zip(parts.own, trained, strict=True)
        return tuple(leaf * kept[i] if i in kept else leaf for i, leaf in own)

    def remask(trained: Any, held: Held, share: jax.Array) -> tuple[Any, Held]:
        leaves = parts.join(trained, held.frozen)
        masks = keep_largest([leaves[i] for i in kernels], share)
        for i, one in zip(kernels, masks, strict=True):
            leaves[i] = leaves[i] * one
        trained, frozen = parts.split(leaves)
        return trained, Held(frozen, masks)

    def revise(trained: Any, held: Held, checkpoint: Any) -> tuple[Any, Held]:
        out: tuple[Any, Held] = jax.lax.cond(
            mask.is_due(checkpoint),
            lambda: remask(trained, held, share_at(mask, checkpoint)),
            lambda: (trained, held),
        )
        return out

    hooks = Hooks(start, weights, settle, revise, weights, plain.apply, weights)
    return Form(plain._replace(hooks=hooks), layout, None, f"{mark}:masked")


def _with_gates(
    config: NetworkConfig,
    plain: Network,
    parts: _Parts,
    begin: Callable[[jax.Array], tuple[Any, ...]],
    mark: str,
) -> Form:
    layout, cut = parts.layout, parts.lever.cut
    if cut is None:
        raise TypeError("gates are for a lever that takes units away.")
    layers = config.units()

    def start(key: jax.Array) -> tuple[Gated, Held]:
        key_weights, key_gates = key, jax.random.fold_in(key, 1)
        trained, frozen = parts.split(begin(key_weights))
        sizes = [layer.num_units for layer in layers]
        return Gated(trained, draw_gates(key_gates, sizes)), Held(frozen)

    def plainly(trained: Gated, held: Held) -> Any:
        return layout.unflatten(parts.join(trained.weights, held.frozen))

    def weights(trained: Gated, held: Held) -> Any:
        leaves = parts.join(trained.weights, held.frozen)
        gates = open_gates(trained.gates, cut.share)
        return layout.unflatten(close_units(layout, layers, leaves, gates))

    hooks = Hooks(start, weights, None, None, weights, plain.apply, plainly)
    return Form(plain._replace(hooks=hooks), layout, None, f"{mark}:gated")
