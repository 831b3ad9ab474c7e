"""What a set of answers holds, and what therefore can and cannot be estimated."""

from dataclasses import dataclass

import numpy as np

from hitl_sim.participants.answers import LABEL, MARKS, PREFERENCE, Answers
from hitl_sim.participants.coded import kinds_of, options_of, to_record
from hitl_sim.participants.idle import IdleSplit, split_idle
from hitl_sim.participants.record import Ints, Record, components

YES, WEAK, NO = "yes", "weakly", "no"

# A rate known from fewer cases than this has a standard error of a tenth or more.
FEW = 25


@dataclass(frozen=True)
class Finding:
    """Whether the answers identify something.

    Attributes:
        what: a trait or a group of traits, in words.
        is_identified: "yes", "weakly" or "no".
        why: what is there, or missing.
    """

    what: str
    is_identified: str
    why: str


@dataclass(frozen=True)
class Inventory:
    """What the answers of one kind hold.

    Attributes:
        kind: kind of answer.
        options: names of the options.
        num_people: people with a row.
        num_items: items with a row.
        num_answers: answers given.
        num_skips: rows without an answer.
        num_gold: items whose right answer is known.
        num_repeats: later looks of a person at an item.
        by_person: answers per person: least, median, most.
        by_item: people per item: least, median, most.
        idle: split of the times; None without times.
        findings: what can be estimated.
    """

    kind: str
    options: tuple[str, ...]
    num_people: int
    num_items: int
    num_answers: int
    num_skips: int
    num_gold: int
    num_repeats: int
    by_person: tuple[int, int, int]
    by_item: tuple[int, int, int]
    idle: IdleSplit | None
    findings: tuple[Finding, ...]


def take_stock(answers: Answers, kind: str | None = None) -> Inventory:
    """Say what answers hold and what they identify.

    Args:
        answers: an import.
        kind: kind of answer; the most frequent one if None.

    Raises:
        ValueError: there is no answer of that kind.
    """
    kind = kinds_of(answers)[0] if kind is None else kind
    record = to_record(answers, kind)
    idle = None
    if record.seconds is not None:
        idle = split_idle(record.seconds, record.person)
    given = record.answer >= 0
    return Inventory(
        kind=kind,
        options=options_of(answers, kind),
        num_people=record.num_people,
        num_items=record.num_items,
        num_answers=int(given.sum()),
        num_skips=int((~given).sum()),
        num_gold=int((record.truth >= 0).sum()),
        num_repeats=int((record.occasion > 0).sum()),
        by_person=_range(np.bincount(record.person[given]).astype(np.int64)),
        by_item=_range(np.bincount(record.item[given]).astype(np.int64)),
        idle=idle,
        findings=tuple(_findings(record, kind, answers.has("confidence"), idle)),
    )


def _range(counts: Ints) -> tuple[int, int, int]:
    there = counts[counts > 0]
    if not there.size:
        return 0, 0, 0
    return int(there.min()), int(np.median(there)), int(there.max())


def _findings(
    record: Record, kind: str, has_confidence: bool, idle: IdleSplit | None
) -> list[Finding]:
    found = [*_quality(record, kind), *_consistency(record, kind), _skips(record)]
    found += _times(record, idle)
    if has_confidence:
        why = "stated; the model's confidence is a read-out and has nothing to fit"
        found.append(Finding("confidence", NO, why))
    return [finding for finding in found if finding is not None]


def _quality(record: Record, kind: str) -> list[Finding | None]:
    per_item = np.bincount(record.item[record.answer >= 0])
    several = int((per_item >= 2).sum())
    if kind == PREFERENCE:
        if record.objects is None:
            why = "nobody says which objects are compared (first_object, second_object)"
            return [Finding("worth of objects, skill", NO, why)]
        seen = np.bincount(record.objects.ravel())
        why = f"objects are compared in {np.median(seen):g} pairs (median)"
        least = YES if np.median(seen) >= 3 else WEAK
        return [Finding("worth of objects, skill, band of ties", least, why)]
    if kind == MARKS:
        why = f"{several} items were marked by two people or more"
        return [Finding("skill, criterion", YES if several >= FEW else WEAK, why)]
    known = int((record.truth[record.item] >= 0).sum())
    found: list[Finding | None] = []
    if known >= FEW:
        why = f"{known} answers to items with gold"
        found.append(Finding("skill", YES, why))
        if kind == LABEL:
            found.append(_classes(record))
    elif several >= FEW:
        islands = np.unique(components(record.person, record.item)).size
        why = f"no gold; {several} items were answered by two people or more"
        if islands > 1:
            why += f", but people fall in {islands} groups that never meet"
        found.append(Finding("skill", WEAK, why))
    else:
        found.append(Finding("skill", NO, "neither gold nor items that people share"))
    return found


def _classes(record: Record) -> Finding:
    truth = record.truth[record.item]
    count = np.bincount(truth[truth >= 0], minlength=record.num_options)
    least = int(count.min())
    status = YES if least >= FEW else WEAK if least else NO
    why = f"the rarest class has {least} answers"
    return Finding("confusion of classes", status, why)


def _consistency(record: Record, kind: str) -> list[Finding | None]:
    per_item = np.bincount(record.item[record.answer >= 0])
    pairs = int((per_item * (per_item - 1) // 2).sum())
    shared = Finding("shared error", NO, "no item was answered by two people")
    if kind == PREFERENCE:
        why = "what all people see in an object is its worth: the two cannot be told"
        shared = Finding("shared error", NO, why)
    elif pairs >= FEW:
        status = YES if pairs >= 10 * FEW else WEAK
        shared = Finding("shared error", status, f"{pairs} pairs of answers to an item")
    repeats = int((record.occasion > 0).sum())
    own = Finding("repeatability", NO, "nobody answered an item twice")
    if repeats:
        status = YES if repeats >= 4 * FEW else WEAK
        own = Finding("repeatability", status, f"{repeats} second looks")
    most = int(np.bincount(record.person).max())
    why = f"the busiest person gave {most} answers; errors of skill look like guesses"
    return [shared, own, Finding("lapse", WEAK, why)]


def _skips(record: Record) -> Finding | None:
    skips = int((record.answer < 0).sum())
    if not skips:
        return Finding("abstention", NO, "nobody skipped an item")
    return Finding("abstention", YES if skips >= FEW else WEAK, f"{skips} skips")


def _times(record: Record, idle: IdleSplit | None) -> list[Finding]:
    if record.seconds is None or idle is None:
        return [Finding("times", NO, "no seconds are recorded")]
    timed = int(np.isfinite(record.seconds).sum())
    enough = YES if timed >= 4 * FEW else WEAK
    paused = f"{idle.share:.1%} of answers look interrupted"
    found = [
        Finding("pace, spread, conflict", enough, f"{timed} answers have a time"),
        Finding("pauses", enough, paused),
    ]
    if record.is_ordered:
        found.append(Finding("practice, slow drift", enough, "the order is recorded"))
    else:
        found.append(Finding("practice, slow drift", NO, "no order is recorded"))
    if record.size.std() > 0:
        found.append(Finding("length", enough, "the size of items is recorded"))
    else:
        found.append(Finding("length", NO, "no size of items is recorded"))
    return found
