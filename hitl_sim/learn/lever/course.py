"""The course of a run: what its levers make of its network, one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax

from hitl_sim.learn.lever.base import Course, Host, Leg, LeverSpec, Scene
from hitl_sim.learn.lever.layout import layout_of
from hitl_sim.learn.network import Hooks, NetworkChoice, build_network, layers_of
from hitl_sim.learn.optimiser import Params


def build_course(
    host: Host,
    levers: Iterable[LeverSpec],
    params: Mapping[str, Any],
    rates: Params,
    known: Any = None,
) -> Course:
    """Build the course that levers send a network on.

    Args:
        host: the network and its training.
        levers: what acts on it; each when it is its turn.
        params: traced numbers of the levers, as `Arm.all_leaves` names them.
        rates: those of the optimiser.
        known: params that pretraining left, where there was any.

    Raises:
        ValueError: a lever cannot act on that network.
    """
    turns = sorted(levers, key=lambda lever: lever.turn)
    return _course(host, turns, params, rates, known)


def _course(
    host: Host,
    levers: Sequence[LeverSpec],
    params: Mapping[str, Any],
    rates: Params,
    known: Any,
) -> Course:
    if not levers:
        return Course((Leg(host.network, build_network(host.network, *host.sizes)),))
    course = Course((_hooked(host, levers),))
    for number, lever in enumerate(levers):
        start = f"lever.{lever.kind}."
        own = {n[len(start) :]: v for n, v in params.items() if n.startswith(start)}

        def before(network: NetworkChoice, earlier: Any = levers[:number]) -> Leg:
            other = replace(host, network=network)
            if not earlier:
                return _hooked(other, levers)
            return _course(other, earlier, params, rates, None).legs[-1]

        scene = Scene(own, rates, before, known)
        course = lever.build(host).act(course, scene)
    return course


def _hooked(host: Host, levers: Sequence[LeverSpec]) -> Leg:
    """Give a plain network the hooks that levers hold on to; none does anything yet."""
    if any(lever.needs_layers for lever in levers):
        layers_of(host.network)
    plain = build_network(host.network, *host.sizes)
    if plain.training is not None:
        what = getattr(host.network, "dropout", "what else it does in training")
        raise ValueError(
            f"`dropout` must be 0 in a network on which levers act, got {what}."
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
    return Leg(host.network, plain._replace(hooks=hooks), layout, part)
