"""What a terminal shows, as a page: paragraphs, lists, tables, and what is folded."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.terminal.answer import write_findings
from hitl_sim.report.terminal.markdown import MarkdownPage
from hitl_sim.report.terminal.show import print_indented
from hitl_sim.report.words import tell


def test_paragraphs_items_and_bold_ones_stay_apart():
    page = MarkdownPage(100)
    page.print(Text("Told.\nAt once.", style="bold"), width=100)
    page.print()
    print_indented(page, "E* is <first>.", 100)
    print_indented(page, "Second.", 100)
    page.print(Padding(Text("Below.", style="dim"), 0))
    assert page.markdown == (
        "**Told. At once.**\n\n- E\\* is &lt;first>.\n- Second.\n\nBelow."
    )


def test_a_table_keeps_its_cells_and_what_is_indented():
    page = MarkdownPage(100)
    rows = [("control", "1.00"), ("a|b", Text("0.5 [0.4, 0.6]", style="bold"))]
    page.print(to_grid(Table(("arm", "E*"), rows, "Found", ("", "crowd"))))
    assert page.markdown.splitlines() == [
        "**Found**",
        "",
        "| arm | E\\* |",
        "| --- | --- |",
        "| control | 1.00 |",
        "| &emsp;a\\|b | 0.5 [0.4, 0.6] |",
    ]


def test_nothing_is_shown(capsys):
    MarkdownPage(80).print("told")
    Console().print("seen")
    assert capsys.readouterr().out.strip() == "seen"


def test_findings_are_prose_and_tables_with_figures(crowded, weighed, tmp_path):
    words = tell(crowded, weighed)
    figures = {"curves": "Accuracy against joules."}
    write_findings(crowded, words, tmp_path, "hitl-sim x", weighed, figures)
    page = (tmp_path / "findings.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {crowded.question}\n\nWritten by `hitl-sim x`.")
    assert "![figure: curves](figures/curves.svg)\n\nAccuracy against joules." in page
    assert page.count("<details>") == page.count("</details>") == len(crowded.tasks)
    assert "```" not in page
    assert "─" not in page
    # every condition is there
    for finding in crowded.tasks[0].findings:
        assert f"{finding.ratio.value:#.3g}".rstrip(".") in page
