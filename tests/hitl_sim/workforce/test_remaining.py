import csv
import datetime
import gzip
from pathlib import Path

import numpy as np
import pytest
from first_answers import first_part, run_and_log

from hitl_sim.workforce import Behaviour, Duration, Fixed, People, Project
from hitl_sim.workforce.progress import Log
from hitl_sim.workforce.remaining import draw_remaining_s, interval_of

VOTES = Path(__file__).parents[4] / "shared" / "data" / "ukp_convincing/votes.csv.gz"
TEAM = People(
    team=10,
    hours_per_day=2.0,
    days_per_week=7,
    seconds=Duration(45.0, "lognormal", 0.6),
    pace_spread=0.4,
    behaviour=Behaviour(0.8, 3),
)


def log_of(person, seconds):
    nothing = np.full(len(person), -1)
    start_s = np.arange(len(person), dtype=float)
    person, seconds = np.asarray(person), np.asarray(seconds, float)
    return Log(person, np.arange(len(person)), start_s, seconds, nothing, nothing)


def test_people_all_alike_take_what_they_took():
    log = log_of(np.arange(40) % 5, np.full(40, 30.0))
    spent = draw_remaining_s(log, 100, 7, np.random.default_rng(0))
    assert spent.tolist() == [3_000.0] * 7


def test_answers_of_few_people_make_hours_as_wide_as_the_people_differ():
    rng = np.random.default_rng(1)
    own = np.array([10.0, 20.0, 30.0, 40.0])
    few = log_of(np.repeat(np.arange(4), 50), np.repeat(own, 50))
    spent = draw_remaining_s(few, 2_000, 600, rng) / 2_000
    # of four people alike active the mean has variance 125 / 4, and resampled twice
    # nearly twice that: 1 - (3/4)^2 of 125
    assert spent.mean() == pytest.approx(25.0, abs=4 * np.sqrt(125 * 7 / 16 / 600))
    # four standard errors of a variance of 600
    assert spent.var() == pytest.approx(125 * 7 / 16, rel=4 * np.sqrt(2 / 600))
    many = log_of(np.repeat(np.arange(400), 1), np.repeat(own, 100))
    assert draw_remaining_s(many, 2_000, 60, rng).std() / 2_000 < 1.5


def test_an_interval_of_draws_is_between_two_of_them():
    assert interval_of(np.arange(19.0), 0.9) == (0.0, 18.0)
    assert interval_of(np.arange(99.0)[::-1], 0.9) == (4.0, 94.0)
    with pytest.raises(
        ValueError, match=r"`level` must be <= .* with 18 draws, got 0\.95"
    ):
        interval_of(np.arange(18.0), 0.95)


def test_the_hours_of_the_rest_are_within_what_a_tenth_tells():
    project = Project(300, TEAM, Fixed(3))
    inside = 0
    for seed in range(20):
        account, log = run_and_log(project, seed)
        first = first_part(log, 0.1)
        spent_s = float(log.seconds.sum() - first.seconds.sum())
        left = log.person.size - first.person.size
        assert account.worked_s == pytest.approx(float(log.seconds.sum()))
        draws = draw_remaining_s(first, left, 99, np.random.default_rng([seed, 3]))
        low, high = interval_of(draws, 0.9)
        inside += low <= spent_s <= high
    # of 20 at 90 %: 13 or fewer in one run of 400
    assert inside >= 14


@pytest.mark.parametrize(
    ("rows", "left", "message"),
    [(20, 5, "`from` must hold 30 answers"), (90, 0, "`answers` must be >= 1, got 0")],
)
def test_nothing_to_tell_of_is_refused(rows, left, message):
    log = log_of(np.arange(rows) % 5, np.ones(rows))
    with pytest.raises(ValueError, match=message):
        draw_remaining_s(log, left, 9, np.random.default_rng(0))


def assignments():
    """Read who did which assignment of which topic and in what time, as they ended."""
    found = {}
    with gzip.open(VOTES, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            begun, done = (
                datetime.datetime.fromisoformat(row[name]).timestamp()
                for name in ("accept", "submit")
            )
            # an assignment over two topics counts for the first
            own = (done, row["assignment"], int(row["topic"]), row["annotator"])
            found.setdefault(row["assignment"], (*own, done - begun))
    return sorted(found.values())


@pytest.mark.slow
@pytest.mark.skipif(not VOTES.exists(), reason="needs recorded answers in shared/data")
def test_hours_of_recorded_topics_are_within_what_their_first_tenth_tells():
    """Topics that were asked in one wave share their people, and are read together."""
    _, _, topic, person, seconds = map(np.array, zip(*assignments(), strict=True))
    wave = 2 * (topic >= 16) + topic % 2
    place = np.zeros(topic.size, int)
    for number in range(32):
        place[topic == number] = np.arange((topic == number).sum())
    is_first = place < np.ceil(0.1 * np.bincount(topic)[topic])
    inside = dict.fromkeys(range(4), 0)
    for number in range(32):
        (own,) = set(wave[topic == number])
        seen = is_first & (wave == own)
        rest = seconds[(topic == number) & ~is_first]
        draws = draw_remaining_s(
            log_of(person[seen], seconds[seen]),
            rest.size,
            199,
            np.random.default_rng([0, number]),
        )
        low, high = interval_of(draws, 0.9)
        inside[int(own)] += bool(low <= rest.sum() <= high)
    assert sum(inside.values()) >= 26, inside
