"""A share of the pool that a machine chooses, so that nobody need be asked."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.intervention.arm import (
    PROXY_STEPS,
    Arm,
    Surroundings,
    TaskFacts,
    built_in,
    check_compares_items,
    check_no_proxy,
)
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import (
    Kept,
    build_unguided,
    kept_count,
    kept_items,
    order_work,
)
from hitl_sim.learn.loss import item_losses
from hitl_sim.learn.network import Network
from hitl_sim.learn.query import lowest_first
from hitl_sim.learn.work import Unit, WorkLine, abstract, done_once
from hitl_sim.part import PROBLEMS
from hitl_sim.schema import Count, SomeShare

_GRADIENTS_AT_ONCE = 50
"""Items whose gradients are held together; bounds memory to 50 networks."""


def loss_score(
    logits: Float[Array, "items classes"], label: Array
) -> Float[Array, " items"]:
    """Score items by their loss: the cross-entropy, or half the squared error.

    References:
        Han et al. (2018), Co-teaching, section 3: wrong labels have large losses early
        in training.
    """
    return item_losses(logits, label)


def el2n_score(
    logits: Float[Array, "items classes"], label: Array
) -> Float[Array, " items"]:
    """Score items by the Euclidean norm of the error of the predicted distribution.

    References:
        Paul, Ganguli and Dziugaite (2021), Deep Learning on a Data Diet, section 2.
    """
    error = jax.nn.softmax(logits) - jax.nn.one_hot(label, logits.shape[1])
    scores: jax.Array = jnp.linalg.norm(error, axis=1)
    return scores


def grand_score(
    network: Network, params: Any, features: Array, label: Array
) -> Float[Array, " items"]:
    """Score items by the Euclidean norm of their gradient with respect to all weights.

    Args:
        network: the proxy.
        params: its weights.
        features: `[N, D]`.
        label: `[N]`.

    References:
        Paul, Ganguli and Dziugaite (2021), Deep Learning on a Data Diet, definition
        2.1, with one network in the place of the expectation over them.
    """

    def norm(item: tuple[jax.Array, jax.Array]) -> jax.Array:
        x, y = item

        def loss(params: Any) -> jax.Array:
            return loss_score(network.apply(params, x[None]), y[None])[0]

        squares = [jnp.sum(g**2) for g in jax.tree.leaves(jax.grad(loss)(params))]
        return jnp.sqrt(jnp.stack(squares).sum())

    scores: jax.Array = jax.lax.map(
        norm, (features, label), batch_size=_GRADIENTS_AT_ONCE
    )
    return scores


def duplicate_score(features: Float[Array, "items features"]) -> Float[Array, " items"]:
    """Score items by their largest cosine to an item that stands before them."""
    norm = jnp.linalg.norm(features, axis=1)
    unit = features / jnp.maximum(norm, 1e-6)[:, None]
    is_earlier = jnp.tril(jnp.ones(2 * (len(unit),), bool), -1)
    return jnp.where(is_earlier, unit @ unit.T, -1.0).max(axis=1)


def duplicate_work(program: Program) -> WorkLine:
    """Count the one time that all items are held against those before them."""
    shape = program.shape
    unit = Unit(
        f"score:duplicate-{shape.num_features}:n{shape.num_pool}",
        "score",
        duplicate_score,
        (abstract(shape.num_pool, shape.num_features),),
        shape.num_pool,
    )
    return done_once(unit, shape.num_pool, program.train)


class MachineShareArm(Arm, frozen=True, tag="machine_share"):
    """Train on the share that a machine likes best.

    Attributes:
        share: of the pool.
        score: "loss", "el2n" or "grand" of a quickly trained proxy, the study's own
            network: how badly an item fits its label; or "duplicate": how like an item
            is to an earlier one, without a proxy.
        proxy_steps: training steps of the proxy on the whole pool; 60 when left out.
        keep: whether items of "low" score are kept, which fit (the pool is corrupted),
            or of "high" score, which teach most where the pool is clean.
    """

    share: SomeShare = 0.5
    score: Literal["loss", "el2n", "grand", "duplicate"] = "loss"
    proxy_steps: Count | None = None
    keep: Literal["low", "high"] = "low"

    traced: ClassVar[tuple[str, ...]] = ("share",)

    def check(self, study: Surroundings) -> None:
        """Refuse a proxy that is not asked."""
        super().check(study)
        if self.score == "duplicate":
            check_no_proxy(self, "score", self.score, self.proxy_steps)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse items that cannot be compared, and classes where there are none."""
        if self.score == "el2n" and task.program.train.problem != "classification":
            raise ValueError(
                "`arm.score` must be 'loss', 'grand' or 'duplicate' for task "
                f"{task.name!r} of numbers, whose prediction is no distribution, got "
                f"'el2n' in arm {self.name!r}."
            )
        if self.score == "duplicate":
            check_compares_items(self, task)

    def items_kept(self, pool: int) -> int:
        """The share."""
        return kept_items(self.share, pool)

    def build(self, program: Program) -> Intervention:
        """Build the selection that needs no people, on the same ledger as theirs."""
        if self.score == "duplicate":
            return _build_deduplicated(self, program)
        return _build_by_proxy(self, program)


def _build_by_proxy(arm: MachineShareArm, program: Program) -> Intervention:
    network, num_steps = proxy_network(program), arm.proxy_steps or PROXY_STEPS

    def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
        if arm.score == "grand":
            return grand_score(network, params, features, label)
        logits = network.apply(params, features)
        read_out = loss_score if arm.score == "loss" else el2n_score
        return read_out(logits, label)

    def order(key: jax.Array, setting: Setting) -> Kept:
        key_fit, key_lot = jax.random.split(key)
        pool = setting.split.pool
        params = fit_proxy(key_fit, program, setting, num_steps)
        found = score(params, pool.features, pool.label)
        return _take(key_lot, arm, setting, found)

    work = proxy_work(program, num_steps, score, arm.score)
    return build_unguided(program, order, (*work, order_work(program)))


def _take(
    key: jax.Array, arm: MachineShareArm, setting: Setting, score: jax.Array
) -> Kept:
    side = 1.0 if arm.keep == "low" else -1.0
    return Kept(lowest_first(key, side * score), kept_count(setting))


def _build_deduplicated(arm: MachineShareArm, program: Program) -> Intervention:
    """Keep by likeness to an earlier item; no model is needed."""

    def order(key: jax.Array, setting: Setting) -> Kept:
        found = duplicate_score(setting.split.pool.features)
        return _take(key, arm, setting, found)

    work = (duplicate_work(program), order_work(program))
    return build_unguided(program, order, work)


machine_share = built_in(MachineShareArm, problems=PROBLEMS)
