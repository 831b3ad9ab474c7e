"""A share of the pool that a machine chooses, so that nobody need be asked."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.share import Kept, build_unguided, kept_count
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainSet, fit
from hitl_sim.learn.work import (
    PROTOCOL,
    Unit,
    WorkLine,
    abstract,
    forward_unit,
    once,
    train_unit,
)

SCORES = ("loss", "el2n", "duplicate")
"""What a machine goes by; items of smallest score are kept."""


@dataclass(frozen=True)
class MachineShareConfig:
    """How a machine chooses.

    Attributes:
        score: "loss" and "el2n" ask a quickly trained proxy how badly an item fits its
            label; "duplicate" asks how near the item is to an earlier one.
        proxy_steps: training steps of the proxy on the whole pool; none for
            "duplicate".
    """

    score: str = "loss"
    proxy_steps: int = 60


def loss_score(
    logits: Float[Array, "items classes"], label: Array
) -> Float[Array, " items"]:
    """Score items by their cross-entropy.

    References:
        Han et al. (2018), Co-teaching, section 3: wrong labels have large losses early
        in training.
    """
    scores: jax.Array = optax.softmax_cross_entropy_with_integer_labels(logits, label)
    return scores


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


def duplicate_score(features: Float[Array, "items features"]) -> Float[Array, " items"]:
    """Score items by their largest cosine to an item that stands before them."""
    norm = jnp.linalg.norm(features, axis=1)
    unit = features / jnp.maximum(norm, 1e-6)[:, None]
    is_earlier = jnp.tril(jnp.ones(2 * (len(unit),), bool), -1)
    return jnp.where(is_earlier, unit @ unit.T, -1.0).max(axis=1)


def build_machine_share(config: MachineShareConfig, program: Program) -> Intervention:
    """Build the selection that needs no people, on the same ledger as theirs.

    The proxy is the study's own network.

    Raises:
        ValueError: an unknown score.
    """
    if config.score not in SCORES:
        raise ValueError(
            f"`score` must be one of {', '.join(map(repr, SCORES))}, got "
            f"{config.score!r}."
        )
    if config.score == "duplicate":
        return _build_deduplicated(program)
    shape, train_config = program.shape, program.train
    network = build_network(program.network, shape.num_features, shape.num_classes)
    score = loss_score if config.score == "loss" else el2n_score

    def order(key: jax.Array, setting: Setting) -> Kept:
        pool = setting.split.pool
        whole = TrainSet(
            pool.features,
            pool.label,
            jnp.arange(shape.num_pool),
            jnp.int32(shape.num_pool),
        )
        rate, num_steps = setting.learning_rate, config.proxy_steps
        proxy = fit(key, network, train_config, rate, whole, num_steps)
        logits = network.apply(proxy, pool.features)
        return Kept(jnp.argsort(score(logits, pool.label)), kept_count(setting))

    sizes = (shape.num_features, shape.num_classes)
    labels = jnp.zeros(shape.num_pool, jnp.int32)
    unit = forward_unit(
        "score",
        program.network,
        shape.num_pool,
        *sizes,
        lambda logits: score(logits, labels),
        config.score,
    )
    trained = train_unit(
        "choose", program.network, train_config, shape.num_pool, *sizes
    )
    checkpoints = train_config.num_checkpoints
    work = (
        WorkLine(trained, PROTOCOL, once(config.proxy_steps, checkpoints)),
        WorkLine(unit, PROTOCOL, once(shape.num_pool, checkpoints)),
    )
    return build_unguided(program, order, work)


def _build_deduplicated(program: Program) -> Intervention:
    """Keep the items that are least like an earlier one; no model is needed."""
    shape = program.shape

    def order(key: jax.Array, setting: Setting) -> Kept:
        del key
        score = duplicate_score(setting.split.pool.features)
        return Kept(jnp.argsort(score), kept_count(setting))

    unit = Unit(
        f"score:duplicate-{shape.num_features}:n{shape.num_pool}",
        "score",
        duplicate_score,
        (abstract(shape.num_pool, shape.num_features),),
        shape.num_pool,
    )
    count = once(shape.num_pool, program.train.num_checkpoints)
    return build_unguided(program, order, (WorkLine(unit, PROTOCOL, count),))
