"""Annotator models of the literature as people of the one model.

Each constructor returns `Annotators` of the neutral person `plain_annotators`, with the
parameters set that make the published model; times are a second per question, and
`_replace` sets what else a study wants. Where a docstring says exact, the probability
of every single answer is the published one, whatever `own` and `shared` are set to
afterwards; answers of one question are independent at the default 1.
"""

from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from oracles.annotators import Annotators, plain_annotators

Floats: TypeAlias = NDArray[np.float64]

# A utility that no draw overturns, and the least that a probability counts as.
_CERTAIN = 60.0
_FLOOR = float(np.exp(-_CERTAIN))


def pair_flip(flip: ArrayLike, num_options: int) -> Annotators:
    """Build people who take class k for the next one. Exact, for label.

    Args:
        flip: `[A]` probability of each person to answer k + 1 (mod K) for k.
        num_options: number of classes K >= 2.

    Returns:
        The people.

    Raises:
        ValueError: a probability outside [0, 1].

    References:
        Han et al. (2018), Co-teaching: robust training of deep neural networks with
        extremely noisy labels, NeurIPS: pair flipping.
    """
    wrong = _probabilities("flip", flip)[:, None, None]
    stay = np.eye(num_options)[None]
    return dawid_skene_people((1.0 - wrong) * stay + wrong * np.roll(stay, 1, axis=2))


def dawid_skene_people(confusion: ArrayLike) -> Annotators:
    """Build people with a confusion matrix each. Exact, for label.

    The utility of an option is the log of its probability; one of 0 counts as e^-60.

    Args:
        confusion: `[A, K, K]` P(answer | truth) as [annotator, truth, answer].

    Returns:
        The people.

    Raises:
        ValueError: a probability outside [0, 1], or a row that does not sum to 1.

    References:
        Dawid, Skene (1979), Maximum likelihood estimation of observer error-rates using
        the EM algorithm, Applied Statistics 28(1), 20-28.
    """
    rows = _probabilities("confusion", confusion)
    total = rows.sum(axis=-1)
    if (np.abs(total - 1.0) > 1e-5).any():
        worst = total.flat[np.argmax(np.abs(total - 1.0))]
        raise ValueError(f"`confusion` must have rows that sum to 1, got {worst:g}.")
    return plain_annotators(rows.shape[0])._replace(confusion=_leaf(_log(rows)))


def item_response(ability: ArrayLike) -> Annotators:
    """Build people of 1PL (Rasch) and 2PL item response models. Exact, for label.

    With two options P(right) = sigma(a_i (ability - b_i)), where the question gives
    b_i as `Query.difficulty` and a_i as `Query.discrimination` (1 for the 1PL). With K
    options the even errors of a guess enter: P(right) = e^s / (e^s + K - 1), no
    guessing asymptote.

    Args:
        ability: `[A]` ability of each person.

    Returns:
        The people.

    References:
        Rasch (1960), Probabilistic models for some intelligence and attainment tests;
        Birnbaum (1968), in Lord and Novick, Statistical theories of mental test scores.
    """
    skill = np.asarray(ability, float)
    return plain_annotators(skill.size)._replace(skill=_leaf(skill))


def glad(ability: ArrayLike, num_options: int) -> Annotators:
    """Build people of GLAD. Exact, for label with any number of classes.

    P(right) = sigma(ability * ease), the rest evenly wrong; the question gives the
    item's ease as `Query.discrimination`, with difficulty 0. The truth has a head start
    of log(K - 1), which the even errors of K - 1 wrong options take away again.

    Args:
        ability: `[A]` ability of each person; below 0 for an adversary.
        num_options: number of classes K >= 2.

    Returns:
        The people.

    References:
        Whitehill, Ruvolo, Wu, Bergsma, Movellan (2009), Whose vote should count more:
        optimal integration of labels from labelers of unknown expertise, NeurIPS 22.
    """
    skill = np.asarray(ability, float)
    head_start = np.log(num_options - 1.0) * np.eye(num_options)
    return plain_annotators(skill.size)._replace(
        skill=_leaf(skill),
        confusion=_leaf(np.broadcast_to(head_start, (skill.size, *head_start.shape))),
    )


def mace(spam: ArrayLike, guess: ArrayLike) -> Annotators:
    """Build people who know the truth or else spam. Exact, for label.

    Args:
        spam: `[A]` probability of each person to spam an answer.
        guess: `[A, K]` distribution of their spam; > 0.

    Returns:
        The people; their spam is also quick, which the published model does not say.

    Raises:
        ValueError: a probability outside [0, 1].

    References:
        Hovy, Berg-Kirkpatrick, Vaswani, Hovy (2013), Learning whom to trust with MACE,
        NAACL-HLT.
    """
    lapse = _probabilities("spam", spam)
    return plain_annotators(lapse.size)._replace(
        skill=jnp.full(lapse.size, _CERTAIN),
        lapse=_leaf(lapse),
        guess=_leaf(_probabilities("guess", guess)),
    )


def hammer_spammer(is_hammer: ArrayLike) -> Annotators:
    """Build people who are always right, and people who only guess. Exact.

    Exact for label and relevance (without a band).

    Args:
        is_hammer: `[A]` who is always right.

    Returns:
        The people.

    References:
        Karger, Oh, Shah (2011), Iterative learning for reliable crowdsourcing systems,
        NeurIPS.
    """
    right = np.asarray(is_hammer, bool)
    return plain_annotators(right.size)._replace(
        skill=_leaf(np.where(right, _CERTAIN, 0.0)), lapse=_leaf(~right)
    )


def bradley_terry_people(scale: ArrayLike, band: ArrayLike | float = 0.0) -> Annotators:
    """Build people who prefer by Bradley and Terry, ties by Rao and Kupper. Exact.

    For preference: P(first) = sigma(scale (u_1 - u_2) - band), u from `Query.utility`.
    The band is log theta of Rao and Kupper. B-Pref's Boltzmann teacher is this with
    its rationality as scale; its mistakes are lapses of twice their rate.

    Args:
        scale: `[A]` how much a unit of worth counts for each person.
        band: `[A]`, or one number, half width of a tie, utility; >= 0.

    Returns:
        The people.

    References:
        Bradley, Terry (1952), Rank analysis of incomplete block designs I, Biometrika.
        Rao, Kupper (1967), Ties in paired-comparison experiments, JASA 62, 194-204.
        Lee, Smith, Dragan, Abbeel (2021), B-Pref, NeurIPS datasets and benchmarks.
    """
    skill = np.asarray(scale, float)
    width = np.broadcast_to(np.asarray(band, float), skill.shape)
    return plain_annotators(skill.size)._replace(skill=_leaf(skill), band=_leaf(width))


def plackett_luce_people(scale: ArrayLike) -> Annotators:
    """Build people who rank by Plackett and Luce. Exact, for importance.

    P(ranking) is the product over places of e^(scale u) over its sum among those left.

    Args:
        scale: `[A]` how much a unit of importance counts for each person.

    Returns:
        The people.

    References:
        Luce (1959), Individual choice behavior; Plackett (1975), The analysis of
        permutations, Applied Statistics 24(2), 193-202.
    """
    skill = np.asarray(scale, float)
    return plain_annotators(skill.size)._replace(skill=_leaf(skill))


def _probabilities(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values, float)
    bad = ~((array >= 0.0) & (array <= 1.0))
    if bad.any():
        raise ValueError(f"`{name}` must be in [0, 1], got {array[bad].flat[0]:g}.")
    return array


def _log(probability: Floats) -> Floats:
    logs: Floats = np.log(np.maximum(probability, _FLOOR))
    return logs


def _leaf(values: ArrayLike) -> Array:
    return jnp.asarray(values, jnp.float32)
