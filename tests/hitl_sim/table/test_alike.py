import pytest

from hitl_sim.table.alike import find_alike


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (("Dog", "dog"), "case"),
        (("caf\u00e9", "cafe\u0301"), "Unicode form"),
        (("black  dog", "black dog"), "blanks"),
        (("a|b", "b|a"), "labels"),
        (("a;b", "a|b"), "labels"),
        (("a + b", "b + A"), "labels"),
        (("a + b", "b|a"), "labels"),
        (("['a', 'b']", '["b", "a"]'), "labels"),
        (("red green", "green red"), "labels"),
        (("01", "1"), "number"),
    ],
)
def test_texts_that_people_take_for_one_are_told(texts, what):
    ((said, group),) = find_alike([*texts, "other"], True)
    assert what in said
    assert group == texts


def test_grades_and_names_that_only_hold_a_sign_are_not_alike():
    assert find_alike(["A", "A+", "C", "C++", "a|c"], True) == []
    assert find_alike(["x|y", "y|x"], False) == []


def test_each_group_says_the_least_in_which_it_differs():
    # \u00e9 is one letter, e\u0301 a letter and its accent
    names = ["Yes", "yes", "caf\u00e9", "cafe\u0301", "no", "two  words", "two words"]
    assert find_alike(names, is_option=True) == [
        ("Unicode form", ("caf\u00e9", "cafe\u0301")),
        ("case", ("Yes", "yes")),
        ("blanks", ("two  words", "two words")),
    ]


def test_long_ids_that_differ_in_their_last_digit_are_not_alike():
    ids = ["1234567890123456789", "1234567890123456788", "01234567890123456788"]
    ((_, group),) = find_alike(ids, is_option=False)
    assert group == tuple(ids[1:])


def test_digits_of_another_width_are_alike_among_people_and_items_too():
    assert find_alike(["\uff11", "1", "2"], is_option=False) == [
        ("Unicode form", ("\uff11", "1"))
    ]
