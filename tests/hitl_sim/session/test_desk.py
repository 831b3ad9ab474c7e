"""Desks: whoever answers, the loop cannot tell, and every record says who it was."""

import itertools

import numpy as np
import pyarrow.parquet as pq
import pytest

import hitl_sim as hs
from hitl_sim.session.desk import Run
from hitl_sim.session.desk.paced import PacedDesk
from hitl_sim.session.desk.recorded import RECORDED_AS
from hitl_sim.session.desk.simulated import SimulatedDesk
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import KINDS as ASKED, Answer, Question, build_questions
from oracles.feedback import KINDS

from .conftest import train

ITEMS = list(range(40))
TRUTH = [item % 2 for item in ITEMS]


def said(desk, questions):
    """Post a round, and return what came back by item, person and occasion."""
    ids = desk.post(questions)
    item = {one: q.item for one, q in zip(ids, questions, strict=True)}
    return {
        (item[a.question], a.person, a.occasion): (a.said, a.seconds)
        for a in desk.poll()
    }


def ask(desk, items, people=3, asks=1, kind="relevance"):
    truth = [item % 2 for item in items]
    return said(
        desk, build_questions(kind, items, people=people, asks=asks, truth=truth)
    )


def answers_of(found):
    return {place: answer for place, (answer, _) in found.items()}


@pytest.fixture
def crowd():
    # everybody is asked, so that who meets an item does not hang on its place
    return hs.crowd("typical", size=3)


def test_what_a_person_says_hangs_on_item_person_and_occasion_alone(crowd):
    whole = answers_of(ask(crowd.open(Run(0, "a", 0)), ITEMS))
    assert len(whole) == 3 * len(ITEMS)
    turned = answers_of(ask(crowd.open(Run(0, "b", 0)), ITEMS[::-1]))
    assert turned == whole
    desk = crowd.open(Run(0, "c", 0))
    rounds = [answers_of(ask(desk, ITEMS[i : i + 7])) for i in range(0, len(ITEMS), 7)]
    assert {k: v for one in rounds for k, v in one.items()} == whole
    assert set(whole.values()) > {0, 2}


@pytest.mark.parametrize("run", [Run(0, "a", 1), Run(1, "a", 0)])
def test_another_replicate_or_seed_is_another_crowd(crowd, run):
    assert answers_of(ask(crowd.open(Run(0, "a", 0)), ITEMS)) != answers_of(
        ask(crowd.open(run), ITEMS)
    )


def test_asking_again_later_is_another_occasion(crowd):
    desk = crowd.open(Run(0, "a", 0))
    first, again = (answers_of(ask(desk, ITEMS)) for _ in range(2))
    assert {occasion for _, _, occasion in again} == {1}
    both = answers_of(ask(crowd.open(Run(0, "a", 0)), ITEMS, asks=2))
    assert both == first | again
    assert {k[:2]: v for k, v in first.items()} != {k[:2]: v for k, v in again.items()}


def test_people_who_always_repeat_themselves_do():
    crowd = hs.crowd("typical", size=3, repeatability=1.0, lapse=0.0)
    desk = crowd.open(Run(0, "a", 0))
    first, again = (answers_of(ask(desk, ITEMS)) for _ in range(2))
    assert {k[:2]: v for k, v in first.items()} == {k[:2]: v for k, v in again.items()}


PERFECT = {
    "label": ({"options": ["a", "b", "c"], "truth": [0, "c", 1]}, [0, 2, 1]),
    "verification": (
        {"options": 3, "truth": [0, 2, 1], "suggestion": [0, 1, 1]},
        [1, 0, 1],
    ),
    "relevance": ({"truth": [1, 0, True]}, [2, 0, 2]),
    "importance": (
        {"options": 3, "truth": [[9.0, 0.0, -9.0], [0.0, 9.0, -9.0], [-9.0, 0.0, 9.0]]},
        [[0, 1, 2], [1, 0, 2], [2, 1, 0]],
    ),
    "marks": (
        {
            "options": 3,
            "truth": [[9.0, -9.0, -9.0], [-9.0, 9.0, -9.0], [9.0, 9.0, -9.0]],
        },
        [[1, 0, 0], [0, 1, 0], [1, 1, 0]],
    ),
    "preference": ({"truth": [[40, -40], [-40, 40], [40, -40]]}, [0, 2, 0]),
    "difficulty": ({"truth": [-40.0, 0.0, 40.0]}, [0, 2, 4]),
}


def test_every_kind_of_feedback_is_tried():
    assert PERFECT.keys() == set(ASKED)
    assert KINDS.keys() - ASKED == {"number"}


@pytest.mark.parametrize("kind", PERFECT)
def test_perfect_people_say_what_is_right(kind):
    crowd = hs.crowd("perfect", size=2)
    given, right = PERFECT[kind]
    items = ["x", "y", "z"]
    if kind == "preference":
        items = list(itertools.combinations(items, 2))
    desk = crowd.open(Run(0, "a", 0))
    questions = build_questions(kind, items, people=2, **given)
    ids = desk.post(questions)
    found = {one: [] for one in ids}
    for answer in desk.poll():
        found[answer.question].append(answer.said)
    wanted = [tuple(r) if isinstance(r, list) else r for r in right]
    assert [found[one] for one in ids] == [[r, r] for r in wanted]


def test_swapping_a_pair_swaps_the_preference():
    crowd = hs.crowd("typical", size=3, repeatability=1.0, lapse=0.0)
    pairs = [(i, i + 100) for i in range(30)]
    worth = [[0.3, -0.3]] * 30
    there = crowd.open(Run(0, "a", 0))
    back = crowd.open(Run(0, "a", 0))
    first = build_questions("preference", pairs, people=3, truth=worth)
    second = build_questions(
        "preference", [p[::-1] for p in pairs], people=3, truth=[w[::-1] for w in worth]
    )
    one = answers_of(said(there, first))
    swapped = {(item[::-1], *who): 2 - a for (item, *who), a in one.items()}
    assert answers_of(said(back, second)) == swapped
    # and whoever met a pair has met it, whichever object stood first
    assert {look for _, _, look in said(there, second)} == {1}
    assert set(one.values()) > {0, 2}


def test_a_loop_gets_its_answers_by_item(open_session):
    with open_session().arm("guided") as arm:
        answers = arm.ask("label", ["u", "v"], options=4, truth=[2, 3], people=3)
        train(arm)
    assert answers.items == ("u", "v")
    assert answers.answer.shape == answers.seconds.shape == (2, 3)
    assert (answers.is_answered == (answers.answer >= 0)).all()
    assert sorted(answers.person[0]) == ["p0", "p1", "p2"]
    assert answers.is_asked.all()
    votes = np.array([[0, 2, 2], [1, 1, 0], [-1, -1, -1]])
    mine = type(answers)(
        (0, 1, 2), votes, votes >= 0, answers.person, votes * 0.0, votes * 0.0, votes
    )
    assert mine.majority().tolist() == [2, 1, -1]
    assert mine.mean()[:2] == pytest.approx([4 / 3, 2 / 3])
    assert np.isnan(mine.mean()[2])


@pytest.fixture
def recorded(open_session):
    """A session of simulated people, and the file of their answers."""
    with open_session("simulated") as session:
        loop(session)
    return session.out, next((session.out / "answers").iterdir())


def loop(session, replicates=1):
    """Ask about relevance; what is trained hangs on the answers."""
    for arm in session.runs({"control": "control", "guided": "arm"}, replicates):
        with arm:
            gain = 0.1
            if arm.role == "arm":
                asked = arm.ask("relevance", ITEMS, truth=TRUTH, people=3)
                gain += 0.001 * float(np.nanmean(asked.mean()))
            train(arm, gain=gain)


def test_recorded_people_say_what_they_said(open_session, recorded, tmp_path):
    before, path = recorded
    crowd = hs.crowd(recording=path, policy="refuse")
    with open_session("replayed", crowd=crowd) as session:
        loop(session)
    there, back = (
        {
            row["arm"]: row
            for row in hs.open_results(f)._analysis.folder.records.to_pylist()
        }
        for f in (before, session.out)
    )
    of_names = {"key", "condition", "base", "population", "parameters"}
    of_source = {"replayed", "modelled", "untimed", "left_out"}
    first, second = there["guided"], back["guided"]
    for name in first.keys() - of_names - of_source:
        if first[name] == first[name]:  # NaN is what it is
            assert str(first[name]) == str(second[name]), name
    assert (second["replayed"], second["left_out"]) == (120, 0)
    table = pq.read_table(next((session.out / "answers").iterdir()))
    assert set(table["source"].to_pylist()) == {"recorded"}
    found = hs.open_results(session.out).result
    assert "recorded" in found.populations[path.name]["summary"].lower()
    assert hs.open_results(session.out).words.caution.count("recorded")


def test_few_real_runs_are_sharpened_by_many_simulated_ones(open_session, recorded):
    found = []
    recording = hs.crowd(recording=recorded[1], policy="refuse")
    for name, crowd, runs in (
        ("real", recording, 8),
        ("many", hs.crowd("typical", size=3), 10),
    ):
        with open_session(name, crowd=crowd) as session:
            loop(session, runs)
        found.append(session.results())
    rows = {row["outcome"]: row for row in found[0].rectify(found[1]).to_pylist()}
    real = np.mean(
        [
            r["people_s"]
            for r in found[0].frame().to_pylist()
            if r["kind"] == "relevance"
        ]
    )
    assert rows["people_s"]["real"] == pytest.approx(real)
    assert real > 0.0


def test_no_recorded_answer_is_used_twice(recorded):
    crowd = hs.crowd(recording=recorded[1], policy="refuse")
    desk = crowd.open(Run(0, "a", 0))
    one = ask(desk, [5], people=1)
    two = ask(desk, [5], people=2)
    assert len(one | two) == 3
    assert {who for _, who, _ in one}.isdisjoint(who for _, who, _ in two)
    whole = ask(crowd.open(Run(0, "b", 0)), [5], people=3)
    assert one | two == whole
    with pytest.raises(SessionError, match="unused answers of 1 people to item '5'"):
        ask(desk, [5], people=1)


def test_who_is_asked_is_drawn_anew_in_another_replicate(recorded):
    crowd = hs.crowd(recording=recorded[1], policy="refuse")
    drawn = [ask(crowd.open(Run(0, "a", r)), ITEMS, people=1).keys() for r in (0, 1)]
    assert drawn[0] != drawn[1]
    shares = [sum(who == f"p{p}" for _, who, _ in drawn[0]) / 40 for p in range(3)]
    # three binomials of 40 at a third: outside by chance once in 2,000 times
    assert all(0.07 < share < 0.65 for share in shares)


def test_questions_beyond_the_recording(open_session, recorded):
    refuse = hs.crowd(recording=recorded[1], policy="refuse")
    session = open_session("refuse", crowd=refuse)
    with (
        pytest.raises(SessionError, match="to item '99', got 0"),
        session.arm("guided") as arm,
    ):
        arm.ask("relevance", [1, 99], people=2)
    restrict = hs.crowd(recording=recorded[1], policy="restrict")
    with open_session("restrict", crowd=restrict).arm("guided") as arm:
        answers = arm.ask("relevance", [1, 99], people=2)
        train(arm)
    assert answers.is_asked.tolist() == [True, False]
    assert answers.is_answered.tolist()[1] == [False, False]
    assert arm.row()["left_out"] == 1
    with (
        pytest.raises(
            SessionError, match=r"`kind` must be one that .* \('relevance'\)"
        ),
        open_session("label", crowd=restrict).arm("guided") as arm,
    ):
        arm.ask("label", [1], options=2)


def test_a_recording_without_times_is_refused(recorded, tmp_path):
    table = pq.read_table(recorded[1])
    seconds = table["seconds"].to_pylist()
    place = table.column_names.index("seconds")
    table = table.set_column(place, "seconds", [[None, *seconds[1:]]])
    pq.write_table(table, tmp_path / "untimed.parquet")
    with pytest.raises(
        SessionError, match=r"a time for every answer.* none for 1 of 120"
    ):
        hs.crowd(recording=tmp_path / "untimed.parquet", policy="refuse")


def test_labels_that_are_no_options_are_refused(open_session):
    with open_session().arm("guided") as arm:
        arm.ask("label", ["x"], options=["cat", "dog"], truth=["cat"], people=3)
        train(arm)
    path = next((arm._session.out / "answers").iterdir())
    crowd = hs.crowd(recording=path, policy="refuse")
    desk = crowd.open(Run(0, "a", 0))
    good = build_questions("label", ["x"], options=["cat", "dog"], people=1)
    assert desk.post(good)
    bad = build_questions("label", ["x"], options=["cow", "hen"], people=1)
    with pytest.raises(SessionError, match="must hold answers that are options"):
        desk.post(bad)


def test_the_table_of_recorded_kinds_is_that_of_the_feedback():
    assert {n: k.recorded_as for n, k in KINDS.items() if k.recorded_as} == RECORDED_AS


class Slow:
    """A desk whose people answer when they like: one answer at each poll."""

    def __init__(self):
        self.left, self.truths, self.is_closed = [], [], False

    def post(self, questions):
        ids = [f"n{len(self.left)}-{i}" for i in range(len(questions))]
        for one, question in zip(ids, questions, strict=True):
            self.truths.append(question.truth)
            for person in range(question.people):
                answer = 2 if person == 0 else None
                self.left.append(Answer(one, f"w{person}", answer, 5.0))
        # somebody answers what nobody asks any more
        self.left.insert(0, Answer("elsewhere", "w0", 1, 9.0))
        return ids

    def poll(self):
        return [self.left.pop(0)] if self.left else []

    def close(self):
        self.is_closed = True


class Live:
    """People at the other end of a wire."""

    name, source, size, is_timed, workforce = "lab", "live", None, True, {}

    def __init__(self):
        self.desks = []

    def open(self, run):
        self.desks.append(Slow())
        return self.desks[-1]

    def check(self, questions):
        pass

    def identity(self):
        return {"source": self.source}

    def parameters(self):
        return {}

    table = identity

    def described(self, kinds):
        return {
            "summary": "A lab.",
            "status": dict.fromkeys(kinds, "live"),
            "numbers": {},
        }


def test_a_live_desk_is_waited_for_and_billed_by_the_clock(open_session):
    crowd = Live()
    with open_session(crowd=crowd) as session:
        loop_of_two(session)
    (desk,) = crowd.desks
    assert desk.is_closed
    row = {r["arm"]: r for r in session.results()._analysis.folder.records.to_pylist()}
    guided = row["guided"]
    assert (guided["asked"][0], guided["answered"][0]) == (4, 2)
    assert guided["worked_s"][0] == guided["paid_s"][0] == 20.0
    assert guided["wait_s"][0] > 0.0
    # real answers: nothing of them is simulated
    assert (guided["replayed"], guided["modelled"]) == (4, 0)
    assert "people are real" in str(session.results().words.caution).lower()
    table = pq.read_table(next((session.out / "answers").iterdir()))
    assert set(table["source"].to_pylist()) == {"live"}
    assert table["answer"].to_pylist().count(None) == 2


def loop_of_two(session):
    for arm in session.runs({"control": "control", "guided": "arm"}):
        with arm:
            if arm.role == "arm":
                answers = arm.ask("relevance", ["a", "b"], people=2)
                assert answers.is_answered.tolist() == [[True, False]] * 2
            train(arm)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_paced_desk_holds_answers_back_until_they_are_due(crowd):
    clock = Clock()
    inner = crowd.open(Run(0, "a", 0))
    desk = PacedDesk(inner, 10.0, clock)
    questions = build_questions("relevance", ITEMS, people=3, truth=TRUTH)
    desk.post(questions)
    assert desk.poll() == []
    whole = SimulatedDesk(crowd, Run(0, "a", 0))
    whole.post(questions)
    wanted = whole.poll()
    work, at = {}, []
    for answer in wanted:
        work[answer.person] = work.get(answer.person, 0.0) + answer.seconds
        at.append(work[answer.person])
    some_s = max(work.values()) / 2.0
    clock.now = 100.0 + some_s / 10.0
    half = desk.poll()
    assert len(half) == sum(done <= some_s for done in at)
    assert 0 < len(half) < len(wanted)
    clock.now = 100.001 + max(work.values()) / 10.0
    both = half + desk.poll()
    for person in work:
        own = [[a for a in found if a.person == person] for found in (both, wanted)]
        assert own[0] == own[1]


def test_records_are_the_same_at_any_speed(open_session):
    found = []
    for name, speed in (("at once", None), ("paced", 1e6)):
        crowd = hs.crowd("typical", size=3, speed=speed)
        with open_session(name, crowd=crowd) as session:
            loop(session)
        assert hs.Session.resume(session.out, meters=[]).crowd == crowd
        found.append(
            sorted(p.read_bytes() for p in (session.out / "records").iterdir())
        )
    assert found[0] == found[1]


def test_a_round_of_several_kinds_is_refused(crowd):
    questions = [
        Question("relevance", 1, 1, truth=1),
        Question("label", 1, 1, options=("a", "b"), truth=0),
    ]
    with pytest.raises(SessionError, match="must be of one kind"):
        crowd.open(Run(0, "a", 0)).post(questions)
