"""Minibatch training of one network on a chosen part of a pool, and its evaluation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from hitl_sim.learn.loss import item_losses, told
from hitl_sim.learn.metric.accuracy import accuracy
from hitl_sim.learn.network import Network
from hitl_sim.learn.optimiser import Descent, OptimiserConfig, Params
from hitl_sim.learn.optimiser.adam import adam
from oracles.part import Part, Problem

_NOISE = 1_000_033
"""Folds the key of what is random in passes from that of the batches."""

ADAM = OptimiserConfig(adam)


@dataclass(frozen=True)
class TrainConfig:
    """What fixes the training program.

    Attributes:
        batch: items per step; None for all items of the training set in each.
        steps_per_checkpoint: steps between two evaluations.
        num_checkpoints: evaluations until the common cap on steps.
        optimiser: what makes a step of a gradient, or takes its own steps.
        metric: what is measured at each checkpoint.
        metric_options: of its factory, by name and in order.
        problem: whether labels are classes or numbers.
    """

    batch: int | None = 32
    steps_per_checkpoint: int = 10
    num_checkpoints: int = 60
    optimiser: OptimiserConfig = ADAM
    metric: Part = accuracy
    metric_options: tuple[tuple[str, Any], ...] = ()
    problem: Problem = "classification"

    def __post_init__(self) -> None:
        """Refuse batches for an optimiser that takes its own steps.

        Raises:
            ValueError: there are any.
        """
        if self.batch is not None and self.descent is not None:
            raise ValueError(
                f"`batch` must be None with `optimiser` {self.optimiser.part.name!r}, "
                f"which takes all items in each step, got {self.batch}."
            )

    @property
    def total_steps(self) -> int:
        """The cap on a run's steps."""
        return self.steps_per_checkpoint * self.num_checkpoints

    @property
    def descent(self) -> Descent | None:
        """The optimiser, where it takes its own steps."""
        built = self.optimiser.build(self.total_steps)
        return built if isinstance(built, Descent) else None

    def measure(self, logits: jax.Array, label: jax.Array) -> jax.Array:
        """Measure how good `[N, K]` logits are for `[N]` labels, by the metric."""
        numbers = {n: jnp.float32(value) for n, value in self.metric.params.items()}
        measure = self.metric(**dict(self.metric_options))
        measured: jax.Array = measure(logits, label, numbers)
        return measured

    def transform(self, params: Params) -> optax.GradientTransformation:
        """Build what makes a step of a gradient, of the optimiser's traced numbers.

        It makes none where steps are a descent's own.
        """
        built = self.optimiser.build(self.total_steps)
        return optax.identity() if isinstance(built, Descent) else built(params)


class TrainSet(NamedTuple):
    """The items that training may draw, with the labels it believes.

    Attributes:
        features: `[N, D]` features of the whole pool.
        labels: `[N]` label of each pool item, read only where `order[:num_items]` is.
        order: `[M]` pool positions, those to train on first.
        num_items: `[]` how many of `order` to train on; at least 1.
        penalty: `[D]` weight of each feature's squared input gradient in the loss;
            None for none, which costs nothing.
        pace: `[C]` how many of `order` to train on before each checkpoint of the run,
            in place of `num_items`, which is then all of them; None where it is the
            same throughout.
    """

    features: Float[Array, "items features"]
    labels: Int[Array, " items"] | Float[Array, " items"]
    order: Int[Array, " most"]
    num_items: Int[Array, ""]
    penalty: Float[Array, " features"] | None = None
    pace: Int[Array, " checkpoints"] | None = None


class Learner(NamedTuple):
    """A network in training.

    Attributes:
        params: what steps change.
        opt_state: the optimiser's state.
        held: what steps leave alone; None where there is nothing.
        state: what passes in training renew; None where there is nothing.
    """

    params: Any
    opt_state: Any
    held: Any = None
    state: Any = None

    def weights(self, network: Network, params: Any) -> Any:
        """Return what `network.apply` takes, for these or other `params`."""
        if network.training is not None:
            return network.training.join(params, self.state)
        hooks = network.hooks
        return params if hooks is None else hooks.weights(params, self.held)


class Curve(NamedTuple):
    """What the metric says of held-out items after each checkpoint, `[C]`."""

    validation: Float[Array, " checkpoints"]
    test: Float[Array, " checkpoints"]
    is_finite: jax.Array


class Evaluation(NamedTuple):
    """Held-out items as the network sees them: `[V, D]`, `[V]`, `[E, D]`, `[E]`."""

    validation_x: Float[Array, "validation features"]
    validation_y: Int[Array, " validation"] | Float[Array, " validation"]
    test_x: Float[Array, "test features"]
    test_y: Int[Array, " test"] | Float[Array, " test"]


def init_learner(
    key: Key[Array, ""], network: Network, config: TrainConfig, params: Params
) -> Learner:
    """Draw fresh weights and a fresh optimiser state."""
    descent, training = config.descent, network.training
    if network.hooks is not None:
        return resume_learner(*network.hooks.start(key), config, params)
    weights, state = network.init(key), None
    if training is not None:
        weights, state = training.split(weights)
    elif descent is not None:
        weights = descent.start(weights)
    return resume_learner(weights, None, config, params)._replace(state=state)


def resume_learner(
    weights: Any, held: Any, config: TrainConfig, params: Params
) -> Learner:
    """Go on from given weights with a fresh optimiser state."""
    return Learner(weights, config.transform(params).init(weights), held)


class Batch(NamedTuple):
    """Items of one step, `B` of them.

    Attributes:
        x: `[B, D]` features, or what the network has prepared of them.
        y: `[B]` labels.
        weight: `[B]` of each item in the mean, adding up to 1; equal when left out.
        is_used: `[B]` rows that are no padding; all where left out.
    """

    x: Any
    y: Int[Array, " batch"] | Float[Array, " batch"]
    weight: Float[Array, " batch"] | None = None
    is_used: Bool[Array, " batch"] | None = None


def train_step(
    network: Network,
    optimiser: optax.GradientTransformation,
    learner: Learner,
    batch: Batch,
    penalty: Float[Array, " features"] | None = None,
    key: Key[Array, ""] | None = None,
) -> Learner:
    """Take one optimiser step on the mean loss of a batch.

    The loss is that of `item_losses` and, where there is a penalty, the squared
    gradient of the summed log-probabilities, or of the number, with respect to each
    feature, times its weight; these gradients are of the network in use.

    Args:
        network: what is trained.
        optimiser: what makes a step of the gradient.
        learner: where the step starts.
        batch: its items.
        penalty: `[D]` weights >= 0; None for the items' loss alone.
        key: of what is random in the pass; for networks that are otherwise in training.

    References:
        Ross, Hughes, Doshi-Velez (2017), Right for the right reasons: training
        differentiable models by constraining their explanations, IJCAI, equation 1.
    """
    hooks = network.hooks

    def loss(params: Any) -> tuple[jax.Array, Any]:
        weights = learner.weights(network, params)
        state = learner.state
        if network.training is None:
            logits = network.apply(weights, batch.x)
        else:
            logits, state = network.training.apply(key, weights, batch.x, batch.is_used)
        losses = item_losses(logits, batch.y)
        weight = batch.weight
        mean = losses.mean() if weight is None else (losses * weight).sum()
        if hooks is not None and hooks.loss is not None:
            mean = mean + hooks.loss(params, learner.held)
        if penalty is None:
            return mean, state
        ruled_out = input_gradient_penalty(network, weights, batch, penalty)
        return mean + ruled_out, state

    grads, state = jax.grad(loss, has_aux=True)(learner.params)
    if hooks is not None and hooks.gradients is not None:
        grads = hooks.gradients(grads, learner.params, learner.held)
    updates, opt_state = optimiser.update(grads, learner.opt_state, learner.params)
    params, held = optax.apply_updates(learner.params, updates), learner.held
    if hooks is not None and hooks.settle is not None:
        params, held = hooks.settle(params, held)
    return Learner(params, opt_state, held, state)


def input_gradient_penalty(
    network: Network,
    params: Any,
    batch: Batch,
    penalty: Float[Array, " features"],
) -> Float[Array, ""]:
    """Return the batch mean of the weighted squared input gradients.

    Args:
        network: what is trained.
        params: its weights.
        batch: `[B, D]` features, and labels for what they are.
        penalty: `[D]` weights >= 0.
    """

    def summed(x: jax.Array) -> jax.Array:
        return told(network.apply(params, x), batch.y).sum()

    gradient = jax.grad(summed)(batch.x)
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
    params: Params,
    training: TrainSet,
    num_steps: int,
    due: Int[Array, ""] | None = None,
) -> Learner:
    """Draw the batches of some steps at once, then take the steps.

    Where a step takes all items, they are gathered once; `training.order` is then as
    long as the most items that there can be, for those past `num_items` count nothing
    but time.

    Args:
        key: fixes the batches, and what is random in passes.
        network: what is trained.
        config: batch and optimiser.
        learner: where training starts.
        params: traced numbers of the optimiser.
        training: the items to draw from.
        num_steps: steps; static.
        due: `[]` how many of them to take; all when left out, which compiles to a
            tighter loop.

    Returns:
        The trained learner.

    Raises:
        ValueError: padding would enter the network's state.
    """
    taken, descent = num_steps if due is None else due, config.descent
    if descent is not None:
        problem = prepare_descent(descent, learner, params, training)
        weights = descent.descend(params, problem, learner.params, taken)
        return learner._replace(params=weights)
    whole = _whole_batch(network, training) if config.batch is None else None
    optimiser = config.transform(params)
    is_random = network.training is not None
    key_noise = jax.random.fold_in(key, _NOISE) if is_random else None

    def step(learner: Learner, batch: Batch, number: Any) -> Learner:
        noise = None if key_noise is None else jax.random.fold_in(key_noise, number)
        return train_step(network, optimiser, learner, batch, training.penalty, noise)

    def fetch(index: jax.Array) -> Batch:
        return Batch(training.features[index], training.labels[index])

    if config.batch is not None:
        indices = draw_batches(key, training, num_steps, config.batch)
    if config.batch is not None and due is None:
        numbers = jnp.arange(num_steps) if is_random else None
        learner, _ = jax.lax.scan(
            lambda learner, at: (step(learner, fetch(at[0]), at[1]), None),
            learner,
            (indices, numbers),
        )
        return learner

    def numbered(number: Any, learner: Learner) -> Learner:
        return step(learner, whole or fetch(indices[number]), number)

    stepped: Learner = jax.lax.fori_loop(0, taken, numbered, learner)
    return stepped


def _whole_batch(network: Network, training: TrainSet) -> Batch:
    """Gather all items of a training set."""
    check_padding(network)
    x, y = training.features[training.order], training.labels[training.order]
    is_used = jnp.arange(training.order.shape[0]) < training.num_items
    weight = is_used / training.num_items.astype(x.dtype)
    # a penalty is the gradient by the features themselves
    rows = network.prepare(x) if training.penalty is None else x
    return Batch(rows, y, weight, is_used)


def prepare_descent(
    descent: Descent, learner: Learner, params: Params, training: TrainSet
) -> Any:
    """Fetch a training set, and prepare it for an optimiser's own steps.

    Args:
        descent: the optimiser.
        learner: a network that it can train.
        params: traced numbers of the optimiser.
        training: items; no penalty of input gradients.

    Raises:
        ValueError: the network is none for it, or there is a penalty.
    """
    if training.penalty is not None:
        raise ValueError(
            "`penalty` must be None with an `optimiser` that takes its own steps, "
            "which are of the cross-entropy alone."
        )
    is_used = jnp.arange(training.order.shape[0]) < training.num_items
    x, y = training.features[training.order], training.labels[training.order]
    return descent.prepare(params, x, y, is_used, learner.params)


def check_padding(network: Network) -> None:
    """Refuse steps on all items where padding would leave a trace.

    Raises:
        ValueError: the network's state would take padding in.
    """
    if network.training is not None and not network.training.skips_padding:
        raise ValueError(
            "`training.batch` must be a number of items with a network whose state, "
            "such as batch statistics, takes in every row, got 'all'. Let its call "
            "take `mask`, the rows that count."
        )


def fit(
    key: Key[Array, ""],
    network: Network,
    config: TrainConfig,
    params: Params,
    training: TrainSet,
    num_steps: int,
) -> Any:
    """Train fresh weights for some steps, without evaluating on the way.

    Args:
        key: fixes weights and batches.
        network: what is trained.
        config: batch and optimiser, which is told the cap of `num_steps`.
        params: traced numbers of the optimiser.
        training: the items to draw from.
        num_steps: steps; static.

    Returns:
        The trained weights, as `network.apply` takes them.
    """
    own = replace(config, steps_per_checkpoint=num_steps, num_checkpoints=1)
    key_init, key_batch = jax.random.split(key)
    start = init_learner(key_init, network, own, params)
    learner = train_steps(key_batch, network, own, start, params, training, num_steps)
    return learner.weights(network, learner.params)


def revise(network: Network, learner: Learner, checkpoint: Int[Array, ""]) -> Learner:
    """Let methods change weights before a checkpoint's steps."""
    if network.hooks is None or network.hooks.revise is None:
        return learner
    params, held = network.hooks.revise(learner.params, learner.held, checkpoint)
    return learner._replace(params=params, held=held)


def in_use(network: Network, learner: Learner) -> Callable[[Any], jax.Array]:
    """Return the trained network as it is used: `[B, D] features -> [B, K] logits`."""
    if network.hooks is None:
        weights = learner.weights(network, learner.params)
        return lambda x: network.apply(weights, x)
    deployed = network.hooks.deploy(learner.params, learner.held)
    return partial(network.hooks.answer, deployed)


def train(
    key: Key[Array, ""],
    network: Network,
    config: TrainConfig,
    learner: Learner,
    params: Params,
    training: TrainSet,
    evaluation: Evaluation,
    checkpoints: Int[Array, " checkpoints"],
    steps: Int[Array, " checkpoints"] | None = None,
    max_steps: int | None = None,
    in_room: Callable[..., Learner] = lambda go, *args: go(None, *args),
) -> tuple[Learner, Curve]:
    """Train from one checkpoint to the next, evaluating at each.

    Args:
        key: fixes the batches; folded with the checkpoint's number, so that two arms
            on one key draw the same positions at the same step.
        network: what is trained.
        config: batch and steps per checkpoint.
        learner: where training starts.
        params: traced numbers of the optimiser.
        training: the items to draw from.
        evaluation: held-out items.
        checkpoints: `[C]` the numbers of the checkpoints to run through, on the grid
            of the whole run.
        steps: `[C]` steps before each checkpoint; `config.steps_per_checkpoint`
            everywhere when left out.
        max_steps: largest of `steps` over the whole run; static.
        in_room: calls `(capacity, *args) -> learner` with the room that the training
            set needs; None is all that `training.order` has. Steps alone are compiled
            for each size.

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

        def take_steps(capacity: int | None, learner: Learner) -> Learner:
            within = training._replace(order=training.order[:capacity], pace=None)
            if training.pace is not None:
                within = within._replace(num_items=training.pace[checkpoint])
            args = (network, config, learner, params, within, most, num_steps)
            return train_steps(key_batch, *args)

        learner = in_room(take_steps, learner)
        is_finite = jnp.all(
            jnp.array([jnp.isfinite(p).all() for p in jax.tree.leaves(learner.params)])
        )
        e, answer = evaluation, in_use(network, learner)
        return learner, Curve(
            config.measure(answer(e.validation_x), e.validation_y),
            config.measure(answer(e.test_x), e.test_y),
            is_finite,
        )

    return jax.lax.scan(stretch, learner, (checkpoints, steps))
