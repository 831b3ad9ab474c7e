"""Accuracy and conflict of people who lean or confuse classes; numpy, on the host.

Where people have leanings, or a crowd a confusion, closed forms in one person's signal
(`oracles.solve`) no longer do. People, items and classes are then drawn once, as nodes;
the right option's lead over the others has a closed form at each.

The draws are antithetic and standardised, so that means and covariances are exact, and
classes are dealt in their shares: a mean over nodes is good to about .001.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles.joint import TRAITS, Joint, factor_of, lean_basis
from oracles.solve import ItemSpread, halve

Floats = NDArray[np.float64]

NUM_NODES = 2**14
_CONFLICT_NODES, _MARGINS, _REACH = 1024, 401, 40.0
_SKILL_FLOOR, _SKILL_CEILING = -20.0, 60.0


class Nodes(NamedTuple):
    """People, items and classes, Q of each.

    Attributes:
        skill: `[Q]` standardised skill, or in utility where it is fixed.
        is_fixed: `[Q]` whether it is.
        utility: `[Q, K]` what options gain but for the signal.
        truth: `[Q]` the right option.
        hard: `[Q]` standardised difficulty.
    """

    skill: Floats
    is_fixed: NDArray[np.bool_]
    utility: Floats
    truth: NDArray[np.int64]
    hard: Floats


def draw_nodes(
    joint: Joint,
    num_options: int,
    lean_spread: float,
    confusion: Floats | None,
    class_share: Floats,
    evidence: float,
) -> Nodes:
    """Draw nodes; the same for the same crowd.

    Args:
        joint: of standardised traits.
        num_options: K.
        lean_spread: utility per standardised leaning.
        confusion: `[K, K]` utility by right option.
        class_share: `[K]` how often each is right.
        evidence: standard deviation of what features say for each option.
    """
    rng = np.random.default_rng(0)
    edge, centre, width, fixed, factor = (np.asarray(part, float) for part in joint)
    group = _dealt(rng, np.diff(edge, prepend=0.0))
    noise = _standard(rng, centre.shape[1]) @ factor.T
    traits = centre[group] + width[group] * noise
    truth = _dealt(rng, class_share)
    is_fixed = fixed[group] > 0.0
    lean = np.where(is_fixed, 1.0, lean_spread)[:, None] * traits[:, len(TRAITS) :]
    utility = lean @ lean_basis(num_options)
    if confusion is not None:
        utility = utility + confusion[truth]
    if evidence:
        utility = utility + evidence * _standard(rng, num_options)
    return Nodes(traits[:, 0], is_fixed, utility, truth, _standard(rng, 1)[:, 0])


def _dealt(rng: np.random.Generator, share: Floats) -> NDArray[np.int64]:
    """Deal nodes to groups in their shares, in random order."""
    place = (np.arange(NUM_NODES) + 0.5) / NUM_NODES
    dealt = np.searchsorted(np.cumsum(share) / np.sum(share), place)
    return rng.permutation(np.minimum(dealt, len(share) - 1))


def _standard(rng: np.random.Generator, size: int) -> Floats:
    """Draw antithetic normals `[Q, size]` with exactly that mean and covariance."""
    half = rng.standard_normal((NUM_NODES // 2, size))
    half = half @ np.linalg.inv(factor_of(half.T @ half / half.shape[0])).T
    return rng.permutation(np.concatenate([half, -half]))


class Answering(NamedTuple):
    """What people with a mean skill do.

    Attributes:
        nodes: over whom is averaged.
        skill_spread: standard deviation of skill, utility.
        items: what varies over items; evidence is in the nodes.
        lapse: mean probability of a guess.
        guess: probability that a guess is right.
    """

    nodes: Nodes
    skill_spread: float
    items: ItemSpread
    lapse: float
    guess: float

    def accuracy(self, skill: float) -> float:
        """Return the mean accuracy of an answer."""
        lead = self._signal(skill) - _rivals(self.nodes)
        judged = float(np.mean(np.exp(-np.logaddexp(0.0, -lead))))
        return (1.0 - self.lapse) * judged + self.lapse * self.guess

    def solve_skill(self, accuracy: float) -> float:
        """Return the mean skill at which people are that accurate.

        Raises:
            ValueError: the accuracy is out of reach.
        """
        worst, best = map(self.accuracy, (_SKILL_FLOOR, _SKILL_CEILING))
        if not worst - 1e-9 <= accuracy <= best + 1e-9:
            raise ValueError(
                f"`accuracy` must be in [{worst:.4g}, {best:.4g}] with lapse "
                f"{self.lapse:g}, got {accuracy}."
            )
        return halve(
            lambda skill: self.accuracy(skill) < accuracy, _SKILL_FLOOR, _SKILL_CEILING
        )

    def conflict(self, skill: float) -> float:
        """Return the mean conflict log(1 + exp(-M)) of an answer that is no lapse.

        As `oracles.solve.expected_conflict`, for options of any utility.
        """
        few = slice(_CONFLICT_NODES)
        utility = self.nodes.utility[few].copy()
        place = np.arange(utility.shape[0])
        utility[place, self.nodes.truth[few]] += self._signal(skill)[few]
        share = utility - np.logaddexp.reduce(utility, axis=1, keepdims=True)
        lead = share - np.log(np.maximum(-np.expm1(share), 1e-300))
        margin = np.linspace(0.0, _REACH, _MARGINS)
        exceeds = sum(
            np.exp(-np.logaddexp(0.0, margin[None, :] - of_option[:, None]))
            for of_option in lead.T
        )
        weight = np.exp(-np.logaddexp(0.0, margin))[None, :]
        return float(math.log(2.0) - np.trapezoid(weight * exceeds, margin).mean())

    def _signal(self, skill: float) -> Floats:
        own = self.nodes.skill
        felt = np.where(self.nodes.is_fixed, own, skill + self.skill_spread * own)
        return felt - self.items.difficulty * self.nodes.hard


def _rivals(nodes: Nodes) -> Floats:
    """Return the log-sum-exp of the wrong options less the right one's utility."""
    place = np.arange(nodes.truth.size)
    others = nodes.utility.copy()
    others[place, nodes.truth] = -np.inf
    best: Floats = np.logaddexp.reduce(others, axis=1)
    return best - nodes.utility[place, nodes.truth]
