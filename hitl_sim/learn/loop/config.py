"""What fixes the program of a run, what may be swept in it, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Labour
from hitl_sim.learn.intervention import Arm, Program
from hitl_sim.learn.loop.judging import Judging, judge
from hitl_sim.learn.loop.threefry import key_kind
from hitl_sim.learn.optimise import Curve
from hitl_sim.learn.optimiser import Params
from hitl_sim.learn.replay import ReplayCount
from hitl_sim.task import Corruption, Places, TaskData, draw_places
from oracles import Population
from oracles.machine import Machine


@dataclass(frozen=True)
class RunConfig:
    """Everything that fixes the program of a run.

    Attributes:
        program: task shape, network, training, and who answers.
        intervention: which guidance, and what acts on the network beside it; neither
            its name nor its traced numbers are read.
        num_validation: validation items V.
        num_test: test items.
        num_leftover: items of the source outside the split, which a method may use.
    """

    program: Program
    intervention: Arm
    num_validation: int
    num_test: int
    num_leftover: int = 0

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Items of pool, validation and test."""
        return self.program.shape.num_pool, self.num_validation, self.num_test


class Hyper(NamedTuple):
    """Everything that may be swept without another program; float32 leaves, `[]`.

    Attributes:
        optimiser: its own, by name.
        params: the arm's own, by name.
        corruption: shares of the pool that are corrupted.
        population: who answers.
        before: who answers in each stage before the arm's own; None where nobody does.
        machines: that any stage asks, by what the study calls them.
    """

    optimiser: Params
    params: Mapping[str, Float[Array, ""]]
    corruption: Corruption
    population: Population
    before: tuple[Population | None, ...] = ()
    machines: Mapping[str, Machine] = {}


class Seeds(NamedTuple):
    """Which random streams a run uses, `[]` each.

    Attributes:
        study: the study's seed.
        replicate: redraws split, corruption, initialisation, batches and crowd.
        stream: redraws initialisation and batches only, for null and pilot runs.
    """

    study: Int[Array, ""]
    replicate: Int[Array, ""]
    stream: Int[Array, ""]


class RunKeys(NamedTuple):
    """Independent keys of one run, so that arms share what they have in common."""

    split: jax.Array
    init: jax.Array
    batch: jax.Array
    choose: jax.Array
    crowd: jax.Array


def run_keys(seeds: Seeds) -> RunKeys:
    """Derive the keys of a run; arms of one replicate share all of them."""
    root = jax.random.key(seeds.study, impl=key_kind())
    key = jax.random.fold_in(root, seeds.replicate)
    key_split, key_learn, key_choose, key_crowd = jax.random.split(key, 4)
    key_init, key_batch = jax.random.split(jax.random.fold_in(key_learn, seeds.stream))
    return RunKeys(key_split, key_init, key_batch, key_choose, key_crowd)


class Draw(NamedTuple):
    """What arms of one task have in common in a replicate, as whole numbers.

    Attributes:
        keys: the data of the run's keys, `[2]` words each.
        places: its split, before any feature is read.
    """

    keys: RunKeys
    places: Places

    @property
    def run_keys(self) -> RunKeys:
        """The keys themselves."""
        kind = key_kind()
        return RunKeys(*(jax.random.wrap_key_data(k, impl=kind) for k in self.keys))


def draw_run(
    seeds: Seeds,
    corruption: Corruption,
    data: TaskData,
    sizes: tuple[int, int, int],
    judges: Population | None = None,
    judging: Judging | None = None,
) -> Draw:
    """Derive a run's keys and draw its split, of pool, validation and test items.

    It asks for nothing that an arm decides: compiled apart, it serves all of them.

    Args:
        seeds: of the run.
        corruption: of the pool.
        data: of the task.
        sizes: of pool, validation and test.
        judges: who labels the validation items; None where the true labels are used.
        judging: how, where people do.
    """
    keys = run_keys(seeds)
    places = draw_places(keys.split, data.labels, corruption, *sizes)
    if judges is not None and judging is not None:
        found = judge(keys.crowd, data, places.validation_rows, judges, judging)
        places = places._replace(validation_labels=found)
    return Draw(RunKeys(*(jax.random.key_data(key) for key in keys)), places)


class Trace(NamedTuple):
    """Physical facts of one run, of R rounds and C checkpoints.

    Attributes:
        curve: `[C]` accuracies.
        labour: per round, those of stages before the arm's own first; None where
            nobody was asked.
        kept_clean_frac: `[]` share of the final training set that is clean.
        train_items: `[]` items in the final training set.
        label_accuracy: `[]` share of the final training set whose label is the truth;
            NaN of numbers.
        replay: where answers came from; None where nobody's were recorded.
    """

    curve: Curve
    labour: Labour | None
    kept_clean_frac: Float[Array, ""]
    train_items: Int[Array, ""]
    label_accuracy: Float[Array, ""]
    replay: ReplayCount | None = None
