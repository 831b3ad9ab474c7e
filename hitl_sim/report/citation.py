"""How a study was analysed, and a paragraph and a citation to paste into a paper."""

from __future__ import annotations

from hitl_sim import __version__
from hitl_sim.analysis import StudyResult
from hitl_sim.analysis.interval import NUM_RESAMPLES
from hitl_sim.report.number import RHO, percent


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


def methods_paragraph(result: StudyResult) -> str:
    """Write the methods of a study as one paragraph.

    Args:
        result: of `hitl_sim.analysis.analyse`.
    """
    study = result.study
    training = study.get("training", {})
    given = ", ".join(
        f"{name} {value}" for name, value in training.items() if value is not None
    )
    trained = f" Networks were trained with {given}." if given else ""
    people = _annotators(result)
    tasks = ", ".join(dict.fromkeys(task.task for task in result.tasks))
    num = max(len(task.replicates) for task in result.tasks)
    prices = result.prices
    joules = "measured" if result.is_measured else "modelled"
    return (
        "We compared training with and without human guidance in hitl_sim"
        f" {__version__} on {tasks}, with {num} replicates that each redraw split,"
        f" initialisation and crowd.{people}{trained} The target of a replicate was"
        f" {percent(result.fraction)} of the best validation accuracy, smoothed over"
        f" {result.smoothing} checkpoints, that a pilot run of the control reached;"
        " every arm trained until it was there, and runs that never were stayed in,"
        " billed to the cap. The device's joules were"
        f" {joules} with the profile {result.profile.label}; {RHO} is expected joules"
        " per success of an arm over the control's. An hour of a person was charged as"
        f" {prices.boundary.replace('_', ' ')}, and the pool's labels were"
        f" {prices.label_standing.replace('_', ' ')}. Intervals are 95 % expanded-"
        f"percentile intervals of {NUM_RESAMPLES:,} paired bootstrap resamples; joules"
        " saved per human hour have Fieller's set. The smallest effect of interest was"
        f" {percent(result.smallest_effect)}, set beforehand; the bootstrap's seed was"
        f" {result.seed}."
    )


def _annotators(result: StudyResult) -> str:
    """Say who answered."""
    asked = [f for t in result.tasks for f in t.with_people if f.population]
    said = ""
    for is_replayed, words in (
        (False, "Annotators were simulated"),
        (True, "Recorded answers of people were replayed"),
    ):
        names = {str(f.population) for f in asked if bool(f.replay) == is_replayed}
        if names:
            said += f" {words} ({', '.join(sorted(names))})."
    return said or " Nobody was asked."


def bibtex() -> str:
    """Return the citation of this version."""
    return (
        "@software{hitl_sim,\n"
        "  title = {hitl\\_sim: what human guidance of training saves in energy, and"
        " what the people cost},\n"
        f"  version = {{{__version__}}},\n"
        "  license = {MIT}\n"
        "}"
    )
