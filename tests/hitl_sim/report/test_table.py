import io

from rich.console import Console

from hitl_sim.report.table import Table, to_grid, to_markdown

FOUND = Table(("what", "how much"), [("a [b]", "1"), ("c", "2")], "of it", ("", "x"))


def test_a_table_in_markdown_has_a_line_per_row():
    assert to_markdown(FOUND) == [
        "| what | how much |",
        "| --- | --- |",
        "| a [b] | 1 |",
        "| c | 2 |",
    ]


def test_what_looks_like_markup_is_printed_as_it_is():
    console = Console(file=io.StringIO(), width=60)
    console.print(to_grid(FOUND))
    text = console.file.getvalue()
    assert "a [b]" in text
    assert "of it" in text


def test_each_row_knows_what_it_is():
    assert [name for _, name in FOUND.marked()] == ["", "x"]
