import pytest

from hitl_sim.text_value import (
    is_missing,
    is_number,
    look_alikes,
    plain_number,
    several_labels,
)


@pytest.mark.parametrize("text", ["", " ", "NA", "N/A", "NaN", "null", "None", "<NA>"])
def test_usual_marks_are_no_value(text):
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "no", "none of these", "Nan Goldin", "-"])
def test_what_is_written_is_a_value(text):
    assert not is_missing(text)


@pytest.mark.parametrize(
    ("texts", "plain"),
    [
        (["0", "0.0", "-0", "+0", ".0", "0.", "0e0", " 0 "], "0"),
        (["100", "1e2", "100.00", "1E+2"], "100"),
        (["1.5", "1.50", "+1.5", "15e-1"], "1.5"),
        (["-2", "-2.0"], "-2"),
    ],
)
def test_a_number_is_written_in_one_way(texts, plain):
    assert {plain_number(text) for text in texts} == {plain}


@pytest.mark.parametrize(
    "text",
    [
        *("007", "1,5", "1_000", "yes", "", ".", "e5", "+", "nan", "inf", "1.2.3"),
        *("0x1", "12345678901234567890", "0.12345678901234567"),
    ],
)
def test_what_is_no_number_stays_as_it_is(text):
    assert plain_number(text) == text


def test_numbers_are_told_from_texts():
    assert [is_number(t) for t in ("1.5", "-2e3", "nan", "inf", "?", "")] == [
        *(True, True),
        *(False,) * 4,
    ]


def test_names_that_look_alike_are_grouped():
    # \u00e9 is one letter, e\u0301 a letter and its accent
    names = ["Yes", "yes", "caf\u00e9", "cafe\u0301", "no", "two  words", "two words"]
    assert look_alikes(names) == [
        ("Yes", "yes"),
        ("cafe\u0301", "caf\u00e9"),
        ("two  words", "two words"),
    ]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["low", "high|old"], ("high|old", "|")),
        (["cat; dog", "cat"], ("cat; dog", ";")),
        (["sports", "leisure", "sports, leisure"], ("sports, leisure", ",")),
        (["a,b", "b,c", "a,c"], ("a,b", ",")),
        (["red", "blue", "red/blue"], ("red/blue", "/")),
    ],
)
def test_several_labels_in_one_cell_are_seen(names, found):
    assert several_labels(names) == found


@pytest.mark.parametrize(
    "names",
    [
        ["sports, leisure", "politics"],
        ["C", "C++"],
        ["R&D", "sales"],
        ["n/a b", "n"],
        ["|", "a|"],
    ],
)
def test_one_name_with_a_sign_in_it_is_one_label(names):
    assert several_labels(names) is None
