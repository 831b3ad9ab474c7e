"""The course of a run: what its methods make of its network, one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax

from hitl_sim.learn.efficiency.base import (
    Host,
    MethodSpec,
    Phase,
    Scene,
    TrainingPhases,
)
from hitl_sim.learn.efficiency.layout import layout_of
from hitl_sim.learn.network import Hooks, NetworkChoice, build_network, layers_of
from hitl_sim.learn.optimiser import Params


def build_course(
    host: Host,
    methods: Iterable[MethodSpec],
    params: Mapping[str, Any],
    rates: Params,
    known: Any = None,
) -> TrainingPhases:
    """Build the course that methods send a network on.

    Args:
        host: the network and its training.
        methods: what acts on it; each when it is its turn.
        params: traced numbers of the methods, as `Arm.all_leaves` names them.
        rates: those of the optimiser.
        known: params that pretraining left, where there was any.

    Raises:
        ValueError: a method cannot act on that network.
    """
    turns = sorted(methods, key=lambda method: method.turn)
    if not turns:
        plain = build_network(host.network, *host.sizes)
        return TrainingPhases((Phase(host.network, plain),))
    course = TrainingPhases((_hooked(host, turns),))
    for number, method in enumerate(turns):
        start = f"method.{method.kind}."
        own = {n[len(start) :]: v for n, v in params.items() if n.startswith(start)}

        def before(network: NetworkChoice, earlier: Any = turns[:number]) -> Phase:
            other = replace(host, network=network)
            if not earlier:
                return _hooked(other, turns)
            return build_course(other, earlier, params, rates).phases[-1]

        scene = Scene(own, rates, before, known)
        course = method.build(host).act(course, scene)
    return course


def _hooked(host: Host, methods: Sequence[MethodSpec]) -> Phase:
    """Give a plain network the hooks of methods; none does anything yet."""
    if any(method.needs_layers for method in methods):
        layers_of(host.network)
    plain = build_network(host.network, *host.sizes)
    if plain.training is not None:
        what = getattr(host.network, "dropout", "what else it does in training")
        raise ValueError(
            f"`dropout` must be 0 in a network on which methods act, got {what}."
        )
    layout = layout_of(plain)

    def start(key: jax.Array) -> tuple[Any, None]:
        return plain.init(key), None

    def whole(trained: Any, held: Any) -> Any:
        del held
        return trained

    def part(leaves: Sequence[Any]) -> tuple[Any, None]:
        return layout.unflatten(leaves), None

    hooks = Hooks(start, whole, None, None, whole, plain.apply, whole)
    return Phase(host.network, plain._replace(hooks=hooks), layout, part)
