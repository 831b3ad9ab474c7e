import pytest

from hitl_sim.table.alike import labels_in, several_labels


@pytest.mark.parametrize("text", ["a|b", "['a', 'b']", "a, b", "a + b", "a b", "{a;b}"])
def test_labels_are_told_apart_by_any_sign(text):
    assert labels_in(text) == ["a", "b"]


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
