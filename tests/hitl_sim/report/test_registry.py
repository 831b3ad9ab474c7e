import pytest

from hitl_sim.report.figure.registry import draw, figure_parts


@pytest.mark.parametrize("name", figure_parts())
def test_every_figure_that_applies_is_drawn_by_its_name(name, swept, verdict, mapped):
    # of a single number no surface is drawn
    study = mapped if name == "surface" else swept
    figure = draw(name, study, (verdict,))
    assert figure is not None
    assert figure.axes


def test_a_figure_that_does_not_apply_draws_nothing(crowded, weighed):
    assert draw("parameter", crowded, weighed) is None
    assert draw("timeline", crowded, weighed) is None
    assert draw("surface", crowded, weighed) is None


def test_an_unknown_figure_is_refused_with_the_names_that_are_known(crowded, weighed):
    with pytest.raises(ValueError, match="`name` must be one of 'curves'"):
        draw("mood", crowded, weighed)
