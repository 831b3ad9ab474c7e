"""A paragraph and a citation to paste into a paper."""

from __future__ import annotations

from hitl_sim import __version__
from hitl_sim.analysis import StudyResult
from hitl_sim.analysis.interval import NUM_RESAMPLES
from hitl_sim.report.number import RHO, percent


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
