import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hitl_sim.workforce import Round, Team, simulate_rounds
from hitl_sim.workforce.timeline import ConservationError, check_conservation

H = 3_600.0


def build_rounds(seed, num_rounds, num_positions, num_people, median_s):
    rng = np.random.default_rng(seed)
    rounds = []
    for _ in range(num_rounds):
        shape = (num_positions, num_people)
        is_asked = rng.random(shape) < 0.8
        rounds.append(
            Round(
                seconds=rng.lognormal(np.log(median_s), 0.8, shape),
                is_asked=is_asked,
                is_answered=is_asked & (rng.random(shape) < 0.9),
            )
        )
    return rounds


def pay(*, pay_basis, is_break_paid=True):
    """Person 0 works 120 s and 60 s with a break of 30 s, person 1 works 10 s."""
    team = Team(
        2,
        break_every_s=100.0,
        break_s=30.0,
        pay_basis=pay_basis,
        is_break_paid=is_break_paid,
    )
    is_asked = [[True, True], [True, False]]
    work = Round([[120.0, 10.0], [60.0, 0.0]], is_asked, is_asked)
    return simulate_rounds(team, [work])


def test_paying_for_work_pays_the_breaks_and_no_waiting():
    assert pay(pay_basis="worked").person_paid_s.tolist() == [210.0, 10.0]


def test_unpaid_breaks_are_left_out_of_the_pay():
    paid = pay(pay_basis="worked", is_break_paid=False)
    assert paid.paid_s.tolist() == paid.worked_s.tolist() == [190.0]


def test_paying_for_presence_pays_the_waiting_too():
    paid = pay(pay_basis="present", is_break_paid=False)
    assert paid.person_paid_s.tolist() == [180.0, 210.0]


def test_presence_within_shifts_is_work_break_or_wait():
    team = Team(3, hours_per_day=2, break_every_s=900.0, pay_basis="present")
    timeline = simulate_rounds(team, build_rounds(1, 4, 60, 3, 90.0))
    overtime_s = sum(
        max(0.0, span.end_s % 86_400 - max(2 * H, span.start_s % 86_400))
        for span in timeline.spans
        if span.activity == "work"
    )
    days, rest_s = divmod(timeline.elapsed_s[-1], 86_400)
    shift_s = 3 * (days * 2 * H + min(rest_s, 2 * H))
    np.testing.assert_allclose(timeline.paid_s[-1], shift_s + overtime_s, rtol=1e-9)


def test_a_question_without_an_answer_costs_its_time_and_is_abandoned():
    work = Round([[3.0], [4.0]], [[True], [True]], [[True], [False]])
    timeline = simulate_rounds(Team(1), [work])
    assert timeline.worked_s.tolist() == [7.0]
    assert timeline.answered.tolist() == [1]
    assert timeline.abandoned.tolist() == [1]


def test_counts_are_cumulative_over_rounds():
    work = Round([[3.0]], [[True]], [[True]])
    timeline = simulate_rounds(Team(1), [work, work, work])
    assert timeline.asked.tolist() == timeline.answered.tolist() == [1, 2, 3]
    assert timeline.paid_s.tolist() == [3.0, 6.0, 9.0]


def test_no_rounds_give_an_empty_timeline():
    timeline = simulate_rounds(Team(2), [])
    assert timeline.elapsed_s.shape == timeline.asked.shape == (0,)


def test_the_same_input_gives_the_same_timeline():
    rounds = build_rounds(2, 3, 20, 2, 30.0)
    first, second = (simulate_rounds(Team(2), rounds) for _ in range(2))
    for name, value in vars(first).items():
        np.testing.assert_equal(value, getattr(second, name))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_rounds=st.integers(0, 4),
    num_people=st.integers(1, 4),
    median_s=st.floats(0.1, 2_000),
    hours_per_day=st.floats(0.1, 24),
    days_per_week=st.integers(1, 7),
    break_every_s=st.floats(1.0, 7_200),
    break_s=st.floats(0.0, 3_600),
    pay_basis=st.sampled_from(["worked", "present"]),
    is_break_paid=st.booleans(),
)
def test_work_is_neither_lost_nor_invented(
    seed, num_rounds, num_people, median_s, **shift
):
    rounds = build_rounds(seed, num_rounds, 12, num_people, median_s)
    timeline = simulate_rounds(Team(num_people, **shift), rounds)
    seconds = [np.sum(r.seconds, where=r.is_asked) for r in rounds]
    asked = [np.sum(r.is_asked) for r in rounds]
    answered = [np.sum(r.is_answered) for r in rounds]
    np.testing.assert_allclose(timeline.worked_s, np.cumsum(seconds), rtol=1e-12)
    np.testing.assert_array_equal(timeline.asked, np.cumsum(asked))
    np.testing.assert_array_equal(timeline.answered, np.cumsum(answered))
    assert not timeline.open.any()
    assert (timeline.paid_s >= timeline.worked_s).all()
    for before, after in zip(timeline.spans, timeline.spans[1:], strict=False):
        assert before.person < after.person or before.end_s <= after.start_s


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answered": np.array([1])}, "`asked` must be answered"),
        ({"open": np.array([1])}, "`asked` must be answered"),
        ({"paid_s": np.array([1.0])}, "`paid_s` must be >= `worked_s`"),
    ],
)
def test_books_that_do_not_balance_are_refused(change, message):
    work = Round([[3.0], [4.0]], [[True], [True]], [[True], [True]])
    timeline = simulate_rounds(Team(1), [work])
    with pytest.raises(ConservationError, match=message):
        check_conservation(dataclasses.replace(timeline, **change))


def test_a_falling_count_is_refused():
    work = Round([[3.0]], [[True]], [[True]])
    timeline = simulate_rounds(Team(1), [work, work])
    falling = dataclasses.replace(timeline, elapsed_s=np.array([6.0, 3.0]))
    with pytest.raises(ConservationError, match="`elapsed_s` must never fall"):
        check_conservation(falling)


def test_a_thousand_answers_take_under_ten_milliseconds():
    team = Team(5)
    rounds = build_rounds(3, 10, 25, 5, 20.0)
    times_s = []
    for _ in range(5):
        start_s = time.perf_counter()
        simulate_rounds(team, rounds)
        times_s.append(time.perf_counter() - start_s)
    assert min(times_s) < 0.010
