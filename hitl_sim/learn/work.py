"""Work as counts of named units: what a run did, before anybody prices it.

A unit is made of the network that the run itself was built with, never of another of
the same config, so that what is billed is what is traced.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from hitl_sim import purpose
from hitl_sim.learn.loss import label_type
from hitl_sim.learn.network import Network, NetworkChoice
from hitl_sim.learn.optimise import (
    TrainConfig,
    TrainSet,
    init_learner,
    prepare_descent,
    train_steps,
)
from hitl_sim.learn.optimiser import Descent, abstract_params
from hitl_sim.learn.query import lowest_first

PROTOCOL, INSTRUMENT = purpose.PROTOCOL, purpose.INSTRUMENT
STRETCH = 10
"""Training steps that one pass of a unit takes, having drawn their batches at once."""


class Unit(NamedTuple):
    """One unit of work, as a program whose operations can be counted.

    Attributes:
        name: phase, network and batch, for example "train:64-64-10:b32:n900".
        phase: train, choose, score, embed or evaluate.
        program: the real program of one pass.
        args: abstract arguments of `program`.
        items: how many units one pass is; its operations are divided by this.
    """

    name: str
    phase: str
    program: Callable[..., Any]
    args: tuple[Any, ...]
    items: int


class WorkLine(NamedTuple):
    """Cumulative counts of one unit at each checkpoint, `[C]` int64."""

    unit: Unit
    purpose: str
    counts: npt.NDArray[np.int64]


def abstract(*shape: int, dtype: Any = np.float32) -> Any:
    """Describe an array without making it, as an argument of a `Unit`."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


def abstract_labels(config: TrainConfig, num_items: int) -> Any:
    """Describe the labels of some items, of the type that a training has."""
    return abstract(num_items, dtype=label_type(config.problem))


def trace(words: str, program: Callable[..., Any], *args: Any) -> Any:
    """Trace a part that a study brings, before any work; nothing is computed.

    Args:
        words: what it is, as the begin of a sentence.
        program: what it does.
        args: its arguments, abstract ones too.

    Returns:
        What comes out, abstract.

    Raises:
        ValueError: it cannot be traced, with what it raised in one line.
    """
    try:
        return jax.eval_shape(program, *args)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{words} must be traceable, got {type(error).__name__}: {first}"
        ) from error


def list_shape(out: Any) -> Any:
    """Write what a part returned for a message: shapes of arrays, else the thing."""
    return jax.tree.map(lambda a: list(a.shape) if hasattr(a, "shape") else a, out)


def abstract_learner(network: Network, config: TrainConfig) -> Any:
    """Describe a network in training without drawing it."""
    return jax.eval_shape(
        lambda key, params: init_learner(key, network, config, params),
        jax.random.key(0),
        abstract_params(config.optimiser),
    )


def train_unit(
    phase: str,
    network: NetworkChoice,
    config: TrainConfig,
    num_items: int,
    num_features: int,
    num_classes: int,
    *,
    built: Network,
    has_penalty: bool = False,
    mark: str = "",
) -> Unit:
    """One optimiser step: drawing its batch, fetching it from the pool, and learning.

    Where steps share a metric, fetching and preparing are a unit of their own; see
    `metric_unit`.

    Args:
        phase: train or choose.
        network: what the unit is called after.
        config: batch and optimiser; only Adam goes without its name.
        num_items: pool items N that batches are fetched from; all of them in each step
            where the config's batch is None.
        num_features: input width D.
        num_classes: output width K.
        built: the network that a run trains, with what methods do to it.
        has_penalty: whether the loss penalises input gradients.
        mark: what they are called, as the end of the name.
    """
    learner, rates = abstract_learner(built, config), abstract_params(config.optimiser)

    def steps(learner: Any, seed: Any, rates: Any, x: Any, y: Any) -> Any:
        penalty = jnp.ones(num_features) if has_penalty else None
        whole = jnp.arange(num_items), jnp.int32(num_items)
        training = TrainSet(x, y, *whole, penalty)
        key = jax.random.key(seed)
        return train_steps(key, built, config, learner, rates, training, STRETCH)

    pool = (abstract(num_items, num_features), abstract_labels(config, num_items))
    program: Callable[..., Any] = steps
    args: tuple[Any, ...] = (learner, abstract(dtype=np.uint32), rates, *pool)
    descent = config.descent
    if descent is not None:
        problem = jax.eval_shape(partial(_prepare, descent), learner, rates, *pool)
        program, args = partial(_descend, descent), (learner, rates, problem)
    shape = network.describe(num_features, num_classes)
    suffix = config.optimiser.describe() + (":penalty" if has_penalty else "")
    suffix += mark
    taken = "all" if config.batch is None else f"b{config.batch}"
    unit_name = f"{phase}:{shape}:{taken}:n{num_items}{suffix}"
    return Unit(unit_name, phase, program, args, STRETCH)


def metric_unit(
    network: NetworkChoice,
    config: TrainConfig,
    num_items: int,
    num_features: int,
    num_classes: int,
    *,
    built: Network,
) -> Unit:
    """Fetching a training set and inverting its metric, once before its steps.

    Args:
        network: linear.
        config: whose optimiser takes its own steps.
        num_items: items N of the training set.
        num_features: input width D.
        num_classes: output width K.
        built: the network that a run trains.

    Raises:
        ValueError: the steps share no metric.
    """
    descent = config.descent
    if descent is None:
        raise ValueError(
            "`optimiser` must take its own steps for a metric, got "
            f"{config.optimiser.part.name!r}."
        )
    learner = abstract_learner(built, config)
    shape = network.describe(num_features, num_classes)
    pool = (abstract(num_items, num_features), abstract_labels(config, num_items))
    return Unit(
        f"train:metric:{shape}:all:n{num_items}",
        "train",
        partial(_prepare, descent),
        (learner, abstract_params(config.optimiser), *pool),
        1,
    )


def _prepare(descent: Descent, learner: Any, rates: Any, x: Any, y: Any) -> Any:
    num_items = x.shape[0]
    whole = TrainSet(x, y, jnp.arange(num_items), jnp.int32(num_items))
    return prepare_descent(descent, learner, rates, whole)


def _descend(descent: Descent, learner: Any, rates: Any, problem: Any) -> Any:
    # a loop of known length is counted as often as it runs
    return descent.descend(rates, problem, learner.params, STRETCH)


def order_unit(num_items: int) -> Unit:
    """Putting a pool of items in order of their scores, once."""

    def program(score: Any, seed: Any) -> Any:
        return lowest_first(jax.random.key(seed), score)

    args = (abstract(num_items), abstract(dtype=np.uint32))
    return Unit(f"choose:order:n{num_items}", "choose", program, args, 1)


def forward_unit(
    phase: str,
    network: NetworkChoice,
    num_items: int,
    num_features: int,
    num_classes: int,
    read_out: Callable[[Any], Any],
    read_out_name: str,
    *,
    built: Network,
) -> Unit:
    """One item of a forward pass over `num_items`, with its read-out of the logits.

    Args:
        phase: score or evaluate.
        network: what it is called after.
        num_items: items of the pass.
        num_features: input width D.
        num_classes: output width K.
        read_out: `[B, K] logits -> arrays`.
        read_out_name: of it.
        built: the network that a run looks with.
    """
    params = jax.eval_shape(built.init, jax.random.key(0))

    def program(params: Any, x: Any) -> Any:
        return read_out(built.apply(params, x))

    shape = network.describe(num_features, num_classes)
    return Unit(
        f"{phase}:{shape}:{read_out_name}:n{num_items}",
        phase,
        program,
        (params, abstract(num_items, num_features)),
        num_items,
    )


def spread(due: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Cumulate counts that fall due before each checkpoint, `[C]`."""
    return np.cumsum(due.astype(np.int64))


def done_once(unit: Unit, count: int, train: TrainConfig) -> WorkLine:
    """Count work of the protocol that is all done before the first checkpoint."""
    counts = np.full(train.num_checkpoints, count, np.int64)
    return WorkLine(unit, PROTOCOL, counts)


def due_line(unit: Unit, due: npt.NDArray[Any], purpose: str = PROTOCOL) -> WorkLine:
    """Cumulate counts that fall due before each checkpoint, `[C]`."""
    return WorkLine(unit, purpose, spread(due))
