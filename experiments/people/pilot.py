"""Fit a pilot of few people, and predict what redundancy buys with everybody else."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.describing.redundancy import (
    CurvePoint,
    predict_curve,
    with_sizes,
)
from hitl_sim.participants.fitting.fit import CrowdFit, fit_record
from hitl_sim.participants.fitting.quality import QualityFit
from hitl_sim.participants.fitting.quality_model import GLOBALS, Quality
from hitl_sim.participants.record import Record, renumber, select
from hitl_sim.participants.validating.synthetic import simulate_design

MOST_PEOPLE = 10
NUM_CROWDS = 40
_LEAST_PEOPLE = 3


def draw_numbers(rng: np.random.Generator, fit: QualityFit) -> Quality:
    """Draw a crowd's numbers from what is known of them.

    People stay who they are: their skills are known by their answers, and so is the
    mean of them.
    """
    value, vector = np.linalg.eigh(fit.covariance)
    normal = rng.standard_normal(value.size)
    shift = vector @ (np.sqrt(np.maximum(value, 0.0)) * normal)
    drawn, start = {}, 0
    for name in GLOBALS:
        known = getattr(fit.quality, name)
        size = int(np.size(known))
        moved = np.reshape(shift[start : start + size], np.shape(known))
        drawn[name] = known + jnp.asarray(moved, jnp.float32)
        start += size
    del drawn["mean"]
    return fit.quality._replace(**drawn)


def simulate_in_doubt(
    seed: int, fit: CrowdFit, fitted: Record, design: Record
) -> Record:
    """Let a crowd answer whose numbers and people are drawn from what is known of them.

    The fitted people are drawn anew, with replacement: they are few, and others might
    have come. Crowds then differ by as much as the answers leave open, and not only by
    luck.
    """
    rng = np.random.default_rng(seed)
    drawn = draw_numbers(rng, fit.quality)
    fit = replace(fit, quality=replace(fit.quality, quality=drawn))
    there = np.unique(fitted.person)
    among = rng.choice(there, there.size)
    return simulate_design(seed, fit, fitted, design, rng, among)


@dataclass(frozen=True)
class Pilot:
    """What a pilot predicts of the people who took no part in it.

    Attributes:
        num_people: people of the pilot.
        num_answers: their answers.
        num_others: everybody else.
        curve: what redundancy buys with the others, and what was predicted.
    """

    num_people: int
    num_answers: int
    num_others: int
    curve: list[CurvePoint]


def run_pilot(
    record: Record,
    options: tuple[str, ...],
    seed: int = 0,
    num_people: int = MOST_PEOPLE,
    num_crowds: int = NUM_CROWDS,
) -> Pilot:
    """Fit a few people and predict the redundancy curve of all others.

    A pilot asks people for some hours, so its people are drawn from the busier half.
    The interval is the spread of crowds, each of numbers drawn from what the pilot
    tells of them and of the pilot's people drawn anew: it holds the chance of who comes
    and what they answer, and how little a pilot tells of the population.

    Args:
        record: labels whose truth is known.
        options: names of the options.
        seed: of the pilot's people, the fit and the crowds.
        num_people: of the pilot; 3 to 10, and fewer than there are.
        num_crowds: simulated crowds.

    Raises:
        ValueError: the pilot is too small or too large.
    """
    most = min(MOST_PEOPLE, record.num_people - 1)
    if not _LEAST_PEOPLE <= num_people <= most:
        raise ValueError(
            f"`num_people` must be >= {_LEAST_PEOPLE} and <= {most}, got {num_people}."
        )
    rng = np.random.default_rng(seed)
    work = np.bincount(record.person, minlength=record.num_people)
    busy = np.argsort(-work, kind="stable")[: max(num_people, (work.size + 1) // 2)]
    chosen = rng.choice(busy, num_people, replace=False)
    is_pilot = np.isin(record.person, chosen)
    pilot, others = (renumber(select(record, rows)) for rows in (is_pilot, ~is_pilot))
    others = with_sizes(others)
    fit = fit_record(pilot, LABEL, options, seed=seed)
    crowds = [
        simulate_in_doubt(1000 * seed + turn, fit, pilot, others)
        for turn in range(num_crowds)
    ]
    return Pilot(
        num_people=num_people,
        num_answers=int((pilot.answer >= 0).sum()),
        num_others=others.num_people,
        curve=predict_curve(rng, others, crowds),
    )
