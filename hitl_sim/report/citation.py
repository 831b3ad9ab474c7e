"""How a study was analysed, and a paragraph and a citation to paste into a paper."""

from hitl_sim import __version__
from hitl_sim.analysis.chance.interval import NUM_RESAMPLES
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.report.number import percent
from hitl_sim.report.sentence import say


def methods(result: StudyResult) -> tuple[str, ...]:
    """Say how the numbers were found, for a reader who wants to check them."""
    spread = [
        finding.variance_saved_frac
        for task in result.tasks
        for finding in task.findings
        if finding.variance_saved_frac is not None
    ]
    low, high = (percent(end(spread)) if spread else "" for end in (min, max))
    paired = say("method.paired", low=low, high=high) if spread else ""
    horizons = "; ".join(say("method.horizon", task=task) for task in result.tasks)
    fraction, smallest = percent(result.fraction), percent(result.smallest_effect)
    return (
        say("method.target", fraction=fraction, smoothing=result.smoothing),
        say("method.censoring", horizons=horizons),
        say("method.chance", resamples=NUM_RESAMPLES, paired=paired),
        say("method.constants"),
        say("method.bill"),
        say("method.decision", resamples=NUM_RESAMPLES),
        say("method.effect", smallest=smallest),
    )


def methods_paragraph(result: StudyResult) -> str:
    """Write the methods of a study as one paragraph."""
    study = result.study
    training = study.get("training", {})
    given = ", ".join(
        f"{name} {value}" for name, value in training.items() if value is not None
    )
    prices = result.prices
    return say(
        "method.paper",
        version=__version__,
        tasks=", ".join(dict.fromkeys(task.task for task in result.tasks)),
        replicates=max(len(task.replicates) for task in result.tasks),
        people=_annotators(result),
        trained=say("method.trained", given=given) if given else "",
        fraction=percent(result.fraction),
        smoothing=result.smoothing,
        joules="measured" if result.is_measured else "modelled",
        profile=result.profile.label,
        boundary=prices.boundary.replace("_", " "),
        labels=prices.label_cost.replace("_", " "),
        resamples=NUM_RESAMPLES,
        smallest=percent(result.smallest_effect),
        seed=result.seed,
    )


def _annotators(result: StudyResult) -> str:
    """Say who answered."""
    asked = [f for t in result.tasks for f in t.with_people if f.population]
    said = ""
    for is_replayed, words in ((False, "simulated"), (True, "replayed")):
        names = {str(f.population) for f in asked if bool(f.replay) == is_replayed}
        if names:
            said += say(f"method.{words}", names=", ".join(sorted(names)))
    return said or say("method.nobody")


def bibtex() -> str:
    """Return the citation of this version."""
    return say("cite.bibtex", version=__version__)
