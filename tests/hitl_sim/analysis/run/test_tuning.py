"""What a search takes, on the bill of each run."""

import numpy as np
import pytest

from hitl_sim.analysis.run.record import RunGroup, WorkLine
from hitl_sim.analysis.run.tuning import TUNE, share_tuning, tuning_share

R, C = 3, 4


def group(arm, role, *, steps=(1.0, 2.0, 3.0, 4.0), paid=0.0, replicate=(0, 1, 2)):
    ones = np.ones((len(replicate), C))
    zero = np.zeros((len(replicate), C))
    work = (
        WorkLine("train:a", "train", "protocol", ones * np.array(steps)),
        WorkLine("evaluate:a", "evaluate", "instrument", ones),
    )
    return RunGroup(
        condition=f"{arm}{role}{steps}",
        base="base",
        task="digits",
        arm=arm,
        role=role,
        kind="whole_pool",
        population=None,
        settings={},
        parameters={},
        replicate=np.array(replicate),
        is_ok=np.ones(len(replicate), bool),
        outcome=("ok",) * len(replicate),
        step=ones,
        fit_step=ones,
        validation_accuracy=ones,
        test_accuracy=ones,
        work=work,
        asked=zero,
        answered=zero,
        worked_s=zero,
        paid_s=ones * paid,
        wait_s=zero,
        elapsed_s=zero,
        requester_s=zero[:, 0],
        pool_labels=zero[:, 0],
        validation_labels=zero[:, 0],
        shares={},
        replay={},
    )


def study(bill, people="replayed", trainings=1):
    return {
        "tune": {"bill": bill, "people": people},
        "reuse": {"trainings": trainings},
    }


GROUPS = [
    group("control", "control"),
    group("control", "pilot"),
    group("people", "arm", paid=10.0),
    group("other", "arm"),
    group("control", "trial", replicate=(9, 10)),
    group("control", "trial_pilot", steps=(7.0, 7.0, 7.0, 7.0), replicate=(9, 10)),
    group("people", "trial", paid=20.0, replicate=(9, 10)),
    group("people", "trial", steps=(0.0, 0.0, 0.0, 1.0), paid=30.0, replicate=(9,)),
]


def tune_of(found):
    return [line for line in found.work if line.phase == TUNE]


@pytest.mark.parametrize(
    ("bill", "trainings", "share"),
    [("sunk", 4, 0.0), ("shared", 4, 0.25), ("billed", 4, 1.0)],
)
def test_what_share_is_billed_is_the_studys_choice(bill, trainings, share):
    assert tuning_share(study(bill, trainings=trainings)) == share
    assert tuning_share({}) == 0.0


def test_every_run_has_its_arms_trials_on_the_bill():
    before = group("control_untuned", "untuned")
    *found, same = share_tuning([*GROUPS, before], study("billed"))
    control, pilot, people, other, *trials = found
    # nobody searched for what the control was before
    assert same is before
    # two runs to the cap of four; what fixed the target is nobody's
    (line,) = tune_of(control)
    assert (line.unit, line.purpose) == ("train:a", "protocol")
    assert (line.count == 8.0).all()
    # one trial of two runs, another of one
    assert (tune_of(people)[0].count == 9.0).all()
    # an arm without trials of its own has the control's settings
    assert (tune_of(other)[0].count == 8.0).all()
    assert not tune_of(pilot)
    assert trials == GROUPS[4:]


@pytest.mark.parametrize(("people", "paid"), [("replayed", 50.0), ("fresh", 70.0)])
def test_people_are_paid_once_where_trials_are_replayed(people, paid):
    # on replicate 9 they took 20 and 30 s in two trials, on 10 they took 20
    found = share_tuning(GROUPS, study("billed", people))[2]
    assert (found.paid_s == 10.0 + paid).all()


def test_a_sunk_search_leaves_the_bill_alone():
    assert share_tuning(GROUPS, study("sunk")) == tuple(GROUPS)
    half = share_tuning(GROUPS, study("shared", trainings=2))[0]
    assert (tune_of(half)[0].count == 4.0).all()
