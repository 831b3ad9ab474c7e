import io

from rich.console import Console

from hitl_sim.energy.clock import Answer, BoardClocks
from hitl_sim.report.clock import print_clocks


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
    text = printed((board,))
    assert "1410 MHz" in text
    assert "400 W" in text
    assert "the driver says: Not Supported" in text
    assert "Nothing was set." in text


def test_without_a_board_the_reason_is_printed():
    assert "No clock can be read here: no driver." in printed((), "no driver")
