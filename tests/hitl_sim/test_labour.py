"""What people cost: each line by hand, what is unknown, and names of shipped wages."""

import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.constant import shipped_constants
from hitl_sim.labour import (
    GroupRate,
    WageTable,
    bill_of,
    lines_of,
    rates_of,
    shipped,
    unknown_lines,
)
from hitl_sim.read_table import TableError
from hitl_sim.workforce import (
    Adjudication,
    Behaviour,
    Duration,
    Fixed,
    Gold,
    Group,
    People,
    Project,
    Qualification,
    simulate_project,
)

TEN = Duration(10.0, "fixed")
CROWD = People(
    team=6,
    hours_per_day=24,
    days_per_week=7,
    seconds=TEN,
    onboarding_s=100.0,
    test=Qualification(10, 6),
    is_replaced=True,
    behaviour=Behaviour(0.75, 2, skill_spread=1.0),
)
EXPERTS = Group("experts", dataclasses.replace(CROWD, test=None), is_expert=True)
MACHINES = Group("machines", dataclasses.replace(CROWD, test=None, onboarding_s=0.0))
PROJECT = Project(
    600,
    CROWD,
    Fixed(2),
    groups=(EXPERTS, MACHINES),
    gold=Gold(0.3, least_right=0.7, after=5, is_redone=True),
    adjudication=Adjudication(0.85),
)
RATES = {
    "experts": GroupRate(shipped("wage", "US-nurse", "wage")),
    "machines": GroupRate(None, shipped("fee", "mturk", "fee")),
}
TOLD = WageTable(
    wage_usd_per_h=18.0,
    overhead_frac=0.5,
    fee_frac=0.2,
    bonus_frac=0.1,
    minimum_answer_usd=0.06,
    refused_paid_frac=0.25,
    recruitment_usd=7.0,
    licence_usd_per_seat_month=11.0,
    requester_h=3.0,
    requester_usd_per_h=40.0,
)


@pytest.fixture(scope="module")
def account():
    return simulate_project(PROJECT, 0)


def test_every_line_is_its_amount_times_its_rates(account):
    rates = rates_of(TOLD, PROJECT, RATES)
    crowd, experts, machines = account.groups
    assert min(crowd.refused, crowd.gold, experts.answered, machines.gold) > 0
    hour, nurse = 18.0 / 3_600, 41.38 / 3_600
    by_hand = {
        "answers, with overhead": 1.5 * hour * (crowd.worked_s - crowd.refused_s),
        "refused answers, with overhead": 1.5 * hour * 0.25 * crowd.refused_s,
        "known questions, with overhead": 1.5 * hour * crowd.gold_s,
        "tests, with overhead": 1.5 * hour * crowd.tested_s,
        "onboarding, with overhead": 1.5 * hour * crowd.onboarding_s,
        # ten seconds of a person of ordinary pace are worth .05
        "top-up to the least per answer": 0.01 * (crowd.answered - crowd.refused),
        "answers of experts, with overhead": 1.5 * nurse * experts.worked_s,
        "onboarding of experts, with overhead": 1.5 * nurse * experts.onboarding_s,
        "answers of machines, each": 0.2 * (machines.answered + machines.gold),
        "platform fee": 0.2 * hour * crowd.paid_s,
        "platform fee on the wages of experts": 0.2 * nurse * experts.paid_s,
        "bonuses": 0.1 * hour * crowd.paid_s,
        "bonuses on the wages of experts": 0.1 * nurse * experts.paid_s,
        "recruitment": 7.0 * (crowd.people_came + experts.people_came),
        "licences": 11.0 * (crowd.people_came + experts.people_came),
        "requester, with overhead": 1.5 * 3.0 * 40.0,
    }
    found = {line.name: line.price(account) for line in lines_of(rates)}
    assert {name: usd for name, usd in found.items() if usd} == pytest.approx(by_hand)
    assert rates.price(account) == pytest.approx(sum(by_hand.values()))
    billed = {line.name: float(line.usd.value) for line in bill_of([account], rates)}
    assert billed == pytest.approx(found)


def test_what_is_not_told_is_unknown_and_not_nothing(account):
    rates = rates_of(WageTable(), PROJECT, {})
    bill = bill_of([account], rates)
    assert unknown_lines(bill) == (
        "top-up to the least per answer",
        "platform fee",
        "bonuses",
        "recruitment",
        "licences",
        "requester, with overhead",
    )
    known = [float(line.usd.value) for line in bill if line.usd.value is not None]
    assert rates.price(account) == pytest.approx(sum(known))
    # 0 says that there is none
    none = rates_of(WageTable(fee_frac=0.0), PROJECT, {})
    assert "platform fee" not in unknown_lines(bill_of([account], none))
    assert none.price(account) == rates.price(account)


def test_the_least_per_answer_is_the_mean_of_what_each_lacks():
    seconds = Duration(30.0, "lognormal", 0.8)
    people = People(seconds=seconds, pace_spread=0.6)
    table = WageTable(wage_usd_per_h=12.0, overhead_frac=0.0, minimum_answer_usd=0.1)
    lines = lines_of(rates_of(table, Project(1, people), {}))
    line = next(one for one in lines if one.name == "top-up to the least per answer")
    rng = np.random.default_rng(0)
    num = 400_000
    takes_s = seconds.draw(rng, num) * np.exp(0.6 * rng.standard_normal(num) - 0.18)
    lacks = np.maximum(0.1 - 12.0 / 3_600 * takes_s, 0.0)
    error = lacks.std() / math.sqrt(num)
    assert float(line.rates[0].value) == pytest.approx(lacks.mean(), abs=4 * error)


def test_a_bill_of_shipped_wages_tells_where_they_are_from():
    table = WageTable(wage="KE-annotator", platform="prolific")
    rates = rates_of(table, PROJECT, {})
    assert rates.wage.value == 2.0
    assert "The Verge 2023" in rates.wage.source
    assert float(rates.fee.value) == 0.333


def test_every_shipped_wage_has_kind_scope_source_and_year():
    found = shipped_constants("wages.toml")
    assert len(found) >= 11
    for one in found:
        assert one.kind == "assumed"
        assert one.scope == "constant"
        assert one.unit in ("USD/h", "1")
        assert one.year is not None
        assert one.low <= one.value <= one.high


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"wage": "mars"}, r"`prices.wage` must be one of 'KE-annotator', .*'mars'"),
        ({"platform": "mars"}, "`prices.platform` must be one of 'mturk', 'prolific'"),
        (
            {"wage": "US-crowd", "wage_usd_per_h": 3.0},
            "`prices.wage` must be left out where `prices.wage_usd_per_h` is given",
        ),
        (
            {"platform": "mturk", "fee_frac": 0.1},
            "`prices.platform` must be left out where `prices.fee_frac` is given",
        ),
        ({"requester_h": 3.0}, "must be given together, got one of them"),
    ],
)
def test_contradicting_or_unknown_prices_are_refused(table, words):
    with pytest.raises(TableError, match=words):
        rates_of(WageTable(**table), PROJECT, {})
