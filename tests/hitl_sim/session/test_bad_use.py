"""What cannot be meant is refused in one line that names it, before any work."""

import pytest

import hitl_sim as hs
from hitl_sim.session.error import SessionError

from .conftest import run, train


def refused(words):
    """Expect one line with these words."""
    return pytest.raises(SessionError, match=rf"(?s)^(?!.*\n).*{words}")


def test_a_target_that_was_never_set(tmp_path):
    with refused("`target` must be set before any run"):
        hs.Session(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fraction": 0.0}, "`fraction` must be in"),
        ({"fraction": 1.5}, "`fraction` must be in"),
        ({"smoothing": 0}, "`smoothing` must be >= 1"),
        ({"metric": "step"}, "`metric` must be a name"),
        ({"metric": "my metric"}, "`metric` must be a name"),
    ],
)
def test_a_target_that_cannot_be(given, words):
    with refused(words):
        hs.target(**given)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": -1}, "`seed` must be in"),
        ({"smallest_effect": 1.0}, "`smallest_effect` must be in"),
        ({"device": "abacus"}, "`device` must be one of"),
        ({"prices": {"wage": 3.0}}, "`prices`: .*wage"),
        ({"prices": {"label_cost": "free"}}, "`prices`: .*'free'"),
        ({"share": {"host": 2.0}}, "`share` of host must be in"),
    ],
)
def test_arguments_of_a_session(open_session, tmp_path, changes, words):
    with refused(words):
        open_session(**changes)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"population": "nobody"}, "`crowd`.*'nobody'"),
        ({"size": 0}, "`crowd`.*size"),
        ({"accuracy": 1.5}, "`crowd`.*accuracy"),
        ({"charm": 1.0}, "`crowd`.*charm"),
        ({"workforce": {"hours": 8}}, "`crowd`.*hours"),
        ({"speed": 0.0}, "`speed` must be finite and > 0"),
        ({"policy": "refuse"}, "`policy` must be left out without a recording"),
        ({"recording": "nowhere.parquet", "policy": "refuse"}, "`recording` must be a"),
        ({"recording": "x.parquet", "size": 3}, "`size` must be left out"),
        (
            {"deadline_s": 5.0},
            "`deadline_s` must be left out without a page or Label Studio",
        ),
        ({"page": "x", "size": 3}, "`size` must be left out with a page"),
        ({"page": "x", "accuracy": 0.9}, "`accuracy` must be left out with a page"),
        ({"page": "x", "deadline_s": 0.0}, "`deadline_s` must be finite and > 0"),
        ({"page": "x", "workforce": {"size": 2}}, "`workforce` must hold"),
        ({"page": "x", "workforce": {"requester_h": -1.0}}, "`crowd`.*requester_h"),
        ({"recording": "x.parquet"}, "`policy` must be 'refuse' or 'restrict'"),
    ],
)
def test_arguments_of_a_crowd(given, words):
    with refused(words):
        hs.crowd(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"role": "boss"}, "`role` must be one of 'control', 'pilot', 'null', 'arm'"),
        ({"replicate": -1}, "`replicate` must be a whole number >= 0"),
        ({"pool_labels": 0.5}, "`pool_labels` must be a whole number >= 0"),
    ],
)
def test_arguments_of_an_arm(open_session, given, words):
    with refused(words):
        open_session().arm("mine", **given)


def test_asking_outside_an_arm(open_session):
    arm = open_session().arm("guided")
    with refused("`ask` must be called inside an arm"):
        arm.ask("relevance", [1], truth=[1])
    with arm:
        train(arm)
    for verb, call in {
        "ask": lambda: arm.ask("relevance", [1], truth=[1]),
        "work": lambda: arm.work("train"),
        "report": lambda: arm.report(step=9, accuracy=0.5),
    }.items():
        with refused(f"`{verb}` must be called inside an arm"):
            call()


def test_entering_a_run_twice(open_session):
    session = open_session()
    with session.arm("guided") as arm:
        train(arm)
    with refused("must be entered once"), arm:
        pass
    with refused("is finished and kept"), session.arm("guided"):
        pass


def test_a_report_before_any_work(open_session):
    session = open_session()
    with refused("`report` must follow some work"), session.arm("guided") as arm:
        arm.report(step=1, accuracy=0.5)
    assert not list((session.out / "records").glob("*"))


def test_an_arm_without_a_control(open_session):
    session = open_session()
    with (
        refused("'guided' must have a control .* replicate 0"),
        session,
        session.arm("guided") as arm,
    ):
        train(arm)
    assert len(list((session.out / "records").glob("*.parquet"))) == 1
    with refused("must have a control beside it"):
        session.results()


def test_a_second_control_and_one_name_in_two_roles(open_session):
    session = open_session()
    run(session, 1, asks=False)
    with refused("`role` 'control' must belong to one arm"):
        session.arm("other", role="control").__enter__()
    with refused("`role` of 'guided' must be 'arm' as before"):
        session.arm("guided", role="null", replicate=1).__enter__()


def test_a_control_asks_nobody(open_session):
    session = open_session()
    with (
        refused("`role` of an arm that asks people must be 'arm', got 'control'"),
        session.arm("control", role="control") as arm,
    ):
        arm.ask("relevance", [1], truth=[1])


def test_a_session_without_a_crowd_asks_nobody(open_session):
    session = open_session(crowd=None)
    with (
        refused("`crowd` of the session must be given"),
        session.arm("guided") as arm,
    ):
        arm.ask("relevance", [1], truth=[1])


@pytest.mark.parametrize(
    ("kind", "items", "given", "words"),
    [
        ("relevance", [1], {}, "`truth` must be given where simulated people answer"),
        ("gossip", [1], {"truth": [1]}, "`kind` must be one of .*'relevance'"),
        ("relevance", [], {"truth": []}, "`items` must hold at least one"),
        ("relevance", [1.5], {"truth": [1]}, "`items` must be whole numbers or names"),
        ("relevance", [1], {"truth": [2]}, "`truth` must be 1 where an item"),
        ("relevance", [1], {"truth": [1, 0]}, "`truth` must have one entry for each"),
        (
            "relevance",
            [1],
            {"truth": [1], "people": 4},
            "`people` must be at most the 3",
        ),
        ("relevance", [1], {"truth": [1], "people": 0}, "`people` must be >= 1"),
        ("relevance", [1], {"truth": [1], "sizes": [0.0]}, "`sizes` must be finite"),
        ("relevance", [1], {"truth": [1], "options": 3}, "`options` must be left out"),
        ("label", [1], {"truth": [1]}, "`options` must be the names of the classes"),
        ("label", [1], {"truth": [3], "options": 3}, "`truth` must be one of the 3"),
        (
            "label",
            [1],
            {"truth": [0], "options": ["a"]},
            "`options` must be two classes",
        ),
        ("verification", [1], {"truth": [0], "options": 2}, "`suggestion` must hold"),
        ("marks", [1], {"truth": [[1.0]], "options": 2}, "`truth` must be 2 finite"),
        ("preference", [1], {"truth": [[0, 1]]}, "`items` must be pairs of objects"),
        ("difficulty", [1], {"truth": [float("nan")]}, "`truth` must be 1 finite"),
    ],
)
def test_arguments_of_ask(open_session, kind, items, given, words):
    session = open_session()
    with refused(words), session.arm("guided") as arm:
        arm.ask(kind, items, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("coffee",), "`phase` must be one of .*'train'"),
        (("train", 0), "`items` must be a whole number >= 1"),
        (("train", 1.5), "`items` must be a whole number >= 1"),
    ],
)
def test_arguments_of_work(open_session, given, words):
    session = open_session()
    with refused(words), session.arm("guided") as arm:
        arm.work(*given)


def test_a_window_inside_a_window(open_session):
    session = open_session()
    with (
        refused("must not lie inside another"),
        session.arm("guided") as arm,
        arm.work("train"),
        arm.work("evaluate"),
    ):
        pass


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"step": 2, "f1": 0.5}, "`report` must be told `accuracy`.*'f1'"),
        ({"step": 2}, "`report` must be told `accuracy`"),
        ({"step": 1, "accuracy": 0.5}, "`step` must be a whole number > 1"),
        ({"step": 2.5, "accuracy": 0.5}, "`step` must be a whole number > 1"),
    ],
)
def test_arguments_of_report(open_session, told, words):
    session = open_session()
    with refused(words), session.arm("guided") as arm:
        train(arm, steps=1)
        arm.report(**told)


def test_too_few_reports_for_the_smoothing(open_session):
    session = open_session(target=hs.target(smoothing=5))
    with refused("must report at least 5 times"), session.arm("guided") as arm:
        train(arm, steps=4)
    assert not list((session.out / "records").glob("*"))


def test_replicates_that_report_at_other_steps(open_session):
    session = open_session()
    run(session, 1, asks=False)
    with (
        refused(r"`step` must be as in the other replicates .* got 7"),
        session.arm("guided", replicate=1) as arm,
    ):
        train(arm, steps=7)
    with (
        refused("must report 6 times, as other replicates did, got 5"),
        session.arm("guided", replicate=1) as arm,
    ):
        train(arm, steps=5)


def test_replicates_that_do_other_work(open_session):
    session = open_session()
    run(session, 1, asks=False)
    with (
        refused("must be of the units of its other replicates"),
        session.arm("guided", replicate=1) as arm,
    ):
        with arm.work("score"):
            pass
        train(arm)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "`seed` must be as the session in"),
        ({"task": "other"}, "`task` must be as the session in"),
        ({"crowd": None}, "`crowd` must be as the session in"),
    ],
)
def test_a_folder_of_another_session(open_session, change, words):
    open_session()
    with refused(words):
        open_session(**change)


def test_results_before_any_run(open_session):
    with refused("`results` must be asked for once a run is finished"):
        open_session().results()


def test_resuming_what_is_no_session(tmp_path):
    with refused("`out` must be the folder of a session"):
        hs.Session.resume(tmp_path)
