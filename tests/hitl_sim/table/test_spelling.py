"""One number or truth value has one spelling, and a code keeps its own."""

import pytest

from hitl_sim.table.spelling import canonical, identities, is_number, whole_numbers


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("0.0", "0"),
        ("-0.0", "0"),
        ("1e0", "1"),
        ("+2.50", "2.5"),
        (".5", "0.5"),
        ("1E2", "100"),
        ("007", "007"),
        ("0x10", "0x10"),
        ("12345678901234567890", "12345678901234567890"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("cat", "cat"),
    ],
)
def test_a_number_has_one_spelling(text, short):
    assert canonical(text) == short


@pytest.mark.parametrize(
    ("texts", "plain"),
    [
        (["0", "0.0", "-0", "-0.0", "+0", ".0", "0.", "0e0", "0e3", " 0 "], "0"),
        (["100", "1e2", "100.00", "1E+2"], "100"),
        (["1.5", "1.50", "+1.5", "15e-1"], "1.5"),
        (["-2", "-2.0"], "-2"),
    ],
)
def test_a_number_is_written_in_one_way(texts, plain):
    assert {canonical(text) for text in texts} == {plain}


@pytest.mark.parametrize(
    "text",
    [
        *("007", "1,5", "1_000", "yes", "", ".", "e5", "+", "nan", "inf", "1.2.3"),
        *("0x1", "1e999", "12345678901234567890", "0.12345678901234567"),
    ],
)
def test_what_is_no_number_stays_as_it_is(text):
    assert canonical(text) == text


def test_numbers_are_told_from_texts():
    assert all(map(is_number, ("1.5", "-2e3", " 1 ", "+.5", "007")))
    assert not any(map(is_number, ("nan", "inf", "1e999", "1_000", "1,5", "?", "")))


@pytest.mark.parametrize("digits", [29, 32, 40])
def test_long_ids_that_differ_in_their_last_digit_stay_two(digits):
    codes = {"7" * (digits - 1) + last for last in "123"}
    assert {canonical(code) for code in codes} == codes
    assert set(identities(codes).values()) == codes
    joined = [f"{code}.0" for code in codes]
    assert set(whole_numbers(joined).values()) == codes


def test_truth_values_and_one_and_zero_are_one_where_nothing_else_is():
    found = identities(["1", "TRUE", "true", "0.0", "False"])
    assert set(found.values()) == {"true", "false"}
    assert identities(["1", "true", "2"]) == {"1": "1", "true": "true", "2": "2"}
