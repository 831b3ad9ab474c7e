"""Which unknown moves the answer, and which one is worth measuring.

The output is the net benefit of the arm with people that saves most training, at the
scale of training where it just pays: at a scale where people are thousands of times
too dear nothing that could be learned would change the decision, and that is said by
the value of information at the study's own scale, which is 0 there.

What can be known is the world: prices and constants, within their intervals, and what
the crowd is like, between the settings that were run. Chance is not: more replicates
buy it down, and no measurement of a price or a person does. It is the error of what is
said here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hitl_sim.analysis.condition.finding import (
    PARAMETERS_SWEPT,
    Finding,
    StudyResult,
    best,
    reached_arms,
)
from hitl_sim.analysis.decision.decide import Decision, SharedTables, decide
from hitl_sim.analysis.decision.information import (
    Information,
    draw_levels,
    gain_of,
    partial_policy,
    perfect_policy,
)
from hitl_sim.analysis.decision.option_net import OptionNet, open_options
from hitl_sim.analysis.decision.shapley import Effect, shapley_effects
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import Measure


@dataclass(frozen=True)
class Worth:
    """What knowing one input is worth: its EVPPI where the arm just pays, and here.

    Here is the study's own scale of training; real participants tell some inputs.
    """

    words: str
    at_scale: Information
    here: Information
    is_people: bool


@dataclass(frozen=True)
class Sensitivity:
    """Shares of variance and values of information of one task.

    Attributes:
        leader: the arm whose net benefit is the output.
        options: arms among which, and doing nothing, the decision is.
        measure: joules or usd; what the output is in.
        scale: how many times as dear training is.
        effects: shares of the output's variance by input; they sum to 1. Empty where
            no input moves the leader's own net benefit.
        worths: of the inputs that can enter a bill, the largest first.
        everything: EVPI, at `scale`.
        everything_here: the same at the study's own scale of training.
        left_out: parameters of the crowd that are held as in the arm, of which arm,
            and why.
    """

    leader: Finding
    options: tuple[Finding, ...]
    measure: Measure
    scale: float
    effects: tuple[Effect, ...]
    worths: tuple[Worth, ...]
    everything: Information
    everything_here: Information
    left_out: tuple[str, ...]


def find_sensitivity(result: StudyResult, decision: Decision) -> Sensitivity | None:
    """Find what moves the net benefit and what is worth knowing.

    Returns:
        None where no arm with people reached, its bill is unknown, or nothing that
        enters a bill is uncertain. Arms whose bill is unknown are no options.
    """
    task = decision.task
    arms = reached_arms(task)
    leader = best(f for f in arms if f.has_people)
    if leader is None or task.control.reach.hits == 0:
        return None
    measure: Measure = "usd" if leader.at("usd").multiple.is_known else "joules"
    arms = [f for f in arms if f.at(measure).multiple.is_known]
    if all(f is not leader for f in arms):
        return None
    model = open_options(result, decision, arms, measure)
    if not model.names:
        return None
    words = [
        *(one.words for one in model.inputs),
        *(PARAMETERS_SWEPT[p] for p in model.parameters),
    ]
    levels = draw_levels(len(words), result.seed)
    scaled, here = (_Worlds(model, levels, at) for at in (decision.scale, 1.0))
    worths = [
        Worth(
            one,
            scaled.partial(d),
            here.partial(d),
            is_people=d >= len(model.inputs),
        )
        for d, one in enumerate(words)
    ]
    return Sensitivity(
        leader=leader,
        options=tuple(arms),
        measure=measure,
        scale=decision.scale,
        worths=tuple(sorted(worths, key=lambda w: -w.at_scale.value)),
        everything=scaled.perfect(),
        everything_here=here.perfect(),
        effects=_effects(model, words, leader, decision.scale, result.seed),
        left_out=model.left_out,
    )


def _effects(
    model: OptionNet, words: Sequence[str], leader: Finding, scale: float, seed: int
) -> tuple[Effect, ...]:
    option = 1 + [arm.condition for arm in model.arms].index(leader.condition)

    def output(levels: FloatArray) -> FloatArray:
        return model.at(levels, scale)[:, option]

    try:
        return shapley_effects(words, output, seed)
    except ValueError:
        return ()


class _Worlds:
    """Net benefits of all options in the same worlds, at one scale of training."""

    def __init__(self, model: OptionNet, levels: FloatArray, scale: float) -> None:
        self.model, self.levels, self.scale = model, levels, scale
        self.net = model.at(levels, scale)

    def partial(self, column: int) -> Information:
        """Return the EVPPI of one input."""
        return self._gain(partial_policy(self.levels[:, column], self.net))

    def perfect(self) -> Information:
        """Return the EVPI."""
        return self._gain(perfect_policy(self.net))

    def _gain(self, policy: IntArray) -> Information:
        """Return what a policy gains; its error is of worlds and of replicates.

        A small change of the amounts does not move which policy is best to first order
        (the envelope theorem). So the error by replicates is that of the mean, over
        replicates, of what the policy would gain with the amounts of each.
        """
        found = gain_of(policy, self.net)
        ignoring = int(self.net.mean(axis=0).argmax())
        if (policy == ignoring).all():
            return found
        by_run = self.model.gain_by_run(self.levels, self.scale, policy, ignoring)
        num = len(by_run)
        chance = by_run.std(ddof=1) / math.sqrt(num) if num > 1 else math.nan
        return Information(found.value, float(np.hypot(found.error, chance)))


class Verdict(NamedTuple):
    """What helps to decide about one task.

    The sensitivity of its decision is None where no arm with people reached or nothing
    is uncertain.
    """

    decision: Decision
    sensitivity: Sensitivity | None


def weigh(result: StudyResult) -> tuple[Verdict, ...]:
    """Work out the decision of every task of a study by re-pricing its records."""
    # threads that share products as small as these wait more than they work
    with threadpool_limits(1):
        tables = SharedTables(result)
        decisions = [decide(result, task, tables) for task in result.tasks]
        return tuple(Verdict(d, find_sensitivity(result, d)) for d in decisions)
