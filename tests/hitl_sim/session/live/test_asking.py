"""Questions of the learner become those of a desk and back, and so do answers."""

import numpy as np
import pytest

from hitl_sim.learn.crowd import Questions
from hitl_sim.session.error import SessionError
from hitl_sim.session.live.asking import (
    NONE_OF_THESE,
    Asker,
    Roster,
    answers_of,
    as_arrays,
    count_right,
)
from hitl_sim.session.live.journal import Journal
from hitl_sim.session.question import Answer

ITEMS, CLASSES = 4, ("a", "b", "c")


def asked(num=3, **given):
    """Four questions whose every number differs."""
    numbers = np.arange(ITEMS)
    own = {
        "item": numbers + 7,
        "truth": numbers % num,
        "right": (numbers + 1) % num,
        "utility": np.linspace(-1, 1, ITEMS * num).reshape(ITEMS, num),
        "difficulty": 0.1 * numbers,
        "discrimination": np.array([1.0, 0.0, 1.0, 1.0]),
        "size": 1.0 + numbers,
    }
    kinds = dict.fromkeys(("item", "truth", "right", "suggestion", "options"), np.int32)
    laid = {
        n: np.asarray(v, kinds.get(n, np.float32)) for n, v in (own | given).items()
    }
    if "is_posed" in laid:
        laid["is_posed"] = laid["is_posed"].astype(bool)
    return Questions(**laid)


def same(one, other):
    for name, a, b in zip(Questions._fields, one, other, strict=True):
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)


ASKER = Asker("label", 2, 1, CLASSES, ("g", "h"))


@pytest.mark.parametrize(
    "given",
    [{}, {"suggestion": [-1, 0, 2, 1]}, {"options": [[5, 6]] * 4, "num": 2}],
)
def test_nothing_is_lost_on_the_way_to_a_desk_and_back(given):
    questions = asked(**given)
    same(as_arrays(ASKER.questions(questions), ITEMS), questions)


def test_what_is_not_put_to_people_is_not_asked():
    questions = asked(is_posed=[1, 1, 0, 0])
    posted = ASKER.questions(questions)
    assert [q.item for q in posted] == [7, 8]
    again = as_arrays(posted, ITEMS)
    np.testing.assert_array_equal(again.is_posed, questions.is_posed)
    np.testing.assert_array_equal(again.item[:2], questions.item[:2])
    found = [Answer("q0", "p1", 2, 1.0), Answer("q1", "p0", 1, 1.0)]
    given = answers_of(questions, ASKER, posted, ["q0", "q1"], found, Roster(3))
    assert given.answer.tolist() == [[2, -1], [1, -1], [-1, -1], [-1, -1]]
    assert given.is_answered.tolist() == [[True, False]] * 2 + [[False, False]] * 2


def test_options_and_labels_that_people_see():
    more = asked(len(CLASSES) + 1)
    assert ASKER.questions(more)[0].options == (*CLASSES, NONE_OF_THESE)
    seen = Asker("relevance", 1, 1, CLASSES, (), lambda i: f"item {i}", lambda i: i % 3)
    question = seen.questions(asked(2))[0]
    assert question.content == "item 7"
    assert (question.options, question.suggestion) == (CLASSES, 1)
    # the label that is shown sways no simulated person
    assert as_arrays([question], 1).suggestion is None
    groups = Asker("marks", 1, 1, CLASSES, ("g", "h"), lambda i: f"item {i}")
    assert groups.questions(asked(2))[0].options == ("g", "h")
    assert groups.questions(asked(2))[0].content is None


def test_answers_stand_by_question_and_person():
    questions = asked()
    posted, ids = ASKER.questions(questions), ["q0", None, "q2", "q3"]
    found = [
        Answer("q0", "p4", 1, 1.0),
        Answer("q2", "p4", None, 1.0),
        Answer("q0", "p9", 0, 1.0),
        Answer("q3", "p9", 2, 1.0),
    ]
    roster = Roster(2)
    given = answers_of(questions, ASKER, posted, ids, found, roster)
    assert given.answer.tolist() == [[1, 0], [-1, -1], [-1, -1], [2, -1]]
    assert given.annotator.tolist() == [[0, 1], [0, 0], [0, 0], [1, 0]]
    with pytest.raises(SessionError, match="at most 2 people"):
        roster.place("p10")
    named = {"q0": posted[0], "q2": posted[2], "q3": posted[3]}
    # 1 of item 0 is right, 0 of it and 2 of item 3 are not; a skip is not scored
    assert count_right(named, found) == (1, 3)
    # where no answer is right, none is scored
    assert count_right({"q0": posted[1]}, found[:1]) == (0, 0)


class Clock:
    def __init__(self):
        self.wall, self.pace = 1e6, 5.0

    def journal(self, folder):
        return Journal(folder, "k", lambda: self.wall, lambda: self.pace)


def test_waiting_goes_on_while_nobody_is_there_to_measure_it(tmp_path):
    clock = Clock()
    one = clock.journal(tmp_path)
    one.open(3, 9)
    clock.wall, clock.pace = clock.wall + 10.0, clock.pace + 10.0
    assert one.close() == 10.0
    one.open(3, 9)
    # killed; another process goes on an hour later, whose own clock begins anew
    clock.wall, clock.pace = clock.wall + 3600.0, 0.0
    other = clock.journal(tmp_path)
    other.open(3, 9)
    assert other.close() == 10.0
    other.open(3, 9)
    clock.wall, clock.pace = clock.wall + 5.0, clock.pace + 5.0
    other.note(4)
    assert other.close() == 3605.0
    # and a clock that is set back takes nothing from what was seen
    other.open(3, 9)
    clock.wall, clock.pace = clock.wall - 1e5, clock.pace + 7.0
    assert other.close() == 7.0
    assert clock.journal(tmp_path).waited_s == [10.0, 3605.0, 7.0]
