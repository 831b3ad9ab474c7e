"""Work as counts of named units: what a run did, before anybody prices it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from hitl_sim.learn.network import Network, NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig, init_learner, train_step

PROTOCOL = "protocol"
"""Work that the protocol needs, and so pays for."""
INSTRUMENT = "instrument"
"""Work that only the experimenter needs."""


class Unit(NamedTuple):
    """One unit of work, as a program whose operations can be counted.

    Attributes:
        name: phase, network and batch, for example "train:64-64-10:b32".
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
    standing: str
    counts: npt.NDArray[np.int64]


def abstract(*shape: int, dtype: Any = np.float32) -> Any:
    """Describe an array without making it, as an argument of a `Unit`."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


def train_unit(
    phase: str,
    network: NetworkConfig,
    config: TrainConfig,
    num_features: int,
    num_classes: int,
) -> Unit:
    """One optimiser step on one batch; only Adam's goes without its name."""
    built = build_network(network, num_features, num_classes)
    name = config.optimiser
    learner = jax.eval_shape(
        lambda key: init_learner(key, built, name), jax.random.key(0)
    )

    def program(learner: Any, rate: Any, x: Any, y: Any) -> Any:
        return train_step(built, name, learner, rate, x, y)

    labels = abstract(config.batch, dtype=np.int32)
    args = (learner, abstract(), abstract(config.batch, num_features), labels)
    shape = network.describe(num_features, num_classes)
    suffix = "" if config.optimiser == "adam" else f":{config.optimiser}"
    return Unit(f"{phase}:{shape}:b{config.batch}{suffix}", phase, program, args, 1)


def forward_unit(
    phase: str,
    network: NetworkConfig,
    num_items: int,
    num_features: int,
    num_classes: int,
    read_out: Callable[[Any], Any],
    read_out_name: str,
) -> Unit:
    """One item of a forward pass over `num_items`, with its read-out of the logits."""
    built: Network = build_network(network, num_features, num_classes)
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


def spread(due: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cumulate counts that fall due before each checkpoint, `[C]`."""
    return np.cumsum(due.astype(np.int64))


def once(count: int, num_checkpoints: int) -> npt.NDArray[np.int64]:
    """Count work that is all done before the first checkpoint, `[C]`."""
    return np.full(num_checkpoints, count, np.int64)
