"""Fine-tuning: training starts from weights that were trained on a related task.

All of them are trained on, the last layer alone, or low-rank adapters beside the rest.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp

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
from hitl_sim.learn.efficiency.layout import Layout
from hitl_sim.learn.network import Network, Product, build_network, layers_of
from hitl_sim.learn.optimise import TrainSet, fit
from hitl_sim.learn.optimiser import Params
from hitl_sim.learn.query import true_first
from hitl_sim.learn.work import WorkLine, done_once, train_unit
from hitl_sim.schema import Count, SomeShare

RANK = 4
"""Rank of adapters where a study says nothing; the smallest of Hu et al. 2022, table 6,
that matches full fine-tuning in every column."""
LEAST_RELATED = 100
"""Fewest items outside the split that a network can be pretrained on; assumed."""


class FineTuneMethod(MethodSpec, frozen=True, tag="fine_tune"):
    """Start from weights trained on a related part of the task.

    That part is the items of the source that are in neither pool, validation nor test,
    as far as they belong to its first classes; they are clean and truly labelled. The
    last layer starts afresh. What this costs is billed as `prices.pretraining_cost`
    says.

    Attributes:
        steps: training steps on that part.
        classes: share of the classes that it has, the first ones, at least two.
        train: "all" weights, the "last" layer alone, or "low_rank" adapters.
        rank: of the adapters; 4 when left out.
    """

    steps: Count
    classes: SomeShare = 0.5
    train: Literal["all", "last", "low_rank"] = "all"
    rank: Count | None = None

    turn: ClassVar[int] = 0
    is_pretrained: ClassVar[bool] = True

    def num_classes(self, num_classes: int) -> int:
        """Count the classes of the related part, of K: their share, and at least 2."""
        # the nudge keeps .3 * 10 from falling to 2
        return max(int(self.classes * num_classes + 1e-9), 2)

    def check(self, arm: Any, checkpoints: int) -> None:
        """Refuse a rank that nobody reads, and pruning that adapters would undo."""
        del checkpoints
        if self.rank is not None and self.train != "low_rank":
            raise ValueError(
                "`arm.method.rank` must be left out unless "
                f"`arm.method.train` is 'low_rank', got {self.rank} with "
                f"{self.train!r}."
            )
        if beside(arm, "prune") is not None and self.train == "low_rank":
            raise ValueError(
                "`arm.method.train` must be 'all' or 'last' beside a method "
                "of kind 'prune', for adapters fill what pruning empties, "
                "got 'low_rank'."
            )

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a split that leaves too few items to pretrain on."""
        if task.num_left < LEAST_RELATED:
            raise ValueError(
                f"`task.{task.name}`: pool + validation + test must leave at least "
                f"{LEAST_RELATED} of the source's {task.num_items} items to pretrain "
                f"on in arm {arm.name!r}, got {task.num_left}."
            )

    def build(self, host: Host) -> Method:
        """Train the plain network first, then what is to be trained of it."""
        config = layers_of(host.network)
        plain = build_network(config, *host.sizes)

        def pretrain(key: jax.Array, x: Any, y: Any, rates: Params) -> Any:
            is_related = y < self.num_classes(host.sizes[1])
            num_items = jnp.maximum(is_related.sum(dtype=jnp.int32), 1)
            related = TrainSet(x, y, true_first(is_related), num_items)
            return fit(key, plain, host.train, rates, related, self.steps)

        def act(course: TrainingPhases, scene: Scene) -> TrainingPhases:
            begun = course.each(lambda phase: _known(phase, scene.known))
            if self.train == "low_rank":
                return begun.each(lambda phase: self._adapted(phase, host))
            return begun.each(_last) if self.train == "last" else begun

        def work() -> Iterator[WorkLine]:
            sizes = (host.num_left, *host.sizes)
            unit = train_unit("pretrain", config, host.train, *sizes, built=plain)
            yield done_once(unit, self.steps, host.train)

        return Method(act, pretrain, work)

    def _adapted(self, phase: Phase, host: Host) -> Phase:
        rank = self.rank or RANK
        network = build_adapted(phase, host.sizes, rank)
        mark = f"{phase.mark}:low_rank{rank}"
        return phase._replace(network=network, part=None, mark=mark, deploy="merge")


def _known(phase: Phase, known: Any) -> Phase:
    """Start from known params, but for the last layer."""
    if known is None:
        return phase
    layout, begin = phase.layout, phase.hooks.start

    def start(key: jax.Array) -> tuple[Any, Any]:
        fresh = phase.leaves(*begin(key))
        pairs = enumerate(zip(fresh, jax.tree.leaves(known), strict=True))
        begun: tuple[Any, Any] = phase.part(
            [f if i in layout.last else k for i, (f, k) in pairs]
        )
        return begun

    return phase.hooked(start=start)


def _last(phase: Phase) -> Phase:
    """Train the last layer, and hold the rest."""
    layout: Layout = phase.layout
    begin = phase.hooks.start

    def start(key: jax.Array) -> tuple[Any, Any]:
        return layout.split(phase.leaves(*begin(key)))

    def weights(trained: Sequence[Any], held: Sequence[Any]) -> Any:
        return layout.unflatten(layout.join(trained, held))

    whole = phase.hooked(start=start, weights=weights, deploy=weights, plain=weights)
    return whole._replace(part=layout.split, mark=f"{phase.mark}:last")


fine_tune = built_in(FineTuneMethod, problems=("classification",))


class Adapter(NamedTuple):
    """Adds `x @ down @ up` to a layer's product: `[in, r]` and `[r, out]`."""

    down: Any
    up: Any


class Adapted(NamedTuple):
    """What is trained.

    Attributes:
        adapters: of each layer but the last, in the order of a pass.
        last: leaves of the last layer.
    """

    adapters: tuple[Adapter, ...]
    last: tuple[Any, ...]


class _Weights(NamedTuple):
    """What the adapted network takes: all weights, and the adapters."""

    params: Any
    adapters: tuple[Adapter, ...]


def build_adapted(phase: Phase, sizes: tuple[int, int], rank: int) -> Network:
    """Build a network whose layers, but the last, learn through adapters alone.

    Their second matrix starts at zero, so that training starts from the weights as they
    are. In use the product of both is added to the weights, and costs nothing more.

    Args:
        phase: the network and its weights, none of which is held.
        sizes: input width D and output width K.
        rank: r of the adapters; at most as large as a layer.

    References:
        Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen (2022), LoRA: low-rank
        adaptation of large language models, ICLR, section 4.1.
    """
    hooks, layout = phase.hooks, phase.layout
    adapted = tuple(i for i in layout.passed if i not in layout.last)

    def product(weights: _Weights) -> tuple[Any, Product]:
        coming = iter((*weights.adapters, None))

        def multiply(x: Any, kernel: Any, bias: Any) -> Any:
            out = x @ kernel + bias[None]
            adapter = next(coming)
            return out if adapter is None else out + (x @ adapter.down) @ adapter.up

        return weights.params, multiply

    def fresh(key: jax.Array, leaves: Sequence[Any]) -> tuple[Adapter, ...]:
        made = []
        for number, position in enumerate(adapted):
            num_in, num_out = leaves[position].shape
            inner = min(rank, num_in, num_out)
            draw = jax.random.normal(jax.random.fold_in(key, number), (num_in, inner))
            made.append(Adapter(draw * num_in**-0.5, jnp.zeros((inner, num_out))))
        return tuple(made)

    def start(key: jax.Array) -> tuple[Adapted, Any]:
        leaves = phase.leaves(*hooks.start(key))
        last, rest = layout.split(leaves)
        return Adapted(fresh(jax.random.fold_in(key, 1), leaves), last), rest

    def weights(trained: Adapted, frozen: Any) -> _Weights:
        leaves = layout.join(trained.last, frozen)
        return _Weights(layout.unflatten(leaves), trained.adapters)

    def merged(trained: Adapted, frozen: Any) -> Any:
        leaves = layout.join(trained.last, frozen)
        for position, adapter in zip(adapted, trained.adapters, strict=True):
            leaves[position] = leaves[position] + adapter.down @ adapter.up
        return layout.unflatten(leaves)

    network = build_network(phase.config, *sizes, product)
    changed = hooks._replace(start=start, weights=weights, deploy=merged, plain=merged)
    return network._replace(hooks=changed)
