import dataclasses

import matplotlib as mpl
import numpy as np
import pytest
from rich.console import Console

from hitl_sim.report.crowd_summary import PRACTICE_ENDS, TEAM_SIZES, summarise_crowd
from hitl_sim.report.figure.crowd import check_figure, draw_crowd, write_figure
from hitl_sim.report.figure.style import styled, to_svg
from hitl_sim.report.terminal.people import print_crowd, print_crowd_summary

MINE = """
[night]
summary = "Our own [bold] crowd."
based_on = "typical"
accuracy.label = { value = 0.6, status = "assumed", source = "a guess of ours" }
"""


@pytest.fixture(scope="module")
def typical():
    return summarise_crowd("typical", "label", 10, seed=1)


@pytest.fixture(scope="module")
def figure(typical):
    with styled():
        return draw_crowd(typical)


def printed(show, *args):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    show(console, *args)
    return console.export_text()


def test_people_are_as_right_as_their_population_says(typical):
    values = typical.accuracy
    # People share the errors of 300 items, which adds to the error of the mean.
    shared = np.sqrt(0.84 * 0.16 / 300 * 0.3)
    error = np.hypot(values.std() / np.sqrt(values.size), shared)
    assert abs(values.mean() - 0.84) < 4 * error


def test_redundancy_buys_less_than_if_people_were_independent(typical):
    assert len(typical.one_coin) == len(TEAM_SIZES)
    assert typical.redundancy["majority"][-1] < typical.one_coin[-1] - 0.03
    assert typical.one_coin[0] == pytest.approx(typical.accuracy.mean(), abs=0.03)


def test_people_speed_up_and_repeat_what_is_right(typical):
    assert len(typical.practice) == len(PRACTICE_ENDS)
    assert typical.practice[0] > 1.5 * typical.practice[-1]
    assert typical.again.same_if_right > typical.again.same_if_wrong


def test_the_same_seed_asks_the_same_crowd(typical):
    again = summarise_crowd("typical", "label", 10, seed=1)
    np.testing.assert_array_equal(again.seconds, typical.seconds)


def test_unsure_is_left_open_and_not_wrong():
    judged = summarise_crowd("typical", "relevance")
    assert 0.02 < judged.unanswered < 0.12
    assert judged.num_options == 2


def test_a_kind_without_right_answers_is_refused():
    with pytest.raises(ValueError, match="one of 'label', 'relevance', got 'marks'"):
        summarise_crowd("typical", "marks")


def test_every_panel_says_what_its_axes_are(figure):
    assert len(figure.axes) == 6
    for axes in figure.axes:
        assert axes.get_title(loc="left")
        assert axes.get_xlabel()
    texts = " ".join(t.get_text() for t in figure.findobj(mpl.text.Text))
    assert "typical: label, 10 classes, simulated" in texts
    assert "majority, independent" in texts


def test_the_times_are_on_a_log_axis(figure):
    assert figure.axes[1].get_xscale() == "log"


def test_bars_carry_the_shares(figure, typical):
    texts = [t.get_text() for t in figure.axes[4].texts]
    looks = typical.again
    assert texts == [f"{looks.same_if_right:.2f}", f"{looks.same_if_wrong:.2f}"]


def test_what_cannot_be_counted_is_called_none(typical):
    again = typical.again._replace(same_if_wrong=float("nan"))
    with styled():
        drawn = draw_crowd(dataclasses.replace(typical, again=again))
    assert drawn.axes[4].texts[1].get_text() == "none"


def test_a_figure_is_the_same_bytes_every_time(typical, figure):
    with styled():
        other = draw_crowd(typical)
    assert to_svg(other, "crowd") == to_svg(figure, "crowd")


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<svg")])
def test_a_figure_is_written_as_its_ending_says(typical, tmp_path, name, start):
    check_figure(tmp_path / name)
    write_figure(typical, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_figure_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .png or .svg, got .*a.pdf"):
        check_figure(tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="must be in a folder that exists"):
        check_figure(tmp_path / "gone" / "a.png")


def test_the_portrait_is_printed_with_its_seed(typical):
    text = printed(print_crowd_summary, typical)
    assert "simulated with seed 1" in text
    assert "Dawid-Skene of 1, 3, 5, 10" in text


JOINT = """
[night.joint.label]
options = ["no", "yes"]
class_share = [0.5, 0.5]
confusion = [[0.0, 0.1], [0.0, 0.1]]
traits = ["skill", "pace"]
correlation = [[1.0, -0.4], [-0.4, 1.0]]
[[night.joint.label.behaviour]]
name = "always 'no'"
weight = 0.05
centre = [0.0, 0.1]
spread = [0.0, 1.0]
"""
RESAMPLED = """
[night_resampled]
summary = "The same, around groups."
based_on = "night"
[night_resampled.joint.label]
people = [[0.5, 0.9, -0.1], [0.5, -0.9, 0.1]]
noise = [[0.2, 0.0], [0.0, 0.9]]
"""


def test_a_file_is_printed_like_a_named_population_and_a_longer_one_listed(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    text = printed(print_crowd, str(path))
    assert "night: Our own [bold] crowd." in text
    assert "a guess of ours" in text
    path.write_text(MINE + MINE.replace("night", "day"))
    text = printed(print_crowd, str(path))
    assert "night" in text
    assert "day" in text
    assert "a guess of ours" in printed(print_crowd, f"{path}:day")


def test_how_traits_go_together_is_told_in_words(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE + JOINT)
    text = printed(print_crowd, str(path))
    assert "Of label, people are drawn by a normal law: skill, pace." in text
    assert "What goes together most: skill and pace -0.40." in text
    assert "5.0% of people do one thing: always 'no'." in text
    again = path.read_text() + RESAMPLED
    path.write_text(again)
    text = printed(print_crowd, f"{path}:night_resampled")
    assert "around 2 groups of fitted people" in text
