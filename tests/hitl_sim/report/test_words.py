import dataclasses

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.chance.claim import Effect
from hitl_sim.analysis.condition.between import judge_at_once
from hitl_sim.analysis.condition.finding import best
from hitl_sim.cost import Prices
from hitl_sim.energy.profile import Constant, MeasuredCost
from hitl_sim.report.number import times
from hitl_sim.report.words import list_checks, tell

PRICES = Prices(boundary="workstation", label_cost="sunk", waiting="held", pue=1.0)


def spoken(result):
    return tell(result).tasks[0]


def test_the_first_line_says_that_no_joule_was_measured(crowded):
    assert tell(crowded).caution.startswith("No joule here was measured")


def cost(*, has_joules):
    counter = Constant(1e-5, 0.9e-5, 1.1e-5, "measured_counter", "a test")
    return MeasuredCost(counter, counter if has_joules else None)


@pytest.mark.parametrize(
    ("timed", "has_joules", "said"),
    [
        (1, False, "modelled from the measured seconds of 1 of"),
        (99, False, "modelled from the measured seconds of all"),
        (1, True, "Some joules here were measured: those of 1 of"),
    ],
)
def test_the_first_line_says_what_was_measured(crowded, timed, has_joules, said):
    unit = dict.fromkeys(list(crowded.work)[:timed], cost(has_joules=has_joules))
    profile = msgspec.structs.replace(crowded.profile, unit=unit)
    line = tell(dataclasses.replace(crowded, profile=profile)).caution
    assert said in line
    assert profile.label in line


def test_people_that_save_too_little_did_not_pay(synthetic, analysed):
    words = spoken(analysed([synthetic.relevance(0.6)], num_replicates=32))
    assert words.answer.startswith(
        "Guidance did not pay back: at best (relevance, typical)"
    )
    assert "million times as dear" in words.answer


def test_people_that_save_nothing_did_not_pay_at_any_size(synthetic, analysed):
    words = spoken(analysed([synthetic.relevance(1.6)], num_replicates=32))
    assert words.answer.startswith(
        "Guidance did not pay back: no arm with people took fewer"
    )
    assert "in energy and money never" in words.break_even or (
        "in energy never" in words.break_even
    )


def test_people_outside_the_boundary_who_keep_no_device_waiting_paid(
    synthetic, analysed
):
    free = msgspec.structs.replace(PRICES, boundary="device_only")
    arm = synthetic.relevance(0.5, wait_s=0.0)
    words = spoken(analysed([arm], prices=free, num_replicates=32))
    assert words.answer == "Guidance paid back in energy: relevance, typical."


def test_nobody_asked_is_said(analysed):
    assert spoken(analysed()).answer.startswith("Nobody was asked")


def test_the_ceiling_keeps_chance_and_constants_apart(crowded):
    words = spoken(crowded)
    assert "The interval is chance; the device's constants leave" in words.upper_bound
    assert "One person's workstation runs" in words.upper_bound
    assert "12 of 12 runs reached it" in words.upper_bound


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (0.5, "a saving of more than the 5 % that matters"),
        (2.0, "a loss of more than the 5 % that matters"),
        (1.0, "the interval holds 1"),
    ],
)
def test_rho_is_judged_by_the_smallest_effect(synthetic, analysed, ratio, verdict):
    words = spoken(analysed([synthetic.relevance(ratio)], num_replicates=32))
    assert verdict in words.rho


def test_a_verdict_says_the_share_of_failures_that_it_survives(synthetic, analysed):
    result = analysed([synthetic.relevance(0.5)], num_replicates=32)
    share = result.tasks[0].findings[0].claim.survived
    assert 0.06 < share < 0.12
    assert (
        f"a saving of more than the 5 % that matters; it stands unless more than"
        f" {100 * share:.2g} % of such runs fail (none of 32 did)"
    ) in spoken(result).rho


def test_a_saving_that_unseen_failures_may_undo_is_withheld(synthetic, analysed):
    result = analysed([synthetic.relevance(0.75)], num_replicates=16)
    claim = result.tasks[0].findings[0].claim
    rho = spoken(result).rho
    assert ": too few failures seen to tell; a saving of more than the 5 %" in rho
    assert f"up to {100 * claim.may_fail:.2g} % may" in rho
    assert f"about {claim.enough:,} replicates of which none fails would do" in rho


def test_the_best_of_many_is_claimed_with_all_judged_at_once(synthetic, analysed):
    arms = [synthetic.relevance(0.7, population=f"p{num}") for num in range(10)]
    rho = spoken(analysed(arms, num_replicates=32)).rho
    assert "the best condition of 10 with people" in rho
    assert "that matters, also with all 10 judged at once ([" in rho


def test_a_claim_that_only_its_own_interval_makes_is_called_that(synthetic, analysed):
    arms = [synthetic.relevance(0.8, population=f"p{num}") for num in range(10)]
    study = {"num_replicates": 64, "sd": 0.25}
    task = analysed(arms, **study).tasks[0]
    leader = best(task.with_people)
    joint = judge_at_once(leader, task.with_people, task.control, 7)
    between = leader.ratio.high + 0.9 * (joint.high - leader.ratio.high)
    result = analysed(arms, smallest_effect=1.0 - between, **study)
    assert best(result.tasks[0].with_people).claim.effect is Effect.SAVES
    assert "by its own interval, but not with all 10 judged at once" in (
        spoken(result).rho
    )


def test_conditions_that_repeat_one_run_for_run_count_once(synthetic, analysed):
    arms = [
        synthetic.relevance(
            settings={"crowd.shared_error": error}, steps=np.linspace(90.0, 110.0, 12)
        )
        for error in (0.0, 0.5)
    ]
    notes = tell(analysed(arms)).notes
    assert any("1 condition is compared (1 more repeat" in note for note in notes)


def test_m_star_shows_the_wider_of_its_intervals(synthetic, analysed):
    result = analysed([synthetic.relevance(0.6)], num_replicates=32)
    found = result.tasks[0].findings[0].at("joules").multiple
    low, high = (float(end) for end in found.quantity.interval)
    assert high / low > found.high / found.low
    assert f"by constants {times(low)} to {times(high)}" in spoken(result).break_even


def test_a_saving_that_may_be_too_small_is_called_that(synthetic, analysed):
    result = analysed(
        [synthetic.relevance(0.6)], num_replicates=32, smallest_effect=0.3
    )
    assert "perhaps of less than the 30 % that matters" in spoken(result).rho


def test_a_saving_that_is_too_small_is_called_that(synthetic, analysed):
    result = analysed(
        [synthetic.relevance(0.6)], num_replicates=32, smallest_effect=0.5
    )
    assert ": a saving of less than the 50 % that matters" in spoken(result).rho


def test_the_best_arms_with_and_without_people_are_named(crowded):
    rho = spoken(crowded).rho
    assert "with people was relevance, perfect" in rho
    assert "without people was random_half" in rho
    assert "The crowd decides: relevance with spammer" in rho


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ((0.6, 2.0), "The crowd decides: relevance with spammer took"),
        ((0.6, 0.62), "Whether the crowd matters cannot be told: relevance with"),
    ],
)
def test_the_crowd_decides_only_where_chance_would_not(
    synthetic, analysed, ratios, said
):
    arms = [
        synthetic.relevance(ratio, population=crowd)
        for ratio, crowd in zip(ratios, ("perfect", "spammer"), strict=True)
    ]
    rho = spoken(analysed(arms, num_replicates=16)).rho
    assert said in rho
    assert "2 crowds, all pairs judged at once" in rho


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.3, "An arm without people saved more: random_half"),
        (0.6, "An arm without people may have saved more: random_half"),
        (0.9, None),
    ],
)
def test_an_arm_without_people_that_saved_more_is_named(
    synthetic, analysed, ratio, said
):
    machine = synthetic.Arm("random_half", ratio=ratio, kind="random_share")
    arms = [synthetic.relevance(0.6), machine]
    answer = spoken(analysed(arms, num_replicates=16)).answer
    assert answer.startswith("Guidance did not pay back: at best (relevance")
    assert ("An arm without people" in answer) is (said is not None)
    assert said is None or said in answer


def test_prices_that_nobody_gave_are_unknown_with_their_reason(crowded):
    words = spoken(crowded).break_even
    assert "in money unknown (the study gives no device_usd_per_h)" in words
    assert "in carbon unknown (no grid region was given)" in words


def test_a_null_arm_that_holds_one_is_reported(crowded):
    assert any("which holds 1" in check for check in spoken(crowded).checks)


@pytest.mark.parametrize(("ratio", "is_weak"), [(0.3, False), (0.9, True)])
def test_a_null_check_says_which_saving_it_could_not_tell_from_an_error(
    synthetic, analysed, ratio, is_weak
):
    arm = synthetic.relevance(ratio)
    [check] = [
        check
        for check in spoken(analysed([synthetic.NULL, arm], num_replicates=32)).checks
        if check.startswith("A/A")
    ]
    assert "which holds 1. An error of the method of up to" in check
    assert ("none as large as the largest saving (relevance" in check) is is_weak


def test_a_null_check_that_bounds_nothing_says_so(synthetic, analysed):
    noisy = dataclasses.replace(synthetic.NULL, ratio=1.0)
    [check] = [
        check
        for check in spoken(analysed([noisy], num_replicates=8, sd=1.0)).checks
        if check.startswith("A/A")
    ]
    assert "of up to a factor of" in check


def test_a_null_check_of_few_replicates_shows_no_error(synthetic, analysed):
    checks = spoken(analysed([synthetic.NULL], num_replicates=4)).checks
    assert any("No error of the method, however large" in check for check in checks)


def test_a_null_arm_that_fails_is_shouted(synthetic, analysed):
    off = dataclasses.replace(synthetic.NULL, ratio=2.0)
    checks = spoken(analysed([off], num_replicates=32)).checks
    assert any("does NOT hold 1" in check for check in checks)


def test_a_study_without_null_arm_says_that_nothing_checks_it(synthetic, analysed):
    checks = spoken(analysed([synthetic.relevance()])).checks
    assert any("no copy of its control" in check for check in checks)


def test_the_conclusion_that_labels_would_change_is_told(synthetic, analysed):
    result = analysed([synthetic.relevance(1.3), synthetic.labelling()])
    (told,) = [c for c in spoken(result).checks if c.startswith("Labels of the pool")]
    assert "relevance, typical pays in energy" in told
    assert "if bought same price" in told


def test_what_unknown_labels_would_change_is_called_unknown(synthetic, analysed):
    checks = spoken(analysed([synthetic.relevance(1.3)])).checks
    (told,) = [c for c in checks if c.startswith("Labels of the pool")]
    assert "if bought same price nothing is known, since no arm" in told


def test_few_replicates_are_told_to_be_too_few(synthetic, analysed):
    checks = spoken(analysed([synthetic.relevance()], num_replicates=4)).checks
    assert any("4 replicates cannot bound anything" in check for check in checks)


def test_failed_runs_are_counted_in_the_notes(crowded):
    notes = " ".join(tell(crowded).notes)
    assert f"1 of {crowded.num_records} runs did not stay finite" in notes


def test_each_of_several_tasks_is_named(crowded):
    two = dataclasses.replace(
        crowded,
        tasks=(crowded.tasks[0], dataclasses.replace(crowded.tasks[0], task="b")),
    )
    first, second = tell(two).tasks
    assert (first.task, second.task) == ("digits", "b")
    assert second.answer.startswith("Guidance did not pay back")


def test_people_are_held_against_the_best_arm_without_them(crowded):
    assert "Beside random_half, relevance, perfect" in spoken(crowded).rho
    assert "of its joules" in spoken(crowded).rho


def test_the_standing_of_the_people_is_told(dialled):
    assert "typical (relevance: assumed" in tell(dialled).notes[0]


def test_a_study_s_note_stands_beside_its_question(synthetic, analysed):
    note = "Another study of this task found otherwise."
    result = analysed([synthetic.relevance()], changes={"note": note})
    assert tell(result).question == "Do people pay?"
    assert tell(result).note == note
    assert not tell(analysed([synthetic.relevance()])).note


def test_the_first_line_warns_of_arms_that_alone_train_better(crowded):
    assert "settings of their own" not in tell(crowded).caution
    arms = [{"name": "relevance", "training": {"learning_rate": 0.04}}]
    study = {**crowded.study, "arm": arms}
    line = tell(dataclasses.replace(crowded, study=study)).caution
    assert "The control was not tuned, but relevance trains with settings" in line


def test_a_control_that_was_not_tuned_is_told(crowded):
    assert "Neither the control nor any arm was tuned" in " ".join(
        spoken(crowded).checks
    )


def test_what_tuning_found_is_told_and_where_it_ended_at_an_end(crowded):
    axis = {"field": "training.learning_rate", "values": None, "low": 1e-3}
    axis |= {"high": 1e-1, "scale": "log"}
    tune = {"people": "none", "bill": "sunk", "trials": 8, "space": [axis]}
    (task, *_) = crowded.tasks
    found = [
        {"base": f'{{"task": "{task.task}"}}', "arm": arm, "values": values}
        for arm, values in (
            ("the target's pilot", {}),
            ("control", {"training.learning_rate": 0.01}),
            ("random_half", {"training.learning_rate": 0.09}),
        )
    ]
    study = {**crowded.study, "tune": tune}
    told = spoken(dataclasses.replace(crowded, study=study, tuning=tuple(found)))
    (said,) = (text for text in told.checks if "tuned alike" in text)
    assert "8 settings of learning_rate each" in said
    assert "nobody was asked, so arms with people have the control's; not on" in said
    assert "the target's pilot as it was; control learning_rate 0.0100" in said
    assert "Of random_half that is at an end of what was searched" in said
    # a study that sweeps its tasks names them among the settings too
    settings = {**task.control.settings, "task": task.task}
    control = dataclasses.replace(task.control, settings=settings)
    swept = dataclasses.replace(task, control=control)
    result = dataclasses.replace(
        crowded, study=study, tuning=tuple(found), tasks=(swept,)
    )
    (again,) = (text for text in list_checks(swept, result) if "tuned alike" in text)
    assert again == said


def test_how_much_of_the_pool_is_corrupted_is_told(crowded):
    (task, *_) = crowded.tasks
    table = {"pool": 1000, "irrelevant": 0.2, "wrong_label": 0.05, "duplicate": 0.0}
    study = {**crowded.study, "task": {task.task: table}}
    said = spoken(dataclasses.replace(crowded, study=study)).pool
    assert "1,000 items, 25 % of them corrupted on purpose (20 % irrelevant, " in said
    table |= {"irrelevant": 0.0, "wrong_label": 0.0}
    said = spoken(dataclasses.replace(crowded, study=study)).pool
    assert "as they were collected: nothing was corrupted" in said


def test_the_size_from_which_people_pay_back_is_told_beside_a_published_one(
    synthetic, analysed
):
    arms = [
        synthetic.Arm("random_half", ratio=0.9, kind="random_share"),
        synthetic.relevance(0.5),
    ]
    said = spoken(analysed(arms, num_replicates=32)).training_size
    assert "against random_half, the best arm without people" in said
    assert "against the control from" in said
    assert "times the energy published for" in said
    assert "to the power 0.25, it is" in said


def test_a_target_that_naming_the_commonest_class_reaches_is_told_first(
    synthetic, analysed
):
    result = analysed([synthetic.relevance()])
    (task,) = result.tasks
    assert not any("commonest" in check for check in list_checks(task, result))
    easy = dataclasses.replace(task, chance=task.target, metric="balanced accuracy")
    first = list_checks(easy, dataclasses.replace(result, tasks=(easy,)))[0]
    assert "validation balanced accuracy is not above what naming" in first
