"""Does saving data or features save energy on SMS spam, and what does F1 say?

    python experiments/sms_spam.py --data DIR [--seed 0]

The external check against Verdecchia et al. (2022): 10 to 100 % of the data and 10 to
100 % of the features, at fixed epochs as there, and to a target as in every study here.
Trains a linear model and a multilayer perceptron on TF-IDF weights from DIR's
`text_tasks/sms_spam.csv.gz`, bills them from a device profile, and writes `sms_spam.md`
and `sms_spam.png` beside this file. Numbers are all that it keeps of the messages.
"""

import argparse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sms_found import DEVICES, RATES, TENTHS, Found, Plan
from sms_page import draw, write_page
from sms_saving import MARGIN, Axis, Floats, Work, checkpoints_to, f1_of, smooth

from hitl_sim.analysis.run.usage import work_unit
from hitl_sim.energy import WorkUnit, load_profile
from hitl_sim.learn import NetworkConfig, TrainConfig
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainSet, init_learner, train_steps
from hitl_sim.learn.work import Unit, abstract, forward_unit, train_unit
from hitl_sim.study.worker import count_unit
from hitl_sim.task import TaskData, load_task

SPAM = 1
"""The class of which F1 is: classes are in alphabetical order, ham and spam."""


class Learnt(NamedTuple):
    """A network and the learning rate at which it is trained, `RATES` apart."""

    network: NetworkConfig
    rate: float


NETWORKS = {
    "mlp": Learnt(NetworkConfig((64,)), 3e-3),
    "linear": Learnt(NetworkConfig(()), 3e-2),
}


class Lane(NamedTuple):
    """What tells one run from another in a program.

    Attributes:
        key: `[]` weights and batches.
        order: `[M]` messages: the pool, validation and test, one after the other.
        columns: `[W]` features to train on.
        num_items: `[]` messages of the pool to train on.
        rate: `[]` learning rate.
    """

    key: Any
    order: Any
    columns: Any
    num_items: Any
    rate: Any


class Confusion(NamedTuple):
    """Hits, false alarms and misses of spam in one run.

    Attributes:
        validation: `[C, 3]` after each checkpoint.
        test: `[10, 3]` after each tenth of the steps.
    """

    validation: Any
    test: Any


def chi_square(x: jax.Array, y: jax.Array) -> jax.Array:
    """Score features `[N, D]` by how their weight parts two classes `[N]`.

    References:
        Pearson's statistic on sums of weights, as scikit-learn's `chi2`, which the
        published comparison used; it does so on all messages, we on the pool alone.
    """
    share = jnp.stack([1 - y, y]).astype(x.dtype)
    observed = share @ x
    expected = share.mean(axis=1)[:, None] * x.sum(axis=0)[None]
    score = (observed - expected) ** 2 / jnp.maximum(expected, 1e-12)
    return score.sum(axis=0)


def best_columns(x: jax.Array, y: jax.Array) -> jax.Array:
    """Order features from the highest score to the lowest."""
    return jnp.argsort(-chi_square(x, y), stable=True)


def build_curves(
    data: TaskData, plan: Plan, network: NetworkConfig, width: int
) -> Callable[[Lane], Confusion]:
    """Build the program of some lanes, `lanes -> Confusion`, one after the other."""
    config = TrainConfig(plan.batch, plan.steps, plan.checkpoints)
    built = build_network(network, width, 2)
    features, labels = jnp.asarray(data.features), jnp.asarray(data.labels)
    first, second = plan.pool, plan.pool + plan.validation

    def confusion(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        said, is_spam = built.apply(params, x).argmax(axis=1) == SPAM, y == SPAM
        return jnp.stack(
            [(said & is_spam).sum(), (said & ~is_spam).sum(), (~said & is_spam).sum()]
        )

    def run(lane: Lane) -> Confusion:
        x = features[:, lane.columns]
        training = TrainSet(x, labels, lane.order[:first], lane.num_items)
        held_out = (lane.order[first:second], lane.order[second:])
        validation, test = ((x[rows], labels[rows]) for rows in held_out)
        key_init, key_batch = jax.random.split(lane.key)
        rates = {"learning_rate": lane.rate}

        def stretch(learner: Any, number: jax.Array) -> tuple[Any, jax.Array]:
            key = jax.random.fold_in(key_batch, number)
            args = (built, config, learner, rates, training, plan.steps)
            learner = train_steps(key, *args)
            return learner, confusion(learner.params, *validation)

        def tenth(learner: Any, numbers: jax.Array) -> tuple[Any, Confusion]:
            learner, seen = jax.lax.scan(stretch, learner, numbers)
            return learner, Confusion(seen, confusion(learner.params, *test))

        start = init_learner(key_init, built, config, rates)
        numbers = jnp.arange(plan.checkpoints).reshape(TENTHS, -1)
        found = jax.lax.scan(tenth, start, numbers)[1]
        return found._replace(validation=found.validation.reshape(-1, 3))

    return jax.jit(partial(jax.lax.map, run))


class Draws(NamedTuple):
    """What the replicates share over networks and shares, `[R, ...]`.

    Attributes:
        key: weights and batches of the runs; `pilot` of the pilot's.
        pilot: see there.
        order: `[R, M]` see `Lane`.
        columns: `[R, W]` features, best first, as the pool scores them.
    """

    key: Any
    pilot: Any
    order: Any
    columns: Any


def draw_replicates(data: TaskData, plan: Plan) -> Draws:
    """Draw splits, and score the features on each pool."""
    features, labels = jnp.asarray(data.features), jnp.asarray(data.labels)

    def one(number: jax.Array) -> Draws:
        key = jax.random.fold_in(jax.random.key(plan.seed), number)
        key_split, key_run, key_pilot = jax.random.split(key, 3)
        order = jax.random.permutation(key_split, len(labels))
        pool = order[: plan.pool]
        return Draws(
            key_run, key_pilot, order, best_columns(features[pool], labels[pool])
        )

    return jax.lax.map(one, jnp.arange(plan.replicates))


def lay_out(
    draws: Draws, plan: Plan, width: int, shares: tuple[float, ...], rate: float
) -> Lane:
    """Lay out lanes for every share of the data, each with all replicates."""
    num, times = draws.order.shape[0], len(shares)

    def repeated(leaf: jax.Array) -> jax.Array:
        return jnp.concatenate([leaf] * times)

    kept = np.repeat([plan.kept(share) for share in shares], num)
    return Lane(
        repeated(draws.key),
        repeated(draws.order),
        repeated(draws.columns[:, :width]),
        jnp.asarray(kept, jnp.int32),
        jnp.full(num * times, rate, jnp.float32),
    )


def count_units(plan: Plan, network: NetworkConfig, width: int) -> dict[str, WorkUnit]:
    """Count the units of work of one width, by phase."""
    choose = Unit(
        f"choose:chi2:n{plan.pool}:{plan.words}",
        "choose",
        best_columns,
        (abstract(plan.pool, plan.words), abstract(plan.pool, dtype=np.int32)),
        1,
    )
    config = TrainConfig(plan.batch, plan.steps, plan.checkpoints)
    built = build_network(network, width, 2)
    units = (
        train_unit("train", network, config, plan.pool, width, 2, built=built),
        forward_unit(
            "evaluate",
            network,
            plan.validation,
            width,
            2,
            lambda logits: logits.argmax(axis=1),
            "class",
            built=built,
        ),
        choose,
    )
    return {unit.phase: work_unit(unit.name, count_unit(unit)) for unit in units}


def run_network(data: TaskData, plan: Plan, draws: Draws, name: str) -> list[Axis]:
    """Train a network on every share of data and features.

    Args:
        data: the messages as numbers.
        plan: the sizes.
        draws: the replicates.
        name: of the network.

    Returns:
        The axis of the data and that of the features.
    """
    network, rate = NETWORKS[name]
    found = {}
    for share in plan.shares:
        program = build_curves(data, plan, network, plan.width(share))
        shares = plan.shares if share == 1.0 else (1.0,)
        lanes = lay_out(draws, plan, plan.width(share), shares, rate)
        found[share] = _by_share(program(lanes), plan.replicates)
    pilot = lay_out(
        draws._replace(key=draws.pilot), plan, plan.words, (1.0,), rate
    )  # the last program is that of all features
    target = target_of(f1_of(program(pilot).validation))
    by_data = found[1.0]
    by_width = Confusion(
        *(
            np.concatenate([*parts[:-1], parts[-1][-1:]])
            for parts in zip(*found.values(), strict=True)
        )
    )
    units = {s: count_units(plan, network, plan.width(s)) for s in plan.shares}
    same = dict.fromkeys(plan.shares, units[1.0])
    return [
        _axis("data", plan, by_data, plan.shares, target, same),
        _axis("features", plan, by_width, (1.0,) * len(plan.shares), target, units),
    ]


def _by_share(found: Confusion, replicates: int) -> Confusion:
    """Turn lanes into F1 `[S, R, ...]`."""
    return Confusion(*(f1_of(a).reshape(-1, replicates, a.shape[1]) for a in found))


def target_of(pilot: Floats) -> Floats:
    """Return each replicate's target, `[R]`: `MARGIN` below the pilot's best F1.

    Args:
        pilot: `[R, C]` validation F1.
    """
    return smooth(pilot).max(axis=1) - MARGIN


def _axis(
    name: str,
    plan: Plan,
    curves: Confusion,
    lengths: tuple[float, ...],
    target: Floats,
    units: Mapping[float, Mapping[str, WorkUnit]],
) -> Axis:
    """Read fixed epochs, which end after some tenth, and the target off F1 curves.

    Args:
        name: of the axis.
        plan: the sizes.
        curves: F1, `[S, R, C]` in validation and `[S, R, 10]` in test.
        lengths: `S` shares of all steps after which training ends at fixed epochs.
        target: `[R]` validation F1.
        units: units of work by share and phase.
    """
    passes = plan.epochs * plan.validation
    ends = [round(TENTHS * length) - 1 for length in lengths]
    chosen = [int(name == "features" and share < 1.0) for share in plan.shares]
    return Axis(
        name=name,
        shares=plan.shares,
        fixed=tuple(
            Work(units[share], round(length * plan.cap), passes, choice)
            for share, length, choice in zip(plan.shares, lengths, chosen, strict=True)
        ),
        f1=np.stack([f1[:, e] for f1, e in zip(curves.test, ends, strict=True)]),
        reached=checkpoints_to(curves.validation, target),
        to_checkpoint=tuple(
            Work(units[share], plan.steps, plan.validation, choice)
            for share, choice in zip(plan.shares, chosen, strict=True)
        ),
        cap=plan.checkpoints,
    )


def try_rates(data: TaskData, plan: Plan, draws: Draws, name: str) -> Floats:
    """Return test F1 at each learning rate; see `Found`."""
    few = Draws(*(leaf[: plan.trials] for leaf in draws))
    program = build_curves(data, plan, NETWORKS[name].network, plan.words)
    found = []
    for rate in RATES:
        lanes = lay_out(few, plan, plan.words, (1.0, plan.shares[0]), rate)
        full, tenth = _by_share(program(lanes), plan.trials).test
        found.append(np.stack([full[:, -1], tenth[:, 0], tenth[:, -1]]))
    return np.stack(found)


def grow_forests(data: TaskData, plan: Plan, draws: Draws) -> dict[str, Floats]:
    """Return test F1 of the published kind of forest on our splits; see `Found`."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415
    from sklearn.metrics import f1_score  # noqa: PLC0415

    found: dict[str, list[float]] = {"full": [], "data": [], "cut": [], "features": []}
    for number in range(plan.replicates):
        order, columns = (np.asarray(a[number]) for a in (draws.order, draws.columns))
        test = order[plan.pool + plan.validation :]
        cuts = {
            "full": (plan.pool, plan.words),
            "data": (plan.kept(plan.shares[0]), plan.words),
            "features": (plan.pool, plan.width(plan.shares[0])),
        }
        for name, (num_items, width) in cuts.items():
            forest = RandomForestClassifier(
                class_weight="balanced", random_state=plan.seed + number
            )
            x = data.features[:, columns[:width]]
            forest.fit(x[order[:num_items]], data.labels[order[:num_items]])
            said, truth = forest.predict(x[test]), data.labels[test]
            found[name].append(f1_score(truth, said, pos_label=SPAM))
            if name == "data":
                few = round(plan.shares[0] * len(test))
                found["cut"].append(f1_score(truth[:few], said[:few], pos_label=SPAM))
    return {name: np.array(values) for name, values in found.items()}


def find(data_folder: Path, plan: Plan) -> Found:
    """Load the messages, train everything and grow the forests.

    Args:
        data_folder: the folder that holds `text_tasks`.
        plan: the sizes.

    Raises:
        FileNotFoundError: the messages are not there.
    """
    info, data = load_task(
        data_folder / "text_tasks" / "sms_spam.csv.gz",
        num_features=plan.words,
        num_groups=1,
        text_column="text",
    )
    draws = draw_replicates(data, plan)
    with ThreadPoolExecutor(2) as pool:
        axes = {n: pool.submit(run_network, data, plan, draws, n) for n in NETWORKS}
        forests = pool.submit(grow_forests, data, plan, draws)
        rates = {n: pool.submit(try_rates, data, plan, draws, n) for n in NETWORKS}
    return Found(
        plan=plan,
        source=info.source,
        spam=float(data.labels.mean()),
        num_test=info.num_items - plan.pool - plan.validation,
        axes={name: future.result() for name, future in axes.items()},
        rates={name: future.result() for name, future in rates.items()},
        forests=forests.result(),
    )


def main() -> None:
    """Run the check, print its page and write it beside this file."""
    here = Path(__file__)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds text_tasks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=here.with_suffix(".md"))
    given = parser.parse_args()
    found = find(given.data, Plan(seed=given.seed))
    devices = [load_profile(name) for name in DEVICES]
    figure = given.out.with_suffix(".png")
    page = write_page(found, devices, figure.name)
    print(page)
    given.out.write_text(page, encoding="utf-8")
    draw(found, devices, figure)


if __name__ == "__main__":
    main()
