"""Machines answer as they are described; their errors are shared as they are said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from oracles.machine import answer_items, build_machine, copy_id
from oracles.machines import MACHINES, describe_machine, parse_machines

KEY, ITEMS = jax.random.key(20), 120_000
CONFUSION = [[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.0, 0.4, 0.6]]
Z = 4.5
"""Standard errors that a right share stays within: once in 1.5e5 draws it does not."""
TABLE = """
[judge]
summary = "A judge."
evidence = "calibrated"
source = "a pilot"
confusion = [[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.0, 0.4, 0.6]]
classes = ["a", "b", "c"]
shared_error = 0.6
repeatability = 0.9
confidence = 0.8
"""
_answer = jax.jit(answer_items, static_argnames=("copy", "occasion"))


def judge(**numbers):
    return parse_machines(TABLE, "judge.toml")["judge"].with_numbers(**numbers)


def ask(source, has_class=None, **which):
    truth = jnp.arange(ITEMS) % 3
    every = jnp.ones(ITEMS, bool) if has_class is None else has_class
    machine = build_machine(source, 3)
    said = _answer(KEY, machine, jnp.arange(ITEMS), truth, every, **which)
    return np.asarray(said.label), np.asarray(said.confidence), np.asarray(truth)


@pytest.mark.parametrize("shared", [0.0, 0.6, 0.9])
def test_answers_have_the_shares_of_the_confusion_whatever_is_shared(shared):
    label, _, truth = ask(judge(shared_error=shared))
    for right, row in enumerate(CONFUSION):
        seen = np.bincount(label[truth == right], minlength=3) / (ITEMS / 3)
        error = np.sqrt(np.array(row) * (1 - np.array(row)) / (ITEMS / 3))
        assert (np.abs(seen - row) <= Z * error + 1e-9).all()


def test_a_machine_that_repeats_itself_does_and_one_that_does_not_does_not():
    first, again = (
        ask(judge(repeatability=1.0), occasion=occasion)[0] for occasion in (0, 1)
    )
    np.testing.assert_array_equal(first, again)
    first, again = (ask(judge(), occasion=occasion)[0] for occasion in (0, 1))
    assert 0.8 < np.mean(first == again) < 0.99


def test_copies_agree_by_chance_alone_where_no_error_is_shared():
    one, other, truth = (
        *(ask(judge(shared_error=0.0), copy=copy)[0] for copy in (0, 1)),
        ask(judge())[2],
    )
    expected = np.mean(np.square(CONFUSION).sum(axis=1))
    error = np.sqrt(expected * (1 - expected) / ITEMS)
    assert abs(np.mean(one == other) - expected) < Z * error
    del truth


def test_copies_of_a_machine_whose_error_is_all_shared_say_the_same():
    one, other = (
        ask(judge(shared_error=1.0, repeatability=1.0), copy=copy)[0] for copy in (0, 1)
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("area", [0.5, 0.8])
def test_confidence_tells_right_from_wrong_as_well_as_is_said(area):
    label, confidence, truth = ask(judge(confidence=area))
    right, wrong = confidence[label == truth], confidence[label != truth]
    found = mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong))
    # standard error at an area of one half, which is the largest
    error = np.sqrt((len(right) + len(wrong)) / (12 * len(right) * len(wrong)))
    assert abs(found - area) < Z * error


def test_an_item_without_a_class_gets_what_the_machine_says_on_average():
    label, confidence, _ = ask(judge(), has_class=jnp.zeros(ITEMS, bool))
    average = np.mean(CONFUSION, axis=0)
    seen = np.bincount(label, minlength=3) / ITEMS
    assert (np.abs(seen - average) < Z * np.sqrt(average / ITEMS)).all()
    assert abs(confidence.mean()) < Z / np.sqrt(ITEMS)


def test_a_perfect_machine_is_right_and_a_guessing_one_knows_nothing():
    label, _, truth = ask(MACHINES["perfect"])
    np.testing.assert_array_equal(label, truth)
    label, _, truth = ask(MACHINES["guessing"])
    assert abs(np.mean(label == truth) - 1 / 3) < Z * np.sqrt(2 / 9 / ITEMS)


def test_rows_take_the_order_of_a_task_whose_classes_have_the_same_names():
    rows = judge().rows(3, ["c", "a", "b"])
    np.testing.assert_allclose(rows[0], [0.6, 0.0, 0.4])
    np.testing.assert_allclose(judge().rows(3, ["x", "y", "z"]), CONFUSION)


def test_copies_of_all_machines_have_ids_of_their_own():
    ids = {copy_id(name, copy) for name in MACHINES for copy in (0, 1)}
    assert len(ids) == 2 * len(MACHINES)


def test_words_change_no_hash_and_numbers_do():
    assert judge().content_hash() != judge(shared_error=0.5).content_hash()
    other = TABLE.replace("A judge.", "Another.").replace("a pilot", "a poll")
    found = parse_machines(other, "x")["judge"]
    assert found.content_hash() == judge().content_hash()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shared_error = 0.6", "shared_error = 0.95", "`shared_error` must be <="),
        ("confidence = 0.8", "confidence = 0.4", r"`confidence` must be in \[0.5, 1\]"),
        ("0.9, 0.05, 0.05", "0.9, 0.05, 0.15", r"`confusion\[0\]` must hold shares"),
        ("0.9, 0.05, 0.05", "0.9, 0.1", "`confusion` must be a row of K shares"),
        ('"calibrated"', '"proven"', "`evidence` must be 'calibrated' or 'assumed'"),
        ('source = "a pilot"', "", "`source` must be given, got none"),
        ("repeatability = 0.9", "repeats = 0.9", "`repeats` must be one of summary"),
        ('["a", "b", "c"]', '["a", "b"]', r"`classes` must name the rows .*\(3\)"),
        ("confidence = 0.8", "accuracy = 0.8", "`accuracy` or `confusion` must be"),
    ],
)
def test_a_machine_that_cannot_be_is_refused_by_file_name_and_field(old, new, words):
    with pytest.raises(ValueError, match=rf"judge.toml: \[judge\] {words}"):
        parse_machines(TABLE.replace(old, new), "judge.toml")


def test_a_machine_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`machine` must be one of 'typical', "):
        describe_machine("jugde")
    file = tmp_path / "two.toml"
    with pytest.raises(ValueError, match="Machine file must be readable"):
        describe_machine(str(file))
    file.write_text(TABLE + TABLE.replace("[judge]", "[jury]"))
    assert describe_machine(f"{file}:jury").name == "jury"
    with pytest.raises(ValueError, match=r"\(judge, jury\) must be named"):
        describe_machine(str(file))


def test_a_confusion_is_not_moved_and_is_of_so_many_classes():
    with pytest.raises(ValueError, match="`accuracy` must be left out for 'judge'"):
        judge(accuracy=0.5)
    with pytest.raises(ValueError, match="of the task's 4 classes, got 3"):
        build_machine(judge(), 4)
