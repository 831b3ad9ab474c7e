"""Questions of a run in Label Studio: asked once, counted once, ended in time."""

import random

import pytest
from desk_kit.fake_label_studio import PERSONAL
from desk_kit.label_studio_people import result_of

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.label_studio import tasks
from hitl_sim.session.desk.label_studio.asking import PATIENCE_S
from hitl_sim.session.desk.page.asking import NOBODY
from hitl_sim.session.error import SessionError

from .conftest import answer, questions


def said(answers):
    return [(one.person, one.said) for one in answers]


def test_what_people_hand_in_comes_back_in_its_order_and_once(place):
    first, second = place.people(2)
    desk = place.desk()
    ids = desk.post(questions(people=2))
    assert desk.poll() == []
    answer(second, "v")
    answer(first)
    found = place.poll(desk)
    assert said(found) == [("p3", 1), ("p2", 0)]
    assert {one.question for one in found} == {ids[0]}
    assert [one.seconds for one in found] == [2.0, 2.0]
    answer(second)
    assert said(place.poll(desk)) == [("p3", 0)]
    assert place.poll(desk) == []


def test_the_server_is_looked_at_once_a_second(place):
    desk = place.desk()
    desk.post(questions())
    desk.poll()
    before = len(place.fake.requests)
    assert [desk.poll() for _ in range(5)] == [[]] * 5
    assert len(place.fake.requests) == before


def test_a_look_reads_what_has_changed_and_now_and_then_all(place):
    (person,) = place.people(1)
    desk = place.desk()
    desk.post(questions(range(5), content=list("abcde")))
    place.fake.pass_by(60)
    for _ in range(3):
        place.poll(desk)
    assert place.fake.listed == 0
    answer(person)
    assert len(place.poll(desk)) == place.fake.listed == 1
    place.fake.pass_by(601)
    for _ in range(2):
        assert place.fake.listed == 1
        place.poll(desk)
    assert place.fake.listed == 5


def test_a_server_whose_clock_is_set_back_loses_no_answer(place):
    (person,) = place.people(1)
    desk = place.desk()
    desk.post(questions(["a"]))
    place.fake.pass_by(-1000)
    answer(person)
    assert said([one for _ in range(3) for one in place.poll(desk)]) == [("p2", 0)]


def test_nobody_is_given_a_task_twice_nor_asked_when_enough_have_answered(place):
    first, second, third = place.people(3)
    place.desk().post(questions(["a"], people=2))
    assert answer(first)
    assert answer(first) is None
    assert answer(second)
    assert answer(third) is None


def test_people_are_asked_as_often_as_told_and_the_second_is_a_second_look(place):
    (person,) = place.people(1)
    desk = place.desk()
    desk.post(questions(["a"], asks=2))
    assert answer(person, "u")["id"] != answer(person, "v")["id"]
    assert answer(person) is None
    found = place.poll(desk)
    assert [(one.said, one.occasion) for one in found] == [(0, 0), (1, 1)]


def test_an_item_that_was_met_in_another_run_is_a_second_look(place):
    (person,) = place.people(1)
    place.desk(Run(0, "other", 0)).post(questions(["a"]))
    answer(person)
    desk = place.desk()
    desk.post(questions(["a"], options=["u", "v", "w"]))
    answer(person)
    assert [one.occasion for one in place.poll(desk)] == [1]


def test_a_skip_says_nothing_and_counts_and_a_draft_does_not(place):
    first, second, third = place.people(3)
    desk = place.desk()
    desk.post(questions(["a"], people=2))
    (project,) = first.projects()
    task = first.next(project)["id"]
    first.draft(task, result_of("label", ["u", "v"], 1), 9.0)
    assert place.poll(desk) == []
    # what lay there half done goes along with a skip
    first.hand_in(task, result_of("label", ["u", "v"], 1), 3.0, was_cancelled=True)
    second.hand_in(task, result_of("label", ["u", "v"], 1, 0.75), 4.0)
    skip, full = place.poll(desk)
    assert (skip.said, skip.seconds, skip.confidence) == (None, 3.0, None)
    assert (full.said, full.seconds, full.confidence) == (1, 4.0, 0.75)
    assert answer(third) is None


def test_who_hands_in_twice_is_counted_once_and_the_first_counts(place):
    first, second = place.people(2)
    desk = place.desk()
    desk.post(questions(["a"], people=2))
    task = answer(first, "v")["id"]
    first.hand_in(task, result_of("label", ["u", "v"], 0))
    assert said(place.poll(desk)) == [("p2", 1)]
    second.hand_in(task, result_of("label", ["u", "v"], 0))
    assert said(place.poll(desk)) == [("p3", 0)]


def test_an_answer_without_a_time_is_refused_for_its_cost_is_unknown(place):
    (person,) = place.people(1)
    desk = place.desk()
    desk.post(questions(["a"]))
    task = person.next(*person.projects())["id"]
    number = person.hand_in(task, result_of("label", ["u", "v"], 0), None)
    with pytest.raises(SessionError, match=rf"Annotation {number} .*lead_time"):
        place.poll(desk)


def test_a_run_that_is_begun_again_finds_its_questions_and_answers(place):
    first, second = place.people(2)
    asked = questions(people=2)
    ids = place.desk().post(asked)
    answer(first, "v")
    made = dict(place.fake.tasks)
    again = place.desk()
    assert again.post(asked) == ids
    assert place.fake.tasks == made
    assert said(again.poll()) == [("p2", 1)]
    assert answer(first)["id"] == 2  # not the first once more
    answer(second)
    assert len(place.poll(again)) == 2


def test_a_round_that_is_asked_once_more_asks_anew(place):
    desk = place.desk()
    assert desk.post(questions(["a"])) != desk.post(questions(["a"]))
    assert len(place.fake.tasks) == 2


def test_a_closed_run_asks_nobody_until_it_is_begun_again(place):
    first, second = place.people(2)
    asked = questions(["a"], people=2)
    desk = place.desk()
    desk.post(asked)
    answer(first)
    desk.close()
    assert answer(second) is None
    again = place.desk()
    again.post(asked)
    assert said(again.poll()) == [("p2", 0)]
    answer(second)
    assert said(place.poll(again)) == [("p3", 0)]


def test_what_nobody_answers_in_time_is_given_up_for_good(place):
    first, second = place.people(2)
    asked = questions(["a", "b"], people=2)
    desk = place.desk(deadline_s=100.0)
    desk.post(asked)
    place.fake.pass_by(1000)  # one is changed, and the other long since not
    task = answer(first)["id"]
    assert said(place.poll(desk)) == [("p2", 0)]
    place.now += 101.0
    found = place.poll(desk)
    assert said(found) == [(NOBODY, None)] * 3
    assert answer(second) is None
    # what comes later counts for nothing, now or when the run is begun again
    second.hand_in(task, result_of("label", ["u", "v"], 1))
    assert place.poll(desk) == []
    again = place.desk(deadline_s=100.0)
    again.post(asked)
    assert said(again.poll()) == [("p2", 0)] + [(NOBODY, None)] * 3


def test_an_answer_in_time_counts_though_the_server_was_away_at_the_deadline(place):
    (person,) = place.people(1)
    desk = place.desk(deadline_s=100.0)
    desk.post(questions(["a"]))
    answer(person)
    place.now += 200.0
    place.fake.faults = ["before"]
    assert place.poll(desk) == []
    assert said(place.poll(desk)) == [("p2", 0)]


def test_an_annotation_that_is_deleted_makes_room_for_another(place):
    first, second = place.people(2)
    desk = place.desk()
    desk.post(questions(["a"]))
    answer(first)
    number = max(place.fake.annotations)
    first.send("DELETE", f"/api/annotations/{number}/")
    answer(second)
    assert said(place.poll(desk)) == [("p3", 0)]


def test_cuts_and_restarts_at_any_moment_lose_no_answer_and_count_none_twice(
    place, monkeypatch
):
    monkeypatch.setattr(tasks, "_MOST_TASKS", 2)
    chance = random.Random(5)
    everybody = place.people(3)
    asked = questions(range(5), people=2, content=list("abcde"))
    by_person, num_cut = {}, 0
    desk, found = None, []
    for _ in range(60):
        place.fake.faults = [
            chance.choice([None, None, "before", "after", 503, 429]) for _ in range(9)
        ]
        num_cut += sum(fault is not None for fault in place.fake.faults)
        if desk is None:
            desk = place.desk()
            desk.post(asked)
            found = []
        found += place.poll(desk)
        place.fake.faults = []
        if chance.random() < 0.2:
            place.fake.stop()
            found += place.poll(desk)
            place.fake.start()
        if chance.random() < 0.2:
            desk = None  # killed
        assert len({(one.person, one.question) for one in found}) == len(found)
        who, said = chance.choice(everybody), chance.choice("uv")
        task = answer(who, said)
        if task is not None:
            by_person[f"p{who.number}", task["data"]["item"]] = "uv".index(said)
    desk = place.desk()
    ids = desk.post(asked)
    found = desk.poll()
    assert num_cut > 200
    assert len(place.fake.tasks) >= 5
    items = dict(zip(ids, "01234", strict=True))
    told = {(one.person, items[one.question]): one.said for one in found}
    assert len(found) == len(told) == 10
    assert told.items() <= by_person.items()


def test_two_that_make_a_project_at_once_end_in_one(place):
    other, real_send = place.desk(), place.fake._make_project
    asked = questions(["a"])

    def make(**given):
        # another process is faster by a hair
        place.fake._make_project = real_send
        real_send(**given)
        return real_send(**given)

    place.fake._make_project = make
    place.desk().post(asked)
    other.post(asked)
    assert list(place.fake.projects) == [1]
    assert len(place.fake.tasks) == 1


def test_a_task_that_is_there_twice_is_one_question(place):
    first, second = place.people(2)
    desk = place.desk()
    asked = questions(["a"], people=2)
    desk.post(asked)
    place.fake.tasks[2] = place.fake.tasks[1] | {"id": 2}
    first.hand_in(1, result_of("label", ["u", "v"], 0))
    first.hand_in(2, result_of("label", ["u", "v"], 1))
    second.hand_in(2, result_of("label", ["u", "v"], 1))
    assert said(place.poll(desk)) == [("p2", 0), ("p3", 1)]
    assert answer(second) is None
    assert place.fake.tasks[1]["is_labeled"]


def test_a_server_that_stays_away_is_given_up(place):
    desk = place.desk()
    desk.post(questions())
    place.fake.stop()
    assert place.poll(desk) == []
    place.now += PATIENCE_S
    with pytest.raises(SessionError, match="has not answered for 3600 s"):
        place.poll(desk)
    place.fake.start()


def test_a_personal_token_is_renewed_when_it_runs_out(place):
    (person,) = place.people(1)
    place.fake.uses = 3
    desk = place.desk(token=PERSONAL)
    desk.post(questions(["a"]))
    answer(person)
    assert said(place.poll(desk)) == [("p2", 0)]
    assert place.fake.requests.count("POST /api/token/refresh/") > 2
