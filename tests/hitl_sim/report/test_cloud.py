import numpy as np
import pytest

from hitl_sim.report.figure.quality import draw_quality
from hitl_sim.report.figure.style import styled

NUM = 30


@pytest.fixture(scope="module")
def drawn(synthetic, analysed):
    """Return a task whose crowds were drawn, too many to be named."""
    arms = [
        synthetic.relevance(0.5 + 0.03 * i, settings={"crowd.shared_error": i / NUM})
        for i in range(NUM)
    ]
    return analysed(arms).tasks[0]


@pytest.fixture(scope="module")
def figure(drawn):
    with styled():
        return draw_quality(drawn)


def test_every_crowd_is_a_point_where_its_rho_is(drawn, figure):
    panel = next(a for a in figure.axes if a.get_title("left") == "relevance")
    points = np.concatenate([c.get_offsets() for c in panel.collections[1:]])
    inside = {f.ratio.value for f in drawn.findings if f.ratio.value < 1.0}
    assert len(points) == NUM
    assert inside <= set(points[:, 1].tolist())


def test_intervals_stand_behind_the_points(drawn, figure):
    panel = next(a for a in figure.axes if a.get_title("left") == "relevance")
    lows = {float(line[0, 1]) for line in panel.collections[0].get_segments()}
    assert lows == {float(f.ratio.low) for f in drawn.findings}


def test_colour_tells_the_parameter_that_varies(drawn, figure):
    bar = next(a for a in figure.axes if a.get_ylabel() == "shared error")
    shown = {f.parameters["shared_error"] for f in drawn.findings}
    assert bar.get_ylim() == pytest.approx((min(shown), max(shown)))


def test_no_crowd_is_named_in_a_legend(figure):
    assert figure.legends == []
