import dataclasses
import functools
import itertools
import math

import numpy as np
import pytest

from hitl_sim.analysis.condition.surface import axis_words, find_surfaces

ACCURACY, SHARED = (0.6, 0.75, 0.9), (0.0, 0.3, 0.6)


def planted(accuracy, shared):
    return math.exp(2.0 * (0.75 - accuracy) + 0.5 * shared)


@pytest.fixture(scope="module")
def study(synthetic, analysed):
    """Return a function that makes a study of one arm over two or more axes."""

    @functools.cache
    def make(accuracy=ACCURACY, shared=SHARED, lost=(), crowds=("typical",), **changes):
        arms = []
        for crowd, a, s in itertools.product(crowds, accuracy, shared):
            settings = {"crowd.accuracy": a, "crowd.shared_error": s}
            steps = (9e9,) * 12 if (a, s) in lost else None
            own = {"settings": settings, "choose": 0, "steps": steps}
            arms.append(synthetic.relevance(planted(a, s), crowd, **own))
        return analysed(arms, **{"sd": 0.05, **changes})

    return make


def test_an_arm_swept_over_two_numbers_has_a_surface(study):
    (found,) = find_surfaces(study())
    assert found.axes == ("crowd.accuracy", "crowd.shared_error")
    assert found.words[0] == "accuracy of an answer"
    assert (found.task, found.label) == ("digits", "relevance, typical")
    assert found.is_reference
    assert len(found.cells) == 9
    assert found.values == (ACCURACY, SHARED)
    assert found.middle == (0.75, 0.3)
    # along accuracy at no shared error, rho is 1 at .75
    line = found.surface.along(0, (math.nan, 0.0))
    assert line.region[0][0] < 0.75 < line.region[0][1]
    assert line.roots == pytest.approx((0.75,), abs=0.06)


def test_each_crowd_has_a_surface_of_its_own(study):
    found = find_surfaces(study(crowds=("typical", "perfect")))
    told = {one.label: one.is_reference for one in found}
    assert told == {"relevance, typical": True, "relevance, perfect": False}


def test_an_arm_swept_over_one_number_has_none(study):
    assert find_surfaces(study(shared=(0.0,))) == ()


def test_two_by_two_cells_are_refused_with_what_is_needed(study):
    (found,) = find_surfaces(study((0.6, 0.9), (0.0, 0.6)))
    assert found.surface is None
    assert found.reason == (
        "4 of its 4 cells have a known finite ratio; it needs 6, with two values of"
        " every axis"
    )


def test_cells_that_nobody_reached_are_kept_and_counted(study):
    (found,) = find_surfaces(study(lost=((0.6, 0.6),)))
    assert found.num_lost == 1
    assert len(found.cells) == 9
    assert found.surface.num_cells == 8
    (lost,) = [cell for cell in found.cells if not cell.is_fitted]
    assert lost.values == (0.6, 0.6)


def test_too_few_replicates_are_refused(study):
    (found,) = find_surfaces(study(num_replicates=5))
    assert found.reason == "its cells share 5 replicates; it needs 6"


def test_corruption_of_the_task_is_an_axis_across_controls(study):
    parts = []
    for corrupt in (0.0, 0.2, 0.4):
        result = study(shared=(0.0,), seed=int(10 * corrupt))
        (task,) = result.tasks
        settings = {"task.corrupt": corrupt}
        # all of its runs take longer: only beside another control would that matter
        control, *arms = (
            dataclasses.replace(
                found,
                settings={**found.settings, **settings},
                cost_sample=found.cost_sample.times(1.0 + 10.0 * corrupt),
            )
            for found in (task.control, *task.findings)
        )
        parts.append(dataclasses.replace(task, control=control, findings=tuple(arms)))
    (found,) = find_surfaces(dataclasses.replace(result, tasks=tuple(parts)))
    assert found.axes == ("crowd.accuracy", "task.corrupt")
    assert found.words[1] == "corrupt"
    assert found.label == "relevance, typical, shared error 0"
    # each cell stands beside the control of its own corruption
    for cell in found.cells:
        band = found.surface.at([cell.values])
        assert band.low[0] < math.log(cell.finding.ratio.value) < band.high[0]


def test_more_than_four_axes_are_refused(study):
    result = study(sd=0.05)
    (task,) = result.tasks
    arms = []
    for number, finding in enumerate(task.findings):
        bits = {f"task.x{k}": number >> k & 1 for k in range(3)}
        settings = {**finding.settings, **bits}
        arms.append(dataclasses.replace(finding, settings=settings))
    task = dataclasses.replace(task, findings=tuple(arms))
    (found,) = find_surfaces(dataclasses.replace(result, tasks=(task,)))
    assert found.reason == "5 axes are more than the 4 that it may have"


def test_cells_are_drawn_together(study):
    (found,) = find_surfaces(study())
    # all cells stand beside one control, so that its noise does not average out:
    # the middle of the surface is told no better than by sqrt of half the variance
    alone = [cell.finding.ratio for cell in found.cells]
    halves = [math.log(ratio.high / ratio.low) / 2 / 1.96 for ratio in alone]
    level = found.surface.form.terms.index((0, 0))
    assert found.surface.errors[level] > 0.4 * np.mean(halves)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("crowd.repeatability", "repeatability: one person asked twice"),
        ("task.corrupt_frac", "corrupt frac"),
        ("crowd.people", "people"),
    ],
)
def test_axes_are_named_in_words(field, words):
    assert axis_words(field) == words
