"""Answers kept for objects that are passed around but cannot be hashed."""

from hitl_sim.remember import Remembered


def test_an_answer_is_made_once_per_object_and_value():
    kept, made = Remembered[int](8), []
    first, second = [1], [1]

    def make():
        made.append(1)
        return len(made)

    answers = [kept.get((o,), make, v) for o, v in [(first, 0), (first, 0), (first, 1)]]
    assert answers == [1, 1, 2]
    assert kept.get((second,), make, 0) == 3


def test_the_oldest_answer_is_forgotten():
    kept, first = Remembered[int](2), [1]
    others = [[2], [3]]
    kept.get((first,), lambda: 1)
    for other in others:
        kept.get((other,), lambda: 2)
    assert kept.get((first,), lambda: 3) == 3


def test_an_object_lives_as_long_as_its_answer():
    kept = Remembered[int](4)
    for number in range(50):
        assert kept.get(([number],), lambda number=number: number) == number
