"""From a crowd's table to who answers, and the numbers that these people go by."""

from collections.abc import Mapping

from hitl_sim.learn.annotator import BUILT_IN, AnnotatorConfig
from hitl_sim.part import Part, PartError, find
from hitl_sim.study.spec import CrowdSpec, SpecError


def annotator_of(
    crowd: CrowdSpec, foreign: Mapping[str, Part] | None = None
) -> tuple[AnnotatorConfig | None, dict[str, float]]:
    """Look the annotator of a crowd up.

    Args:
        crowd: names it.
        foreign: parts that the study brings, by the names it gave them.

    Returns:
        The annotator, None where it is the built-in one, and its params by name.

    Raises:
        SpecError: there is none of that name, or it has no such option or param.
    """
    if crowd.annotator == BUILT_IN and not crowd.options and not crowd.params:
        return None, {}
    try:
        part = find("annotator", crowd.annotator, foreign)
        given = dict(crowd.options)
        # an annotator that asks for the kind of question is told it by the arm
        if "feedback" in part.options:
            given.setdefault("feedback", "label")
        part.with_options(given)
        params = part.with_params(crowd.params)
    except PartError as error:
        raise SpecError(f"[crowd] {error}") from error
    return AnnotatorConfig(part, crowd.options), params
