from hitl_sim.analysis.condition.growth import Scaling, fit_growth, hide_largest
from hitl_sim.report.number import RHO
from hitl_sim.report.study_table import (
    growth_note,
    inverted_table,
    setup_table,
    tell_growth,
)
from hitl_sim.report.words import bibtex, methods_paragraph


def test_all_that_was_set_is_listed_and_what_was_not_is_left_out(swept):
    rows = setup_table(swept).rows
    assert ("task digits", "pool", "1000") in rows
    assert ("workforce", "hours_per_day", "8") in rows
    assert ("arm relevance", "share", "0.5") in rows
    assert not any("None" in row for row in rows)


def test_the_methods_paragraph_names_what_decides_the_answer(swept):
    text = methods_paragraph(swept)
    for part in (
        "12 replicates",
        "typical",
        "workstation",
        "sunk",
        "modelled",
        swept.profile.label,
        "Fieller",
        "bootstrap's seed was 7",
    ):
        assert part in text
    assert "\n" not in text


def test_the_citation_is_of_this_version():
    assert bibtex().startswith("@software{hitl_sim,")
    assert "0.1.0" in bibtex()


def test_the_inverted_question_is_asked_of_the_published_runs():
    found = inverted_table("workstation")
    assert found.headings[1:] == (
        f"{RHO} required at GPT-3's energy",
        f"{RHO} required at BLOOM 176B's energy",
    )
    rows = {row[0]: row[1:] for row in found.rows}
    # 1e6 h at 100 W are 100 MWh of 1,287 and of 433
    assert rows["1,000,000 h"] == ("0.922", "0.769")
    assert rows["100 h"][0].startswith("1 - ")


def law(amounts, amount="steps", arm="control"):
    sizes = [100.0, 200.0, 400.0, 800.0, 1600.0]
    growth = fit_growth(sizes, amounts)
    ahead, hidden = growth.predict(16_000.0), hide_largest(growth)
    return Scaling(
        "planted", "items of the pool", "", arm, amount, growth, ahead, hidden
    )


def test_a_law_is_told_with_its_prediction_and_its_test():
    found = law([10.0, 14.2, 19.9, 28.3, 40.1])
    text = tell_growth(found)
    assert text.startswith("steps of control (planted) grow with items of the pool")
    assert "hypothetical, at 16,000" in text
    assert "largest size hidden: held" in text
    assert "1 of 1 predictions" in growth_note([found])


def test_a_law_that_bends_beyond_its_interval_is_told_as_missed():
    found = law([10.0, 14.2, 19.9, 28.3, 400.0])
    assert "missed" in tell_growth(found)
    assert "0 of 1 predictions" in growth_note([found])


def test_steps_and_operations_of_an_arm_are_one_test():
    held, missed = [10.0, 14.2, 19.9, 28.3, 40.1], [10.0, 14.2, 19.9, 28.3, 400.0]
    both = [law(held), law([3e4 * n for n in held], "operations")]
    assert "1 of 1 predictions" in growth_note(both)
    other = [law(held, arm="relevance"), law(missed, "operations", "relevance")]
    text = growth_note(both + other)
    assert "1 of 2 predictions" in text
    # Clopper and Pearson's interval of 1 in 2
    assert "1.26 % to 98.7 %" in text
