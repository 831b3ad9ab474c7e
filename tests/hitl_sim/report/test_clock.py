import io

from rich.console import Console

from hitl_sim.analysis.efficiency.claim import Agreement
from hitl_sim.energy.clock import (
    Answer,
    BoardClocks,
    is_fitted,
    published_figures,
)
from hitl_sim.report.terminal.clock import hold_figure, print_clocks, tell_check


def printed(*args):
    console = Console(file=io.StringIO(), width=120)
    print_clocks(console, *args)
    return console.file.getvalue()


def test_numbers_are_in_their_units_and_gaps_in_words():
    gap = Answer(None, "the driver says: Not Supported")
    board = BoardClocks(
        "host/gpu0",
        "Fake A100",
        Answer(1.41e9),
        gap,
        (1.41e9, 7e8),
        Answer(400.0),
        Answer(100.0),
        Answer(400.0),
        Answer(400.0),
    )
    text = printed((board,), "")
    assert "1410 MHz" in text
    assert "400 W" in text
    assert "the driver says: Not Supported" in text
    assert "Nothing was set." in text


def test_only_what_nothing_was_fitted_to_may_agree_as_published():
    for figure in published_figures():
        is_calibrated = hold_figure(figure) is Agreement.CALIBRATED
        assert is_calibrated == is_fitted(figure)
    # caps save more, and slow less, than a cube of the clock lets them
    figures = {figure.name: figure for figure in published_figures()}
    assert hold_figure(figures["cap_training"]) is Agreement.AGAINST
    assert "Constants were chosen from 1 of these" in tell_check()
    assert "Caps save less here than was found" in tell_check()


def test_without_a_board_the_reason_is_printed():
    assert "No clock can be read here: no driver." in printed((), "no driver")
