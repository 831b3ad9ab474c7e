"""From a study to who answers its crowd's questions, and the numbers they go by."""

from hitl_sim.learn.annotator import BUILT_IN, AnnotatorConfig
from hitl_sim.part import PartError, find
from hitl_sim.study.parts import foreign_parts
from hitl_sim.study.spec import SpecError, StudySpec
from oracles.part import Part


def annotator_of(spec: StudySpec) -> tuple[AnnotatorConfig | None, dict[str, float]]:
    """Look the annotator of a study's crowd up.

    Args:
        spec: names it in its table `crowd`; an annotator of its own is loaded.

    Returns:
        The annotator, None where it is the built-in one, and its params by name.

    Raises:
        SpecError: there is none of that name, or it has no such option or param.
    """
    crowd = spec.crowd
    if crowd.annotator == BUILT_IN and not crowd.options and not crowd.params:
        return None, {}
    try:
        part = find("annotator", crowd.annotator, _brought(spec))
        given = dict(crowd.options)
        # an annotator that asks for the kind of question is told it by the arm
        if "feedback" in part.options:
            given.setdefault("feedback", "label")
        part.with_options(given)
        params = part.with_params(crowd.params)
    except PartError as error:
        raise SpecError(f"[crowd] {error}") from error
    return AnnotatorConfig(part, crowd.options), params


_loaded: dict[str, Part] = {}
"""Annotators of studies that this process has loaded, by source and identity."""


def _brought(spec: StudySpec) -> dict[str, Part]:
    """Load the annotator that a study brings, once in this process."""
    name = spec.crowd.annotator
    if name not in spec.part:
        return {}
    key = repr(spec.part[name])
    if key not in _loaded:
        _loaded[key] = foreign_parts(spec)[name]
    return {name: _loaded[key]}
