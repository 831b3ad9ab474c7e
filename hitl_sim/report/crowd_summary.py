"""What a population does, seen by asking a crowd of it: the numbers behind its figure.

Everybody looks twice at the same items. Items are of typical size; what their features
say and how hard a model finds them, where the population heeds that, is drawn at random
and the same for all.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from oracles import FEEDBACK, Query, build_population, sample_annotators
from oracles.agreement import (
    Retest,
    SharedError,
    one_coin_answers,
    redundancy_curve,
    retest,
    shared_error,
)
from oracles.populations import describe_population

KINDS = ("label", "relevance")
"""Kinds of question whose answers are right or wrong one by one."""
PEOPLE, ITEMS = 60, 300
TEAM_SIZES = (1, 3, 5, 10)
"""People who answer one item, along a redundancy curve."""
PRACTICE_ENDS = (1, 2, 4, 8, 16, 32, 64, 128, 300)
"""Last question of each stretch of a practice curve."""
_DRAWS = 8
_UNSURE, _KEEP = 1, 2

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CrowdSummary:
    """What a crowd of some population did.

    Attributes:
        accuracy: `[people]` share of each person's answers that were right.
        seconds: times of all answers to first looks, s.
        practice: median seconds of the questions up to each of `PRACTICE_ENDS`, s.
        again: what people answer when they are asked again.
        shared: how their errors coincide.
        redundancy: accuracy of the label of `TEAM_SIZES` people, by method.
        one_coin: the same by majority, were they independent with their accuracies.
        unanswered: share of questions that were left open, "unsure" included.
    """

    name: str
    kind: str
    num_options: int
    seed: int
    accuracy: Floats
    seconds: Floats
    practice: Floats
    again: Retest
    shared: SharedError
    redundancy: dict[str, Floats]
    one_coin: Floats
    unanswered: float


def summarise_crowd(
    population: str, kind: str = "label", num_options: int = 10, seed: int = 0
) -> CrowdSummary:
    """Ask a crowd of a population, and count.

    Args:
        population: a name, or a file as `describe_population` takes it.
        kind: one of `KINDS`.
        num_options: classes of a label; relevance has 2.
        seed: of the crowd, the items and the draws of people.

    Raises:
        ValueError: no such population or kind, or too few options.
    """
    if kind not in KINDS:
        allowed = ", ".join(repr(known) for known in KINDS)
        raise ValueError(f"`kind` must be one of {allowed}, got {kind!r}.")
    num_options = 2 if kind == "relevance" else num_options
    source = describe_population(population)
    crowd = build_population(source, kind, num_options)
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, num_options, ITEMS)
    query = _questions(rng, truth, num_options, crowd)
    key = jax.random.key(seed)
    answer, seconds = _ask(kind, key, jax.tree.map(jnp.float32, crowd), query)
    if kind == "relevance":
        answer = np.where(answer == _UNSURE, -1, answer // _KEEP)
    first, second = answer[:ITEMS], answer[ITEMS:]
    is_right = (first == truth[:, None]) & (first >= 0)
    asked = np.broadcast_to(truth[:, None], first.shape)
    curves = {
        method: redundancy_curve(
            np.random.default_rng(seed),
            first,
            truth,
            TEAM_SIZES,
            method=method,
            num_draws=_DRAWS,
        )
        for method in ("majority", "dawid_skene")
    }
    independent = one_coin_answers(rng, first, truth, num_options)
    return CrowdSummary(
        name=source.name,
        kind=kind,
        num_options=num_options,
        seed=seed,
        accuracy=is_right.sum(axis=0) / np.maximum((first >= 0).sum(axis=0), 1),
        seconds=seconds[:ITEMS].ravel(),
        practice=_practice(seconds[:ITEMS]),
        again=retest(first.ravel(), second.ravel(), asked.ravel()),
        shared=shared_error(first, truth),
        redundancy=curves,
        one_coin=redundancy_curve(
            np.random.default_rng(seed),
            independent,
            truth,
            TEAM_SIZES,
            num_draws=_DRAWS,
        ),
        unanswered=float((first < 0).mean()),
    )


def _practice(seconds: Floats) -> Floats:
    starts = (0, *PRACTICE_ENDS[:-1])
    stretches = zip(starts, PRACTICE_ENDS, strict=True)
    return np.array([np.median(seconds[start:end]) for start, end in stretches])


def _questions(
    rng: np.random.Generator, truth: npt.NDArray[np.int64], num_options: int, crowd: Any
) -> Query:
    """Lay the items out twice for everybody."""
    shape = (2 * ITEMS, PEOPLE)
    evidence = float(crowd.evidence or 0.0) * rng.normal(size=(ITEMS, num_options))
    hard = float(crowd.model_difficulty or 0.0) * rng.normal(size=ITEMS)

    def laid(values: Any, dtype: Any) -> jax.Array:
        twice = np.concatenate([values, values])[:, None]
        return jnp.asarray(np.broadcast_to(twice, (*shape, *values.shape[1:])), dtype)

    return Query(
        item=laid(np.arange(ITEMS), jnp.int32),
        occasion=jnp.asarray(
            np.broadcast_to(np.repeat([0, 1], ITEMS)[:, None], shape), jnp.int32
        ),
        truth=laid(truth, jnp.int32),
        utility=laid(evidence, jnp.float32),
        difficulty=laid(hard, jnp.float32),
        discrimination=jnp.ones(shape),
        size=jnp.ones(shape),
        is_asked=jnp.ones(shape, bool),
    )


def _ask(kind: str, key: Any, crowd: Any, query: Query) -> tuple[Any, Any]:
    oracle = FEEDBACK[kind]

    @jax.jit
    def ask(crowd: Any, query: Query) -> Any:
        people = sample_annotators(key, crowd, PEOPLE)
        return oracle.answer(key, people, oracle.init(key, people), query)[1]

    response = ask(crowd, query)
    return np.asarray(response.answer), np.asarray(response.seconds, float)
