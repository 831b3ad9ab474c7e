"""What is there decides what can be estimated."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.participants.cleaning.clean import Layout, clean
from hitl_sim.participants.cleaning.column import Place
from hitl_sim.participants.describing.inventory import take_stock
from hitl_sim.participants.fitting.estimate import FittedNumber
from hitl_sim.participants.fitting.fit import agree


def make_answers(people=10, items=60, **columns):
    person, item = np.divmod(np.arange(people * items), items)
    rng = np.random.default_rng(0)
    table = {
        "annotator": person.astype(str),
        "item": item.astype(str),
        "answer": rng.integers(0, 2, person.size).astype(str),
        **columns,
    }
    return clean(pa.table(table), Layout(), Place("made up"))


def status(answers) -> dict[str, str]:
    return {f.what: f.is_identified for f in take_stock(answers).findings}


def test_without_second_looks_repeatability_is_not_identified():
    assert status(make_answers())["repeatability"] == "no"


def test_with_second_looks_repeatability_is_identified():
    order = np.arange(600)
    item = np.where(order % 60 < 30, order % 60, order % 60 - 30)
    answers = make_answers(item=item.astype(str), order=order)
    assert status(answers)["repeatability"] == "yes"
    assert take_stock(answers).num_repeats == 300


def test_gold_makes_skill_known_and_its_lack_makes_it_weak():
    gold = (np.arange(600) % 60 % 2).astype(str)
    assert status(make_answers(gold=gold))["skill"] == "yes"
    assert status(make_answers())["skill"] == "weakly"


def test_people_who_share_no_item_show_no_shared_error():
    item = np.arange(600).astype(str)
    found = status(make_answers(item=item))
    assert found["shared error"] == "no"
    assert found["skill"] == "no"


def test_times_without_an_order_show_no_practice():
    found = status(make_answers(seconds=np.full(600, 2.0)))
    assert found["pace, spread, conflict"] == "yes"
    assert found["practice, slow drift"] == "no"
    assert status(make_answers())["times"] == "no"


def test_skips_are_counted():
    answer = np.array([None, "0", "1"] * 200)
    found = take_stock(make_answers(answer=answer))
    assert found.num_skips == 200
    assert found.num_answers == 400


def test_groups_that_never_meet_are_told():
    person, item = np.divmod(np.arange(600), 60)
    apart = np.where(person < 5, item, item + 60).astype(str)
    finding = next(
        f for f in take_stock(make_answers(item=apart)).findings if f.what == "skill"
    )
    assert "2 groups" in finding.why


def whys(answers) -> dict[str, str]:
    return {f.what: f.why for f in take_stock(answers).findings}


def test_a_threshold_is_told_as_a_threshold():
    few = make_answers(people=15, items=10)
    assert "10 items are shared, fewer than 25" in whys(few)["skill"]
    # a thousand pairs of answers, and yet ten items
    assert "10 items are shared, fewer than 25" in whys(few)["shared error"]
    assert {status(few)[w] for w in ("skill", "shared error", "lapse")} == {"no"}
    gold = ["1"] + [None] * 9
    some = make_answers(people=15, items=10, gold=gold * 15)
    assert "15 answers to items with gold, fewer than 25" in whys(some)["skill"]
    skip = [None, "0", "1", "0", "1"] * 4 + ["0"] * 130
    skipped = make_answers(people=15, items=10, answer=skip)
    assert whys(skipped)["abstention"] == "4 skips, fewer than 25"


def test_looking_twice_shares_no_item():
    order = np.arange(600)
    alone = (order // 2).astype(str)
    found = make_answers(item=alone, order=order, annotator=(order // 60).astype(str))
    assert status(found)["shared error"] == "no"
    assert status(found)["skill"] == "no"


def test_no_number_of_a_fit_says_more_than_the_inventory():
    names = ("accuracy", "shared_error", "lapse", "seconds", "activity_spread")
    sure = [FittedNumber(name, 0.5, 0.4, 0.6, True, "") for name in names]
    few = take_stock(make_answers(people=15, items=10))
    said = {n.name: n for n in agree(sure, few.findings)}
    for name in ("accuracy", "shared_error", "lapse"):
        assert not said[name].is_identified
    assert "fewer than 25" in said["accuracy"].note
    assert said["activity_spread"] == sure[-1]
    weak = {n.name: n for n in agree(sure, take_stock(make_answers()).findings)}
    assert weak["accuracy"].is_identified
    assert weak["accuracy"].is_weak
    unsure = [replace(sure[0], is_identified=False, note="wide")]
    assert agree(unsure, few.findings) == tuple(unsure)


def test_one_option_is_refused():
    with pytest.raises(ValueError, match="two options"):
        take_stock(make_answers(answer=["x"] * 600))
