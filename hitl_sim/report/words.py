"""A report in words: what opens it, and its methods and citation for a paper."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hitl_sim import __version__
from hitl_sim.analysis.chance.claim import Effect, judge
from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import ends_of
from hitl_sim.analysis.chance.interval import MIN_REPLICATES, NUM_RESAMPLES
from hitl_sim.analysis.condition.across import (
    MIN_PREDICTED,
    MIN_TASKS,
    across_study,
)
from hitl_sim.analysis.condition.between import (
    Joint,
    beside,
    distinct,
    judge_at_once,
    judge_pairs,
)
from hitl_sim.analysis.condition.break_even import AXIS_NAMES, Answer
from hitl_sim.analysis.condition.by_target import TOLD, disagreeing
from hitl_sim.analysis.condition.confirmation import Confirmation, judged_apart
from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    best,
    cheapest,
    reference_arms,
)
from hitl_sim.analysis.condition.growth import find_scalings
from hitl_sim.analysis.condition.surface import find_surfaces
from hitl_sim.analysis.condition.training_size import (
    BETAS,
    CONTROL_NAME,
    TrainingSize,
)
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.analysis.run.tuning import UNTUNED
from hitl_sim.cost import MEASURES, LabelCost, Measure, PublishedRun, nearest_run
from hitl_sim.report.across import tell_across
from hitl_sim.report.decision import tell_decision
from hitl_sim.report.number import energy_text, percent
from hitl_sim.report.sentence import say
from hitl_sim.report.study_table import (
    evidence_words,
    growth_note,
    has_others,
    has_real_people,
    tell_growth,
)
from hitl_sim.report.surface import tell_surfaces

_ENDS = {
    Answer.YES: "pays",
    Answer.NO: "does not pay",
    Answer.UNDETERMINED: "may pay",
}


@dataclass(frozen=True)
class TaskWords:
    """What one task says.

    Attributes:
        answer: whether people paid, and why.
        pool: how much of the data is corrupted on purpose.
        upper_bound: what the control spends.
        rho: what people saved or cost.
        targets: the same at other targets, and read otherwise; empty where no arm
            reached.
        training_size: from which size of training people pay back: E*.
        break_even: how much dearer training would have to be.
        checks: A/A, labels, failures, and what else a reader has to know.
        decision: how surely people pay, from where on, and what is worth knowing;
            empty where no verdict was asked for.
    """

    task: str
    answer: str
    pool: str
    upper_bound: str
    training_size: str
    rho: str
    targets: str
    break_even: str
    checks: tuple[str, ...]
    decision: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """Everything that opens a report.

    Attributes:
        caution: what kind of joules these are; the first line.
        changed: what of the plan was changed after the first record; empty where
            nothing was.
        note: what its author wants to be read beside the answer.
        notes: what holds for the whole study.
    """

    caution: str
    changed: str
    question: str
    note: str
    tasks: tuple[TaskWords, ...]
    notes: tuple[str, ...]


def tell(result: StudyResult, verdicts: Sequence[Verdict] = ()) -> Words:
    """Put a result into words; without verdicts no decision is told."""
    weighed: Sequence[Verdict | None] = verdicts or [None] * len(result.tasks)
    own = own_training(result)
    return Words(
        caution=say(
            "caution.all",
            result=result,
            origin=say("caution.origin", result=result, total=len(result.work)),
            asked=[bool(f.replay) for task in result.tasks for f in task.with_people],
            is_fitted=has_others(result),
            is_live=has_real_people(result),
            own=say("check.untuned", own=own) if own else "",
        ),
        changed=say("plan.changed", changes=result.plan_changes)
        if result.plan_changes
        else "",
        question=result.question,
        note=result.note,
        tasks=tuple(
            TaskWords(
                task=task.label,
                answer=tell_answer(task, result),
                pool=tell_pool(task, result),
                upper_bound=tell_upper_bound(task, result),
                training_size=tell_training_size(task, result),
                rho=tell_ratio(task, result),
                targets=tell_targets(task, result),
                break_even=tell_break_even(task),
                checks=list_checks(task, result),
                decision=()
                if verdict is None
                else tell_decision(verdict, result.prices.boundary),
            )
            for task, verdict in zip(result.tasks, weighed, strict=True)
        ),
        notes=_notes(result),
    )


def _notes(result: StudyResult) -> tuple[str, ...]:
    people = evidence_words(result)
    return (
        *([say("note.people", people=people)] if people else []),
        *tell_across(across_study(result)),
        *tell_surfaces(find_surfaces(result)),
        *study_notes(result),
    )


def study_notes(result: StudyResult) -> tuple[str, ...]:
    """Say what holds for all comparisons of a study, and what it leaves out."""
    num = sum(len(distinct(task.findings)) for task in result.tasks)
    same = sum(len(task.findings) for task in result.tasks) - num
    notes = [say("note.many", num=num, same=same)]
    if result.stopping:
        rule = result.study["replicates"]
        notes.append(say("note.stopping", found=result.stopping, rule=rule))
    if result.failed:
        failed = len(result.failed)
        notes.append(say("note.failed", failed=failed, runs=result.num_records))
    scalings = find_scalings(result)
    if scalings:
        notes.append(say("note.growth", note=growth_note(scalings)))
        notes.extend(tell_growth(scaling) for scaling in scalings)
    notes.extend(say("note.left_out", reason=reason) for reason in result.skipped)
    return tuple(notes)


def tell_answer(task: TaskResult, result: StudyResult) -> str:
    """Say whether people paid in energy, here and as training grows."""
    asked = task.with_people
    if not asked:
        return say("answer.nobody")
    soonest, leader = cheapest(asked, "joules"), best(asked)
    return say(
        "answer.asked",
        found={
            answer.name: [f for f in asked if f.at("joules").pays_here is answer]
            for answer in Answer
        },
        reason=asked[0].at("joules").multiple.quantity.reason,
        num=len(asked),
        soonest=None if leader is None else soonest,
        leader=leader,
        doubt="" if soonest is None else _doubt(soonest),
        machine=_machine_sentence(task, result, "answer.machine"),
    )


def _doubt(finding: Finding) -> str:
    """Say why a saving may be none."""
    fragile = say("training_size.fragile")
    return say("answer.doubt", finding=finding, fragile=fragile)


def _machine_sentence(task: TaskResult, result: StudyResult, name: str) -> str:
    """Hold the best arm with people against the best without."""
    people, machine = best(task.with_people), best(task.without_people)
    if people is None or machine is None:
        return ""
    ratio = beside(people, machine, result.seed)
    return say(name, people=people, machine=machine, ratio=ratio)


def tell_upper_bound(task: TaskResult, result: StudyResult) -> str:
    """Say what the control spends, with chance and constants apart."""
    spent = task.control.joules
    if not math.isfinite(spent.value):
        return say("upper_bound.unknown", task=task)
    constants = ""
    if spent.quantity.interval is not None:
        constants = energy_text(spent.value, *ends_of(spent.quantity))
    told = {"fraction": result.fraction, "constants": constants}
    return say("upper_bound.known", task=task, **told)


CORRUPTIONS = ("irrelevant", "duplicate", "wrong_label")
"""Fields of a task by which its pool is corrupted, as shares of it."""


def tell_pool(task: TaskResult, result: StudyResult) -> str:
    """Say how much of the pool is corrupted on purpose; a benefit may be built in."""
    table = dict(result.study.get("task", {}).get(task.task, {}))
    table |= {
        name.removeprefix("task."): value
        for name, value in task.control.settings.items()
        if name.startswith("task.")
    }
    if "pool" not in table:
        return ""
    shares = {name: float(table.get(name, 0.0)) for name in CORRUPTIONS}
    found = {name: share for name, share in shares.items() if share > 0.0}
    judges = table.get("validation_by", "gold"), table.get("validation_people")
    told = {"found": found, "whole": sum(found.values()), "judges": judges}
    return say("pool.all", size=table["pool"], **told)


def tell_training_size(task: TaskResult, result: StudyResult) -> str:
    """Say from which size of training people pay back, and what they add."""
    if not task.with_people:
        return say("training_size.nobody")
    counts = dict.fromkeys((1, result.trainings))
    told = [
        say(
            "training_size.against",
            task=task,
            is_machine=is_machine,
            trainings=count,
            found=soonest_size(task, place, is_machine=is_machine),
            fragile=say("training_size.fragile"),
        )
        for is_machine in (True, False)
        for place, count in enumerate(counts)
        # where none is better than the control, both ask the same
        if not (is_machine and task.machine == CONTROL_NAME)
    ]
    leader = soonest_size(task, len(counts) - 1, is_machine=True)
    return say(
        "training_size.all",
        told=told,
        is_alone=task.machine == CONTROL_NAME,
        trainings=result.trainings,
        grown=say("training_size.grown", size=leader.size, betas=BETAS[1:])
        if math.isfinite(leader.size.joules.value)
        else "",
    )


class SoonestSize(NamedTuple):
    """The condition with people that pays back at the smallest training."""

    finding: Finding
    size: TrainingSize
    nearest: PublishedRun | None


def soonest_size(task: TaskResult, place: int, *, is_machine: bool) -> SoonestSize:
    """Find it against the control or the best machine, at one count of trainings."""
    sizes = [
        (finding, (finding.over_machine if is_machine else finding.over_control)[place])
        for finding in task.with_people
    ]
    finding, size = min(sizes, key=lambda one: one[1].order)
    known = size.joules.value
    nearest = nearest_run(known) if 0.0 < known < math.inf else None
    return SoonestSize(finding, size, nearest)


def tell_ratio(task: TaskResult, result: StudyResult) -> str:
    """Say which arm was best, with people and without, and how the crowd mattered."""
    sentences = []
    for who, findings in (
        ("with people", task.with_people),
        ("without people", task.without_people),
    ):
        leader = best(findings)
        if leader is not None:
            joint = judge_at_once(leader, findings, task.control, result.seed)
            verdict = _verdict(leader, joint, result)
            told = {"who": who, "leader": leader, "joint": joint, "verdict": verdict}
            apart = judged_apart(findings, task.control)
            again = _again(task, leader, result)
            sentences.append(say("ratio.best", **told, apart=apart, again=again))
    return say(
        "ratio.all",
        found="; ".join(sentences) or say("ratio.unknown"),
        beside=_machine_sentence(task, result, "ratio.beside"),
        crowd=_crowd_sentence(task, result),
    )


def _again(
    task: TaskResult, leader: Finding, result: StudyResult
) -> Confirmation | None:
    """Return how a condition fared on fresh seeds, if it was run on any."""
    place = result.tasks.index(task)
    own = (one for one in result.confirmations if one.place == place)
    return next((one for one in own if one.label == leader.label), None)


def tell_targets(task: TaskResult, result: StudyResult) -> str:
    """Say how the best arm with people fares at other targets, and read otherwise."""
    asked = [f for f in reference_arms(task) if f.has_people]
    leader = best(asked)
    if leader is None or not math.isfinite(leader.ratio.value):
        return ""
    found = next((one for one in task.by_target if one.label == leader.label), None)
    if found is None:
        return ""
    apart = disagreeing(found, leader.ratio.value, result.smallest_effect)
    return say(
        "ratio.targets",
        found=found,
        leader=leader,
        told=[(way, found.at(way)) for way in TOLD],
        apart=apart,
    )


def _verdict(finding: Finding, joint: Joint, result: StudyResult) -> str:
    """Say what is claimed of the best condition, and what would undo it."""
    claim, ratio = finding.claim, finding.ratio
    effect = judge(joint.low, joint.high, result.smallest_effect)
    return say(
        "ratio.verdict",
        claim=claim,
        side="saving" if ratio.high < 1.0 else "loss" if ratio.low > 1.0 else "",
        matters=result.smallest_effect,
        joint=joint,
        is_withheld=claim.effect is Effect.TOO_FEW_FAILURES,
        is_joint=effect is claim.effect,
    )


def _crowd_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say how far the crowd moves rho of the best arm, and whether chance would."""
    leader = best(task.with_people)
    if leader is None:
        return ""
    same = [
        f
        for f in task.with_people
        if f.name == leader.name and not math.isnan(f.ratio.value)
    ]
    worst = max(same, key=lambda f: f.ratio.value)
    if worst is leader:
        return ""
    pair = judge_pairs(worst, leader, same, task.control, result.seed)
    return say("ratio.crowd", best=leader, worst=worst, pair=pair)


def tell_break_even(task: TaskResult) -> str:
    """Say when people pay back; measures that end alike share a clause."""
    clauses: dict[str, list[str]] = {}
    for measure in MEASURES:
        clauses.setdefault(_clause(task, measure), []).append(AXIS_NAMES[measure])
    parts = [
        say("break_even.clause", names=names, when=clause)
        for clause, names in clauses.items()
    ]
    return say("break_even.all", clauses=parts)


def _clause(task: TaskResult, measure: Measure) -> str:
    """Say when the soonest arm pays back, by one measure."""
    asked = task.with_people
    if not asked:
        return say("break_even.nobody")
    soonest = cheapest(asked, measure)
    if soonest is not None:
        found, doubt = soonest.at(measure), _doubt(soonest)
        bare = soonest.without_rent if measure == "usd" else None
        told = {"found": found, "doubt": doubt, "bare": bare}
        return say("break_even.from", finding=soonest, **told)
    ends = [f.at(measure) for f in asked]
    unknown = [b.multiple.quantity for b in ends if b.payback is Payback.UNKNOWN]
    is_open = any(b.is_undetermined and math.isfinite(b.multiple.low) for b in ends)
    return say("break_even.never", unknown=unknown, is_open=is_open)


def list_checks(task: TaskResult, result: StudyResult) -> tuple[str, ...]:
    """List what a reader has to know before believing a task's figures."""
    checks = [_null_sentence(task), _label_sentence(task, result)]
    if not own_training(result):
        # else it is told above everything
        checks.insert(0, _tuned_sentence(task, result))
    if task.target <= task.chance:
        checks.insert(0, say("check.below_chance", task=task))
    if task.without_target:
        checks.append(say("check.without_target", replicates=task.without_target))
    missing = [f for f in task.findings if f.num_missing]
    if missing:
        checks.append(say("check.missing", found=missing))
    if task.without_runs:
        checks.append(say("check.without_runs", found=task.without_runs))
    if len(task.replicates) < MIN_REPLICATES:
        num = len(task.replicates)
        checks.append(say("check.few", num=num, least=MIN_REPLICATES))
    return tuple(checks)


def own_training(result: StudyResult) -> list[str]:
    """Name arms that train with settings of their own beside a control untuned."""
    if result.study.get("tune") is not None:
        return []
    arms = result.study.get("arm", ())
    return [str(arm["name"]) for arm in arms if arm.get("training")]


def _tuned_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say whether control and arms were tuned, and what that did to the control."""
    tune = result.study.get("tune")
    if tune is None:
        return say("check.untuned", own=())
    before = next((f for f in task.findings if f.role == UNTUNED), None)
    found = [row for row in result.tuning if _is_of(row, task)]
    return say(
        "check.tuned",
        tune=tune,
        fields=[axis["field"].partition(".")[2] for axis in tune["space"]],
        before=before,
        found=found,
        at_end=[row["arm"] for row in found if _is_at_end(row["values"], tune)],
    )


def _is_at_end(values: Mapping[str, Any], tune: Mapping[str, Any]) -> bool:
    """Whether a setting is among the outermost that a range is cut into by trials."""
    for axis in tune["space"]:
        low, high, value = axis["low"], axis["high"], values.get(axis["field"])
        if value is None or low is None:
            continue
        if axis["scale"] == "log":
            low, high, value = map(math.log, (low, high, value))
        place = (value - low) / (high - low)
        if min(place, 1.0 - place) < 1.0 / tune["trials"]:
            return True
    return False


def _is_of(row: Mapping[str, Any], task: TaskResult) -> bool:
    """Whether what a search found is of a task with what else is swept of it."""
    base = json.loads(row["base"])
    # the task itself may be swept
    return bool(base == {**task.control.settings, "task": task.task})


def _null_sentence(task: TaskResult) -> str:
    """Say what the A/A check shows, and how large an error it would not."""
    if task.null is None:
        return say("check.no_null")
    ratio = task.null.ratio
    if not ratio.holds(1.0):
        return say("check.null_fails", ratio=ratio)
    most = max(ratio.high, 1.0 / ratio.low if ratio.low > 0.0 else math.inf)
    leader = best(f for f in task.findings if f.role == "arm")
    is_hidden = leader is not None and ratio.low <= leader.ratio.value < 1.0
    hidden = leader if is_hidden else None
    return say("check.null_holds", ratio=ratio, most=most, best=hidden)


def _label_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say where the conclusion would differ if the control's labels stood otherwise."""
    label_cost = result.prices.label_cost
    changes = [
        change
        for finding in task.findings
        if finding.role == "arm"
        for change in _changes(finding, label_cost)
    ]
    # whether another label_cost leaves nothing known because a label's time is not
    is_unknown = not result.label_s.is_known and any(
        case.pays_here is Answer.UNKNOWN and case.measure == "joules"
        for finding in task.findings
        for other, case in finding.label_cases
        if other == "bought_same_price"
    )
    return say(
        "check.labels",
        label_cost=label_cost.replace("_", " "),
        changes=changes,
        reason=result.label_s.reason if is_unknown else "",
    )


def _changes(finding: Finding, label_cost: LabelCost) -> list[str]:
    """Say what another label_cost of the labels would change for one condition."""
    found: dict[tuple[LabelCost, Answer], list[str]] = {}
    for other, case in finding.label_cases:
        is_other = case.pays_here is not finding.at(case.measure).pays_here
        if other != label_cost and is_other and case.pays_here in _ENDS:
            found.setdefault((other, case.pays_here), []).append(case.axis)
    return [
        say(
            "check.labels_change",
            finding=finding,
            ends=_ENDS[answer],
            axes=axes,
            label_cost=other.replace("_", " "),
        )
        for (other, answer), axes in found.items()
    ]


def methods(result: StudyResult) -> tuple[str, ...]:
    """Say how the numbers were found, for a reader who wants to check them."""
    spread = [
        finding.variance_saved_frac
        for task in result.tasks
        for finding in task.findings
        if finding.variance_saved_frac is not None
    ]
    low, high = (percent(end(spread)) if spread else "" for end in (min, max))
    paired = say("method.paired", low=low, high=high) if spread else ""
    horizons = "; ".join(say("method.horizon", task=task) for task in result.tasks)
    fraction, smallest = percent(result.fraction), percent(result.smallest_effect)
    return (
        say(
            "method.target",
            fraction=fraction,
            smoothing=result.smoothing,
            metric=result.tasks[0].metric,
        ),
        say("method.censoring", horizons=horizons),
        say("method.chance", resamples=NUM_RESAMPLES, paired=paired),
        say("method.constants"),
        say("method.bill"),
        say("method.decision", resamples=NUM_RESAMPLES),
        *_across_method(result),
        say("method.effect", smallest=smallest),
    )


def _across_method(result: StudyResult) -> list[str]:
    """Say how tasks are put together, where there are several."""
    if not across_study(result):
        return []
    return [say("method.across", least=MIN_TASKS, predicted=MIN_PREDICTED)]


def methods_paragraph(result: StudyResult) -> str:
    """Write the methods of a study as one paragraph."""
    study = result.study
    training = study.get("training", {})
    given = ", ".join(
        f"{name} {value}" for name, value in training.items() if value is not None
    )
    prices = result.prices
    return say(
        "method.paper",
        version=__version__,
        metric=result.tasks[0].metric,
        tasks=", ".join(dict.fromkeys(task.task for task in result.tasks)),
        replicates=max(len(task.replicates) for task in result.tasks),
        people=_annotators(result),
        trained=say("method.trained", given=given) if given else "",
        fraction=percent(result.fraction),
        smoothing=result.smoothing,
        joules="measured" if result.is_measured else "modelled",
        profile=result.profile.label,
        boundary=prices.boundary.replace("_", " "),
        labels=prices.label_cost.replace("_", " "),
        resamples=NUM_RESAMPLES,
        smallest=percent(result.smallest_effect),
        seed=result.seed,
    )


def _annotators(result: StudyResult) -> str:
    """Say who answered."""
    asked = [f for t in result.tasks for f in t.with_people if f.population]
    said = ""
    for is_replayed, words in ((False, "simulated"), (True, "replayed")):
        names = {str(f.population) for f in asked if bool(f.replay) == is_replayed}
        if names:
            given = {"is_live": has_real_people(result)} if is_replayed else {}
            said += say(f"method.{words}", names=", ".join(sorted(names)), **given)
    return said or say("method.nobody")


def bibtex() -> str:
    """Return the citation of this version."""
    return say("cite.bibtex", version=__version__)
