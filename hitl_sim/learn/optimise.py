"""Minibatch training of one network on a chosen part of a pool, and its evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key

from hitl_sim.learn.network import Network
from hitl_sim.learn.optimiser.fixed_hessian import (
    FIXED_HESSIAN,
    Metric,
    build_metric,
    check_linear,
    descend,
)


@dataclass(frozen=True)
class TrainConfig:
    """What fixes the training program.

    Attributes:
        batch: items per step; None for all items of the training set in each.
        steps_per_checkpoint: steps between two evaluations.
        num_checkpoints: evaluations until the common cap on steps.
        optimiser: "adam", "sgd" (momentum .9), or "fixed_hessian" for linear networks
            on all items, which needs no learning rate.
        l2: with "fixed_hessian", the weight > 0 of half the squared weights beside the
            summed cross-entropy.
    """

    batch: int | None = 32
    steps_per_checkpoint: int = 10
    num_checkpoints: int = 60
    optimiser: str = "adam"
    l2: float | None = None

    def __post_init__(self) -> None:
        """Refuse what one optimiser alone has, or lacks.

        Raises:
            ValueError: `l2` without "fixed_hessian" or that without `l2`, or on
                batches.
        """
        is_fixed = self.optimiser == FIXED_HESSIAN
        if is_fixed != (self.l2 is not None):
            raise ValueError(
                f"`l2` must be given exactly with `optimiser` {FIXED_HESSIAN!r}, got "
                f"{self.l2} with {self.optimiser!r}."
            )
        if is_fixed and self.batch is not None:
            raise ValueError(
                f"`batch` must be None with `optimiser` {FIXED_HESSIAN!r}, which takes "
                f"all items in each step, got {self.batch}."
            )


class TrainSet(NamedTuple):
    """The items that training may draw, with the labels it believes.

    Attributes:
        features: `[N, D]` features of the whole pool.
        labels: `[N]` label of each pool item, read only where `order[:num_items]` is.
        order: `[M]` pool positions, those to train on first.
        num_items: `[]` how many of `order` to train on; at least 1.
        penalty: `[D]` weight of each feature's squared input gradient in the loss;
            None for none, which costs nothing.
    """

    features: Float[Array, "items features"]
    labels: Int[Array, " items"]
    order: Int[Array, " most"]
    num_items: Int[Array, ""]
    penalty: Float[Array, " features"] | None = None


class Learner(NamedTuple):
    """A network in training.

    Attributes:
        params: what steps change.
        opt_state: the optimiser's state.
        held: what steps leave alone; None where there is nothing.
    """

    params: Any
    opt_state: Any
    held: Any = None

    def weights(self, network: Network, params: Any) -> Any:
        """Return what `network.apply` takes, for these or other `params`."""
        hooks = network.hooks
        return params if hooks is None else hooks.weights(params, self.held)


class Curve(NamedTuple):
    """Accuracies after each checkpoint, `[C]`."""

    validation: Float[Array, " checkpoints"]
    test: Float[Array, " checkpoints"]
    is_finite: jax.Array


class Evaluation(NamedTuple):
    """Held-out items as the network sees them: `[V, D]`, `[V]`, `[E, D]`, `[E]`."""

    validation_x: Float[Array, "validation features"]
    validation_y: Int[Array, " validation"]
    test_x: Float[Array, "test features"]
    test_y: Int[Array, " test"]


def build_optimiser(name: str) -> optax.GradientTransformation:
    """Build the direction of a step; the learning rate is applied outside, as a leaf.

    Raises:
        ValueError: an unknown name.
    """
    if name == "adam":
        return optax.scale_by_adam()
    if name == "sgd":
        return optax.trace(decay=0.9)
    if name == FIXED_HESSIAN:
        # its steps are taken elsewhere, and leave nothing behind
        return optax.identity()
    raise ValueError(
        f"`optimiser` must be one of 'adam', 'sgd', 'fixed_hessian', got {name!r}."
    )


def init_learner(key: Key[Array, ""], network: Network, optimiser: str) -> Learner:
    """Draw fresh weights and a fresh optimiser state.

    Where the optimum is unique, weights start at zero.
    """
    if optimiser == FIXED_HESSIAN:
        params = jax.tree.map(jnp.zeros_like, network.init(key))
        check_linear(params)
        return resume_learner(params, None, optimiser)
    if network.hooks is None:
        return resume_learner(network.init(key), None, optimiser)
    return resume_learner(*network.hooks.start(key), optimiser)


def resume_learner(params: Any, held: Any, optimiser: str) -> Learner:
    """Go on from given weights with a fresh optimiser state."""
    return Learner(params, build_optimiser(optimiser).init(params), held)


def train_step(
    network: Network,
    optimiser: str,
    learner: Learner,
    learning_rate: Float[Array, ""],
    x: Any,
    y: Int[Array, " batch"],
    penalty: Float[Array, " features"] | None = None,
    weight: Float[Array, " batch"] | None = None,
) -> Learner:
    """Take one optimiser step on the mean loss of a batch.

    The loss is the cross-entropy and, where there is a penalty, the squared gradient of
    the summed log-probabilities with respect to each feature, times its weight.

    Args:
        network: what is trained.
        optimiser: its name.
        learner: where the step starts.
        learning_rate: `[]`, > 0.
        x: `[B, D]` features, or what the network has prepared of them.
        y: `[B]` labels.
        penalty: `[D]` weights >= 0; None for the cross-entropy alone.
        weight: `[B]` of each item in the mean, adding up to 1; equal when left out.

    References:
        Ross, Hughes, Doshi-Velez (2017), Right for the right reasons: training
        differentiable models by constraining their explanations, IJCAI, equation 1.
    """

    def loss(params: Any) -> jax.Array:
        weights = learner.weights(network, params)
        logits = network.apply(weights, x)
        losses: jax.Array = optax.softmax_cross_entropy_with_integer_labels(logits, y)
        mean = losses.mean() if weight is None else (losses * weight).sum()
        if penalty is None:
            return mean
        return mean + input_gradient_penalty(network, weights, x, penalty)

    grads = jax.grad(loss)(learner.params)
    updates, opt_state = build_optimiser(optimiser).update(
        grads, learner.opt_state, learner.params
    )
    params = jax.tree.map(lambda p, u: p - learning_rate * u, learner.params, updates)
    if network.hooks is not None and network.hooks.settle is not None:
        params = network.hooks.settle(params, learner.held)
    return Learner(params, opt_state, learner.held)


def input_gradient_penalty(
    network: Network,
    params: Any,
    x: Float[Array, "batch features"],
    penalty: Float[Array, " features"],
) -> Float[Array, ""]:
    """Return the batch mean of the weighted squared input gradients.

    Args:
        network: what is trained.
        params: its weights.
        x: `[B, D]` features.
        penalty: `[D]` weights >= 0.
    """

    def summed(x: jax.Array) -> jax.Array:
        return jax.nn.log_softmax(network.apply(params, x)).sum()

    gradient = jax.grad(summed)(x)
    mean: jax.Array = (penalty[None] * gradient**2).sum(axis=1).mean()
    return mean


def draw_batches(
    key: Key[Array, ""], training: TrainSet, num_steps: int, batch: int
) -> Int[Array, "steps batch"]:
    """Draw pool positions with replacement from the items that training may use."""
    u = jax.random.uniform(key, (num_steps, batch))
    position = jnp.floor(u * training.num_items).astype(jnp.int32)
    return training.order[jnp.minimum(position, training.num_items - 1)]


def train_steps(
    key: Key[Array, ""],
    network: Network,
    config: TrainConfig,
    learner: Learner,
    learning_rate: Float[Array, ""],
    training: TrainSet,
    num_steps: int,
    due: Int[Array, ""] | None = None,
) -> Learner:
    """Draw the batches of some steps at once, then take the steps.

    Where a step takes all items, they are gathered once; `training.order` is then as
    long as the most items that there can be, for those past `num_items` count nothing
    but time.

    Args:
        key: fixes the batches.
        network: what is trained.
        config: batch and optimiser.
        learner: where training starts.
        learning_rate: `[]`, > 0.
        training: the items to draw from.
        num_steps: steps; static.
        due: `[]` how many of them to take; all when left out, which compiles to a
            tighter loop.

    Returns:
        The trained learner.
    """
    if config.batch is None:
        if config.l2 is not None:
            metric = metric_of(config.l2, learner, training)
            taken = num_steps if due is None else due
            return learner._replace(params=descend(metric, learner.params, taken))
        return _whole_steps(
            network,
            config.optimiser,
            learner,
            learning_rate,
            training,
            num_steps,
            due,
        )

    def step(learner: Learner, index: jax.Array) -> tuple[Learner, None]:
        x, y = training.features[index], training.labels[index]
        args = (network, config.optimiser, learner, learning_rate, x, y)
        return train_step(*args, training.penalty), None

    indices = draw_batches(key, training, num_steps, config.batch)
    if due is None:
        learner, _ = jax.lax.scan(step, learner, indices)
    else:
        learner = jax.lax.fori_loop(
            0, due, lambda i, part: step(part, indices[i])[0], learner
        )
    return learner


def metric_of(l2: float, learner: Learner, training: TrainSet) -> Metric:
    """Fetch a training set, and prepare it for steps in a fixed metric.

    Args:
        l2: as in `TrainConfig`.
        learner: a linear network.
        training: items; no penalty of input gradients.

    Raises:
        ValueError: the network is not linear, or there is a penalty.
    """
    check_linear(learner.params)
    if training.penalty is not None:
        raise ValueError(
            f"`penalty` must be None with `optimiser` {FIXED_HESSIAN!r}, whose bound "
            "is of the cross-entropy alone."
        )
    is_used = jnp.arange(training.order.shape[0]) < training.num_items
    x, y = training.features[training.order], training.labels[training.order]
    num_classes = jax.tree.leaves(learner.params)[0].shape[0]
    return build_metric(x, y, is_used, num_classes, l2)


def _whole_steps(
    network: Network,
    optimiser: str,
    learner: Learner,
    learning_rate: Float[Array, ""],
    training: TrainSet,
    num_steps: int,
    due: Int[Array, ""] | None,
) -> Learner:
    """Take steps on all items of a training set at once."""
    most = training.order.shape[0]
    x, y = training.features[training.order], training.labels[training.order]
    is_used = jnp.arange(most) < training.num_items
    weight = is_used / training.num_items.astype(x.dtype)
    # a penalty is the gradient by the features themselves
    rows = network.prepare(x) if training.penalty is None else x

    def step(_: Any, learner: Learner) -> Learner:
        args = (network, optimiser, learner, learning_rate, rows, y)
        return train_step(*args, training.penalty, weight)

    stepped: Learner = jax.lax.fori_loop(
        0, num_steps if due is None else due, step, learner
    )
    return stepped


def fit(
    key: Key[Array, ""],
    network: Network,
    config: TrainConfig,
    learning_rate: Float[Array, ""],
    training: TrainSet,
    num_steps: int,
) -> Any:
    """Train fresh weights for some steps, without evaluating on the way.

    Args:
        key: fixes weights and batches.
        network: what is trained.
        config: batch and optimiser.
        learning_rate: `[]`, > 0.
        training: the items to draw from.
        num_steps: steps; static.

    Returns:
        The trained weights.
    """
    key_init, key_batch = jax.random.split(key)
    start = init_learner(key_init, network, config.optimiser)
    return train_steps(
        key_batch, network, config, start, learning_rate, training, num_steps
    ).params


def revise(network: Network, learner: Learner, checkpoint: Int[Array, ""]) -> Learner:
    """Let levers change weights before a checkpoint's steps."""
    if network.hooks is None or network.hooks.revise is None:
        return learner
    params, held = network.hooks.revise(learner.params, learner.held, checkpoint)
    return Learner(params, learner.opt_state, held)


def in_use(network: Network, learner: Learner) -> Callable[[Any], jax.Array]:
    """Return the trained network as it is used: `[B, D] features -> [B, K] logits`."""
    if network.hooks is None:
        return lambda x: network.apply(learner.params, x)
    deployed = network.hooks.deploy(learner.params, learner.held)
    return partial(network.hooks.answer, deployed)


def accuracy(
    answer: Callable[[Any], Float[Array, "batch classes"]],
    x: Float[Array, "batch features"],
    y: Int[Array, " batch"],
) -> Float[Array, ""]:
    """Share of items whose largest logit is their class."""
    return (answer(x).argmax(axis=1) == y).mean(dtype=jnp.float32)


def train(
    key: Key[Array, ""],
    network: Network,
    config: TrainConfig,
    learner: Learner,
    learning_rate: Float[Array, ""],
    training: TrainSet,
    evaluation: Evaluation,
    checkpoints: Int[Array, " checkpoints"],
    steps: Int[Array, " checkpoints"] | None = None,
    max_steps: int | None = None,
) -> tuple[Learner, Curve]:
    """Train from one checkpoint to the next, evaluating at each.

    Args:
        key: fixes the batches; folded with the checkpoint's number, so that two arms
            on one key draw the same positions at the same step.
        network: what is trained.
        config: batch and steps per checkpoint.
        learner: where training starts.
        learning_rate: `[]`, > 0.
        training: the items to draw from.
        evaluation: held-out items.
        checkpoints: `[C]` the numbers of the checkpoints to run through, on the grid
            of the whole run.
        steps: `[C]` steps before each checkpoint; `config.steps_per_checkpoint`
            everywhere when left out.
        max_steps: largest of `steps` over the whole run; static.

    Returns:
        The trained learner and the curve at the C checkpoints.
    """
    most = max_steps or config.steps_per_checkpoint

    def stretch(
        learner: Learner, due: tuple[jax.Array, jax.Array | None]
    ) -> tuple[Learner, Curve]:
        checkpoint, num_steps = due
        learner = revise(network, learner, checkpoint)
        key_batch = jax.random.fold_in(key, checkpoint)
        args = (network, config, learner, learning_rate, training, most, num_steps)
        learner = train_steps(key_batch, *args)
        is_finite = jnp.all(
            jnp.array([jnp.isfinite(p).all() for p in jax.tree.leaves(learner.params)])
        )
        e, answer = evaluation, in_use(network, learner)
        return learner, Curve(
            accuracy(answer, e.validation_x, e.validation_y),
            accuracy(answer, e.test_x, e.test_y),
            is_finite,
        )

    return jax.lax.scan(stretch, learner, (checkpoints, steps))
