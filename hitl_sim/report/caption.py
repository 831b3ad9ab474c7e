"""What stands under each figure, and how the study was analysed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from hitl_sim.analysis import Finding, StudyResult, TaskResult, Verdict
from hitl_sim.analysis.interval import NUM_RESAMPLES
from hitl_sim.report.figure import (
    draw_acceptability,
    draw_affordance,
    draw_bill,
    draw_contour,
    draw_frontier,
    draw_learning,
    draw_quality,
    draw_sensitivity,
    draw_timeline,
    draw_waterfall,
)
from hitl_sim.report.number import RHO, percent

FIGURES: Mapping[str, tuple[Callable[[TaskResult], Figure], str]] = {
    "learning": (
        draw_learning,
        "Smoothed validation accuracy: mean and 5th to 95th percentile over replicates,"
        " against the device's joules (choosing included) and the hours people worked."
        " Arms whose people work once, before training, are points at their best"
        " accuracy.",
    ),
    "quality": (
        draw_quality,
        f"{RHO} by crowd, from the one that answers best to the worst, with 95 %"
        " bootstrap intervals over replicates. Below 1 the arm took less device energy"
        " to the control's target than the control did.",
    ),
    "affordance": (
        draw_affordance,
        "Human time that an amount of energy pays for, by what an hour of a person is"
        " charged with (bands: 95 % of that constant). Dashed: more than a decade past"
        " what this study's runs spent, hypothetical. An arm's point lies above the"
        " line of its boundary where its people took more than it saved.",
    ),
    "bill": (
        draw_bill,
        "The ledger in joules, by line. The panels have scales of their own. Bars with"
        " // are shortened: their shares are right, their sum is written. Validation"
        " labels are the same set for every arm. A line that is unavailable is not"
        " drawn.",
    ),
}

DIAL_CAPTION = (
    f"{RHO} along a dial of the crowd, with 95 % bootstrap intervals. A vertical line"
    " is where an arm breaks even; the bar on the level of 1 holds the values at which"
    " saving and loss cannot be told apart. Dashed: arms that ask nobody."
)

DECISION_FIGURES: Mapping[
    str, tuple[Callable[[Verdict, StudyResult], Figure | None], str]
] = {
    "acceptability": (
        lambda verdict, _: draw_acceptability(verdict.decision),
        "Probability that people pay in money: the share of resamples of the runs, each"
        " in a world drawn from the intervals of prices and constants, in which the"
        " arm's whole bill is below the control's. Grey: more than a decade dearer than"
        " the training that was run, hypothetical; the lower panels are at the scale at"
        " which the first arm breaks even.",
    ),
    "frontier": (
        lambda verdict, _: draw_frontier(verdict.decision),
        "Every condition per success. Filled: no other condition is as good in"
        " accuracy, joules, human hours, money and carbon at once and better in one, in"
        " more than half of the resamples. Conditions that nobody finished are left"
        " out.",
    ),
    "contour": (
        lambda verdict, _: draw_contour(verdict.decision),
        "How many times as dear training would have to be for people to pay back in"
        " money, over wage and tariff: lines of equal M*.",
    ),
    "waterfall": (
        lambda verdict, _: draw_waterfall(verdict.decision),
        "From the control's bill to the arm's, per success, with training as dear as it"
        " would have to be. Hatched: saved.",
    ),
    "sensitivity": (
        lambda verdict, _: draw_sensitivity(verdict.sensitivity),
        "Above, the share of the net benefit's variance that an input makes (Shapley"
        " effects, which sum to 1), with 95 % intervals. Below, the expected value of"
        " knowing it exactly before choosing between the arms and nothing (EVPPI), with"
        " two standard errors. Prices and constants vary within their intervals,"
        " parameters of the crowd between the settings that were run.",
    ),
    "timeline": (
        lambda verdict, result: draw_timeline(_leader(verdict), result),
        "The crew of an average run: shifts and breaks are the study's, questions are"
        " dealt evenly and answers take the arm's mean time. Dotted: a round closes.",
    ),
}


def _leader(verdict: Verdict) -> Finding | None:
    leader = verdict.decision.leader
    return None if leader is None else leader.finding


def methods(result: StudyResult) -> tuple[str, ...]:
    """Say how the numbers were found, for a reader who wants to check them.

    Args:
        result: of `hitl_sim.analysis.analyse`.
    """
    spread = [
        finding.variance_saved_frac
        for task in result.tasks
        for finding in task.findings
        if finding.variance_saved_frac is not None
    ]
    paired = (
        f" Pairing saved between {percent(min(spread))} and {percent(max(spread))} of"
        f" the variance of log {RHO}."
        if spread
        else ""
    )
    horizons = "; ".join(
        f"{task.task}: {task.horizon_steps} steps and {task.horizon_j:.3g} J"
        for task in result.tasks
    )
    return (
        f"Target. Each replicate's target is {percent(result.fraction)} of the best"
        f" validation accuracy, smoothed by a trailing mean over {result.smoothing}"
        " checkpoints, that a pilot run reached within the cap. The pilot is the"
        " control's program with an initialisation of its own on the same split and"
        " takes part in no comparison, so control and A/A copy are exchangeable. A run"
        " stops at the first checkpoint at which its smoothed curve is at the target."
        " The test set only observes.",
        "Censoring. A run that never reaches is billed to the cap and stays in:"
        " expected joules per success are the joules of all runs over the number"
        " that reached. A run that did not stay finite counts as never reaching."
        f" Restricted means hold every arm to one horizon ({horizons}).",
        f"Chance. Intervals of {RHO}, joules and M* are 95 % expanded-percentile"
        f" intervals of a bootstrap with {NUM_RESAMPLES:,} resamples of replicates, arm"
        " and control drawn together; on the log scale they are the same. Where a run"
        " of either failed to reach, each resample also draws both chances to reach,"
        " from Jeffreys's posterior. With no success at all the lower end rests on"
        " Wilson's bound for that chance. Where no run of either failed, intervals make"
        " no allowance for a failure unseen; how often runs reach has an interval of"
        " its own."
        f"{paired} Each replicate redraws split, initialisation and crowd.",
        "Constants. What constants of device, people and prices leave open is a second"
        " interval, never mixed with chance: each constant is moved to its ends alone"
        " and constants are combined in quadrature. A constant that arm and control"
        f" share cancels in {RHO}.",
        "Bill. Joules are counts of work times the device profile's cost of one unit,"
        " as if each run ran by itself; protocol and instrument stand apart. M* divides"
        " what people, the waiting device and labels take beyond the control's by the"
        " training saved, both per success and with their facility overhead. Validation"
        " labels are one set for all arms and cancel.",
        "Decision. The net benefit is the control's bill less the arm's, per success."
        " Bills are linear in prices, so records are re-priced in"
        f" {NUM_RESAMPLES:,} worlds without retraining; prices and constants are drawn"
        " as two half normals that meet at their value, on the log scale, with 95 %"
        " between their ends. The probability that people pay counts resamples, each in"
        " a world of its own. A break-even is solved between neighbouring settings; its"
        " 95 % set holds the values at which the share of resamples that pay is within"
        " the tails of the expanded-percentile interval, at the study's constants."
        " Joules per human hour have Fieller's set over pseudo-values of the runs."
        " Variances are split over replicates and worlds, and over inputs by Shapley"
        " effects. An expected value of partial perfect information is what the best"
        " policy that sees one input gains in worlds that it was not found in; its"
        " standard error is over worlds and replicates. Parameters of the crowd enter"
        " by a line and a bend, where these can be told from Monte-Carlo error.",
        f"No p-values: an effect is called one when its whole interval is beyond 1 by"
        f" the smallest effect of interest, {percent(result.smallest_effect)}, which"
        " was set beforehand.",
    )
