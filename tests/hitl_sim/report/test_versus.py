import io

from rich.console import Console

from hitl_sim.analysis.versus import compare_studies
from hitl_sim.report.versus import print_comparison


def printed(one, other):
    text = io.StringIO()
    found = compare_studies(one, other)
    print_comparison(Console(file=text, width=160), found, "results/a", "results/[b]")
    return text.getvalue()


def test_shared_conditions_are_printed_with_both_rho(synthetic, analysed):
    arms = [synthetic.relevance(0.5)]
    text = printed(analysed(arms, sd=0.02), analysed(arms, sd=0.02, num_replicates=8))
    assert "replicates" in text
    assert "digits: relevance, typical" in text
    assert "results/[b]" in text
    assert "of 1 shared conditions can be told apart" in text


def test_equal_studies_say_so(analysed):
    assert "Both studies set the same" in printed(analysed(), analysed())


def test_studies_without_a_condition_in_common_say_so(synthetic, analysed):
    text = printed(analysed([synthetic.Arm("x")]), analysed([synthetic.Arm("y")]))
    assert "No condition is in both studies" in text
    assert "Only in results/a: digits: x." in text
