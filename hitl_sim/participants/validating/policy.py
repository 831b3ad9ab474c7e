"""Would a policy chosen in simulation have been a good choice with real people?

A policy spends a budget of answers: how many people it asks per item, whether it stops
early where they agree, and how it joins their answers. Its worth is the share of all
items that end up with the right label, an item that nobody was asked about counting as
a guess; or, where items have features, the accuracy on all items of a classifier
trained on the labels that were bought. Each policy is played on replayed real people
and on simulated ones. Nobody is asked anything that was not recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from hitl_sim.participants.describing.redundancy import shape_of, slots
from hitl_sim.participants.record import Floats, Ints, Record, select
from oracles.agreement.redundancy import METHODS, by_lot, label_chance

NUM_PLAYS = 16
_RESAMPLES = 2000
_NO_ANSWER = -1
_BUDGET_PER_ITEM = 2.0
_CEILINGS = 10


class Policy(NamedTuple):
    """A way to spend a budget.

    Attributes:
        strategy: "fixed" asks everybody planned; "adaptive" asks the last two only
            where the others disagree.
        redundancy: people planned per item.
        method: "majority" or "dawid_skene".
    """

    strategy: str
    redundancy: int
    method: str

    def __str__(self) -> str:
        """Name the policy."""
        joined = {"dawid_skene": "Dawid-Skene"}.get(self.method, self.method)
        return f"{self.strategy}, {self.redundancy} people, {joined}"


def policies(most: int) -> list[Policy]:
    """List the policies that items with so many answers allow."""
    return [
        Policy(strategy, size, method)
        for strategy, least in (("fixed", 1), ("adaptive", 3))
        for size in (1, 2, 3, 5, 7)
        if least <= size <= most
        for method in METHODS
    ]


class Judgement(NamedTuple):
    """How simulation and real people differ on policies.

    Attributes:
        regret: what the policy that simulation prefers loses with real people, share
            of items.
        rank: Spearman correlation of worths.
        gap: mean absolute difference of worths.
    """

    regret: float
    rank: float
    gap: float


@dataclass(frozen=True)
class Transfer:
    """What simulation says of policies, and what real people say.

    Attributes:
        names: the policies.
        real_plays: `[R, P]` worth in every play with real people.
        simulated_plays: `[R, P]` worth in every play with simulated people.
        estimate: how the two differ.
        low: lower ends of its 95 % intervals.
        high: upper ends.
        ceiling: rank correlation between real people on two halves of the items.
    """

    names: tuple[str, ...]
    real_plays: Floats
    simulated_plays: Floats
    estimate: Judgement
    low: Judgement
    high: Judgement
    ceiling: float

    @property
    def real(self) -> Floats:
        """Mean worth of each policy with real people, `[P]`."""
        return np.asarray(self.real_plays.mean(axis=0))

    @property
    def simulated(self) -> Floats:
        """Mean worth of each policy with simulated people, `[P]`."""
        return np.asarray(self.simulated_plays.mean(axis=0))

    @property
    def chosen(self) -> str:
        """The policy that simulation prefers."""
        return self.names[int(self.simulated.argmax())]

    @property
    def best(self) -> str:
        """The policy that real people prefer."""
        return self.names[int(self.real.argmax())]


def compare_policies(
    real: Record,
    simulated: Sequence[Record],
    seed: int,
    features: Floats | None = None,
    num_plays: int = NUM_PLAYS,
    depth: int | None = None,
) -> Transfer:
    """Play the same policies on real and on simulated people.

    Each play draws who is asked and which items the budget reaches. Intervals resample
    plays; the real ones share their people's answers, so they say what luck of the
    draw does and not what another crowd would. The ceiling of the rank correlation is
    that of real people with themselves, on two halves of the items.

    Args:
        real: recorded first answers, truth known.
        simulated: crowds that answered the same questions.
        seed: of the draws.
        features: `[N, D]` of the items, if they have any.
        num_plays: plays with real people, and with simulated ones.
        depth: most people that a policy asks per item; what three in four items have
            if None.

    Raises:
        ValueError: items have too few answers for eight policies.
    """
    depth = find_depth(real) if depth is None else depth
    tried = policies(depth)
    if len(tried) < 8:
        raise ValueError(
            f"{real.name}: three in four items must have 3 answers, got {depth}."
        )
    rng = np.random.default_rng(seed)
    play = partial(_play, rng, tried=tried, depth=depth, features=features)
    turns = range(num_plays)
    worth_real = np.array([play(real) for _ in turns])
    worth_simulated = np.array([play(simulated[t % len(simulated)]) for t in turns])
    lots = [rng.random(real.num_items) < 0.5 for _ in range(_CEILINGS)]
    ceilings = [
        _rank(*(play(select(real, is_in[real.item])) for is_in in (first, ~first)))
        for first in lots
    ]
    known = [value for value in ceilings if np.isfinite(value)]
    ceiling = float(np.mean(known)) if known else float("nan")
    drawn = [redraw(rng, worth_real, worth_simulated) for _ in range(_RESAMPLES)]
    low, high = zip(*map(interval, zip(*drawn, strict=True)), strict=True)
    return Transfer(
        names=tuple(map(str, tried)),
        real_plays=worth_real,
        simulated_plays=worth_simulated,
        estimate=judge(worth_real.mean(axis=0), worth_simulated.mean(axis=0)),
        low=Judgement(*low),
        high=Judgement(*high),
        ceiling=ceiling,
    )


def find_depth(record: Record) -> int:
    """Return how many answers three in four items have."""
    return int(np.quantile(np.bincount(record.item)[np.unique(record.item)], 0.25))


def redraw(rng: np.random.Generator, real: Floats, simulated: Floats) -> Judgement:
    """Judge policies by resampled plays, `[R, P]` each."""
    first, second = (
        rng.integers(0, len(plays), len(plays)) for plays in (real, simulated)
    )
    return judge(real[first].mean(axis=0), simulated[second].mean(axis=0))


def judge(real: Floats, simulated: Floats) -> Judgement:
    """Compare worths of policies, `[P]` each."""
    return Judgement(
        regret=float(real.max() - real[simulated.argmax()]),
        rank=_rank(real, simulated),
        gap=float(np.abs(real - simulated).mean()),
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the 95 % interval of resamples, nan of none."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _rank(first: Floats, second: Floats) -> float:
    """Correlate ranks; nan where one side makes no difference."""
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return float("nan")
    return float(np.corrcoef(rankdata([first, second], axis=1))[0, 1])


def _play(
    rng: np.random.Generator,
    record: Record,
    tried: list[Policy],
    depth: int,
    features: Floats | None,
) -> Floats:
    """Return the worth of every policy in one draw of people and items."""
    given, items = slots(record)
    people, _ = slots(record, record.person)
    order = by_lot(rng, given)[:, :depth]
    turn = rng.permutation(items.size)
    given, people = (
        np.take_along_axis(laid, order, axis=1)[turn] for laid in (given, people)
    )
    pool = (given, people, items[turn])
    return np.array([_worth(record, policy, *pool, features) for policy in tried])


def _worth(
    record: Record,
    policy: Policy,
    given: Ints,
    people: Ints,
    items: Ints,
    features: Floats | None,
) -> float:
    answers = given[:, : policy.redundancy].copy()
    if policy.strategy == "adaptive":
        asked = max(policy.redundancy - 2, 2)
        agree = (answers[:, :asked] == answers[:, :1]).all(axis=1)
        answers[agree, asked:] = _NO_ANSWER
    spent = np.cumsum((answers >= 0).sum(axis=1))
    budget = max(int(items.size * _BUDGET_PER_ITEM), 1)
    reached = int(np.searchsorted(spent, budget, side="right"))
    answers, who = answers[:reached], people[:reached, : policy.redundancy]
    chance = label_chance(answers, who, policy.method, shape_of(record))
    label = chance.argmax(axis=1)
    truth = record.truth[items]
    if features is None:
        right = chance[np.arange(reached), truth[:reached]].sum()
        guess = (items.size - reached) / record.num_options
        return float((right + guess) / items.size)
    if np.unique(label).size < 2:
        return 1.0 / record.num_options
    model = LogisticRegression(max_iter=200).fit(features[items[:reached]], label)
    return float((model.predict(features[items]) == truth).mean())
