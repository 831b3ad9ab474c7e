"""Pruning: weights are set to zero, or units are taken away, in training."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int
from msgspec import Meta

from hitl_sim.learn.efficiency.base import (
    Host,
    Kept,
    Method,
    MethodSpec,
    Phase,
    Scene,
    TrainingPhases,
    Work,
    built_in,
    within,
)
from hitl_sim.learn.efficiency.layout import (
    best_units,
    close_units,
    draw_gates,
    keep_largest,
    open_gates,
    shrink,
    weigh_units,
)
from hitl_sim.learn.network import NetworkConfig, layers_of
from hitl_sim.learn.optimise import Learner, resume_learner
from hitl_sim.schema import Count


class PruneMethod(MethodSpec, frozen=True, tag="prune"):
    """Take weights or units away from the network in training.

    A run counts as at its target only with all of them gone.

    Attributes:
        share: of the weights of each layer, or of its units, that goes.
        form: "masked" zeroes the smallest weights at once, "gradual" step by step;
            neither changes a shape, so neither saves an operation. "structured" takes
            away the units of least weight, "gated" those that learned binary gates have
            closed; shapes shrink.
        after: checkpoints that are trained before anything goes, or begins to.
        until: checkpoints after which all has gone; given exactly with "gradual".
    """

    share: Annotated[float, Meta(gt=0.0, lt=1.0)]
    form: Literal["masked", "gradual", "structured", "gated"]
    after: Count
    until: Count | None = None

    turn: ClassVar[int] = 1

    @property
    def is_cut(self) -> bool:
        """Whether it takes units away, so that shapes shrink."""
        return self.form in ("structured", "gated")

    @property
    def ready(self) -> int:
        """The first checkpoint, from 0, whose model is pruned in full."""
        return self.until or self.after

    @property
    def begin(self) -> int:
        """The first checkpoint, from 0, before whose steps anything goes."""
        return self.after + 1 if self.form == "gradual" else self.after

    def is_due(self, checkpoint: Any) -> Any:
        """Whether something goes before a checkpoint's steps; takes arrays too."""
        return (checkpoint >= self.begin) & (checkpoint <= self.ready)

    def share_at(self, checkpoint: Int[Array, ""]) -> Float[Array, ""]:
        """Return the share of weights that is gone before a checkpoint's steps, `[]`.

        "gradual" takes s (1 - (1 - (t - t0) / (t1 - t0))^3) at checkpoint t, from t0 =
        `after` to t1 = `until`; "masked" takes s at once.

        References:
            Zhu and Gupta (2018), To prune, or not to prune: exploring the efficacy of
            pruning for model compression, ICLR workshop, equation 1.
        """
        if self.until is None:
            return jnp.where(checkpoint >= self.after, self.share, 0.0)
        passed = (checkpoint - self.after) / (self.until - self.after)
        left = 1.0 - jnp.clip(passed, 0.0, 1.0)
        return self.share * (1.0 - left**3)

    def check(self, arm: Any, checkpoints: int) -> None:
        """Refuse a time at which nothing can go."""
        del arm
        if (self.form == "gradual") != (self.until is not None):
            raise ValueError(
                "`arm.method.until` must be given exactly where "
                f"`arm.method.form` is 'gradual', got {self.until} with "
                f"{self.form!r}."
            )
        if self.until is not None and self.until <= self.after:
            raise ValueError(
                "`arm.method.until` must be > `arm.method.after` "
                f"({self.after}), got {self.until}."
            )
        if self.ready >= checkpoints:
            name = "until" if self.until else "after"
            raise ValueError(
                f"`arm.method.{name}` must be < {checkpoints}, the checkpoints of the "
                f"arm's first fit, got {self.ready}."
            )

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a network without units, where units are to go."""
        if self.is_cut and (not layers_of(task.program.network).units()):
            raise ValueError(
                "`network.kind` must have units that can go ('mlp', 'cnn', "
                f"'text_cnn') with `arm.method.form` {self.form!r}, got "
                f"{task.network_kind!r} in arm {arm.name!r}."
            )

    def build(self, host: Host) -> Method:
        """Mask weights, or train a smaller network from some checkpoint on."""
        config = layers_of(host.network)

        def act(course: TrainingPhases, scene: Scene) -> TrainingPhases:
            (phase,) = course.phases
            phases: tuple[Phase, ...] = (_masked(phase, self),)
            if self.is_cut:
                first = _gated(phase, self, config) if self.form == "gated" else phase
                small = scene.before(config.shrink(self.share))

                def take_over(learner: Learner) -> Learner:
                    weights, held = small.part(self._left(first, config, learner))
                    return resume_learner(weights, held, host.train, scene.rates)

                first = first._replace(checkpoints=self.after)
                phases = first, small._replace(take_over=take_over)
            return TrainingPhases(phases, max(course.ready, self.ready))

        return Method(act)

    def _left(
        self, phase: Phase, config: NetworkConfig, learner: Learner
    ) -> tuple[Any, ...]:
        """Return the weights that stay, by the gates of units or their weights."""
        layers, leaves = config.units(), phase.leaves(learner.params, learner.held)
        if isinstance(learner.params, Gated):
            scores = learner.params.gates
        else:
            scores = weigh_units(phase.layout, layers, leaves)
        kept = best_units(scores, self.share)
        return shrink(phase.layout, layers, leaves, kept)


def _masked(phase: Phase, prune: PruneMethod) -> Phase:
    """Hold the smallest weights at zero once they are gone."""
    kernels, part, hooks = phase.layout.kernels, phase.part, phase.hooks

    def masked(leaves: list[Any], masks: Sequence[Any]) -> list[Any]:
        for i, mask in zip(kernels, masks, strict=True):
            leaves[i] = leaves[i] * mask
        return leaves

    def start(key: jax.Array) -> tuple[Any, Kept]:
        trained, held = hooks.start(key)
        leaves = phase.leaves(trained, held)
        return trained, Kept(held, tuple(jnp.ones_like(leaves[i]) for i in kernels))

    def settle(trained: Any, held: Kept) -> tuple[Any, Kept]:
        return part(masked(phase.leaves(trained, held.beside), held.own))[0], held

    def remask(trained: Any, held: Kept, checkpoint: Any) -> tuple[Any, Kept]:
        leaves = phase.leaves(trained, held.beside)
        masks = keep_largest([leaves[i] for i in kernels], prune.share_at(checkpoint))
        trained, others = part(masked(leaves, masks))
        return trained, Kept(others, masks)

    def revise(trained: Any, held: Kept, checkpoint: Any) -> tuple[Any, Kept]:
        out: tuple[Any, Kept] = jax.lax.cond(
            prune.is_due(checkpoint),
            lambda: remask(trained, held, checkpoint),
            lambda: (trained, held),
        )
        return out

    def last(trained: Any, held: Kept) -> Any:
        return revise(trained, held, jnp.int32(prune.ready))

    name = "mask" if prune.form == "masked" else prune.form
    whole = phase.hooked(
        start=start,
        settle=settle,
        revise=revise,
        weights=within(hooks.weights),
        deploy=within(hooks.deploy),
        plain=within(hooks.plain),
    )
    return whole._replace(
        part=None,
        mark=f"{phase.mark}:masked",
        work=(*phase.work, Work(name, last, prune.is_due)),
        # before anything is masked, a step is that of the network without masks
        idle=phase,
        idle_until=prune.begin,
    )


class Gated(NamedTuple):
    """What is trained, and the gates of each layer with units."""

    weights: Any
    gates: tuple[Any, ...]


def _gated(phase: Phase, prune: PruneMethod, config: NetworkConfig) -> Phase:
    """Train the gates of units beside their weights."""
    layers, layout, begin = config.units(), phase.layout, phase.hooks.start

    def start(key: jax.Array) -> tuple[Gated, Any]:
        trained, held = begin(key)
        sizes = [layer.num_units for layer in layers]
        gates = draw_gates(jax.random.fold_in(key, 1), sizes)
        return Gated(trained, gates), held

    def plain(trained: Gated, held: Any) -> Any:
        return phase.hooks.plain(trained.weights, held)

    def weights(trained: Gated, held: Any) -> Any:
        leaves = phase.leaves(trained.weights, held)
        gates = open_gates(trained.gates, prune.share)
        return layout.unflatten(close_units(layout, layers, leaves, gates))

    whole = phase.hooked(start=start, weights=weights, deploy=weights, plain=plain)
    return whole._replace(part=None, mark=f"{phase.mark}:gated")


prune = built_in(PruneMethod)
