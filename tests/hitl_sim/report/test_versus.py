import dataclasses
import io
import re

from rich.console import Console

from hitl_sim.analysis.condition.versus import compare_studies
from hitl_sim.report.terminal.studies import print_comparison


def of_seed(result, seed):
    return dataclasses.replace(result, study={**result.study, "seed": seed})


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


def test_pairing_and_what_it_saved_are_told(synthetic, analysed):
    one, other = (
        of_seed(analysed([synthetic.Arm("x", ratio=r)], sd=0.2), 7) for r in (0.5, 0.6)
    )
    text = printed(one, other)
    assert "12 replicates are compared pair by pair, in 1 of 1 conditions" in text
    # the two studies draw the same numbers, so that hardly a variance is left
    (saved,) = re.findall(r"Pairing saved (\d+) % of the variance", text)
    assert 90 <= int(saved) <= 100


def test_studies_of_different_seeds_are_told_to_be_independent(synthetic, analysed):
    one = analysed([synthetic.Arm("x")])
    text = printed(of_seed(one, 1), of_seed(one, 2))
    assert "do not share a seed: their runs count as independent" in text
    assert "pair by pair" not in text


def test_too_few_shared_replicates_are_told(synthetic, analysed):
    one = of_seed(analysed([synthetic.Arm("x")], num_replicates=5), 7)
    assert "share fewer than 6 replicates" in printed(one, one)
