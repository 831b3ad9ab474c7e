"""Sources told once, though numbers made of several numbers name them over and over."""

from hitl_sim.report.source_list import list_sources


def test_a_part_is_told_once_and_named_in_every_formula():
    told = list_sources(["wage x hours", "hours", "watts x hours / wage"])
    assert told.parts == ("wage", "hours", "watts")
    assert told.formulas == ("s1 x s2", "s2", "s3 x s2 / s1")


def test_a_term_of_a_sum_is_named_once_on_each_side_of_a_quotient():
    told = list_sources(["a x b; c; a x b / c; c"])
    assert told.formulas == ("s1 x s2; s3 / s3",)


def test_formulas_keep_the_order_that_numbers_are_cited_in():
    assert list_sources(["b", "a", "b"]).formulas == ("s1", "s2", "s1")
