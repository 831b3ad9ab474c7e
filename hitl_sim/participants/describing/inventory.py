"""What a set of answers holds, and what therefore can and cannot be estimated."""

from dataclasses import dataclass

import numpy as np

from hitl_sim.participants.answers import (
    LABEL,
    MARKS,
    PREFERENCE,
    Answers,
    kinds_of,
    options_of,
    to_record,
)
from hitl_sim.participants.describing.idle import IdleSplit, split_idle
from hitl_sim.participants.record import Ints, Record, components

YES, WEAK, NO = "yes", "weakly", "no"

# A rate known from fewer cases than this has a standard error of a tenth or more.
FEW = 25

_NOTHING_SHARED = "neither gold nor items that people share"
_SKILLS = ("skill", "skill, criterion", "worth of objects, skill")


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

    Of the most frequent kind of answer, if none is named.

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
        findings=find(record, kind, answers.has("confidence"), idle),
    )


def _range(counts: Ints) -> tuple[int, int, int]:
    there = counts[counts > 0]
    if not there.size:
        return 0, 0, 0
    return int(there.min()), int(np.median(there)), int(there.max())


def find(
    record: Record,
    kind: str,
    has_confidence: bool = False,
    idle: IdleSplit | None = None,
) -> tuple[Finding, ...]:
    """Say what a record can identify.

    `idle` is a split of the times, for the reason that is given for pauses.
    """
    found = [*_quality(record, kind), *_consistency(record, kind)]
    skips, none = int((record.answer < 0).sum()), "nobody skipped an item"
    found.append(_by_count("abstention", skips, "skips", FEW, none))
    if kind == LABEL:
        found.append(_change(record))
    found += _times(record, idle)
    if has_confidence:
        why = "stated; the model's confidence is a read-out and has nothing to fit"
        found.append(Finding("confidence", NO, why))
    if any(f.what in _SKILLS and f.is_identified == NO for f in found):
        found = [
            Finding(f.what, NO, "skill is not identified") if f.what == "lapse" else f
            for f in found
        ]
    return tuple(found)


def _counted(count: int, what: str, least: int) -> str:
    """Say what is there, and the threshold that it does not reach."""
    return f"{count} {what}" + (f", fewer than {least}" if count < least else "")


def _by_count(what: str, count: int, of: str, least: int, none: str = "") -> Finding:
    """Judge by how many cases there are; `none` says that there is nothing."""
    if none and not count:
        return Finding(what, NO, none)
    status = YES if count >= least else WEAK
    return Finding(what, status, _counted(count, of, least))


def _shared_items(record: Record) -> Ints:
    """Count the people who answered each item."""
    first = (record.answer >= 0) & (record.occasion == 0)
    return np.bincount(record.item[first], minlength=record.num_items)


def _quality(record: Record, kind: str) -> list[Finding]:
    several = int((_shared_items(record) >= 2).sum())
    if kind == PREFERENCE:
        if record.objects is None:
            why = "nobody says which objects are compared (first_object, second_object)"
            return [Finding("worth of objects, skill", NO, why)]
        middle = float(np.median(np.bincount(record.objects.ravel())))
        why = f"objects are compared in {middle:g} pairs (median)"
        why += ", fewer than 3" if middle < 3 else ""
        what = "worth of objects, skill, band of ties"
        return [Finding(what, YES if middle >= 3 else WEAK, why)]
    if kind == MARKS:
        marked = "items were marked by two people or more"
        return [_by_count("skill, criterion", several, marked, FEW)]
    known = int(((record.truth[record.item] >= 0) & (record.answer >= 0)).sum())
    if known >= FEW:
        found = [Finding("skill", YES, f"{known} answers to items with gold")]
        return [*found, _classes(record)] if kind == LABEL else found
    gold = f"{known} answers to items with gold, fewer than {FEW}; " if known else ""
    if not several:
        why = f"{gold}no item is shared" if gold else _NOTHING_SHARED
        return [Finding("skill", NO, why)]
    gold = gold or "no gold; "
    if several < FEW:
        why = f"{gold}{several} items are shared, fewer than {FEW}"
        return [Finding("skill", NO, why)]
    why = f"{gold}{several} items were answered by two or more"
    islands = np.unique(components(record.person, record.item)).size
    if islands > 1:
        why += f", but people fall in {islands} groups that never meet"
    return [Finding("skill", WEAK, why)]


def _classes(record: Record) -> Finding:
    truth = record.truth[record.item]
    count = np.bincount(truth[truth >= 0], minlength=record.num_options)
    least = int(count.min())
    status = YES if least >= FEW else WEAK if least else NO
    why = f"the rarest class has {_counted(least, 'answers', FEW)}"
    return Finding("confusion of classes", status, why)


def _change(record: Record) -> Finding:
    """Say whether skill can be seen to change; breaks are recorded nowhere."""
    what = "learning and fatigue"
    if not record.is_ordered:
        return Finding(what, NO, "no order is recorded")
    known = int(((record.truth[record.item] >= 0) & (record.answer >= 0)).sum())
    of = "ordered answers to items with gold"
    found = _by_count(what, known, of, 4 * FEW, "no ordered answer has gold")
    if found.is_identified == NO:
        return found
    why = f"{found.why}; the two together, breaks would tell them apart"
    return Finding(what, found.is_identified, why)


def _difficulty(record: Record) -> Finding:
    """Say whether hard items can be told from errors that people share."""
    what = "difficulty of items"
    if record.num_options < 3:
        why = "with two options it is shared error: both let people err on one item"
        return Finding(what, NO, why)
    pairs = _shared_items(record)
    count = int((pairs * (pairs - 1) // 2).sum())
    none = "no item was answered by two people"
    return _by_count(what, count, "pairs of answers to an item", 10 * FEW, none)


def _consistency(record: Record, kind: str) -> list[Finding]:
    repeats = int((record.occasion > 0).sum())
    none = "nobody answered an item twice"
    own = _by_count("repeatability", repeats, "second looks", 4 * FEW, none)
    most = int(np.bincount(record.person).max())
    why = f"the busiest person gave {most} answers; errors of skill look like guesses"
    found = [_shared_error(record, kind), own, Finding("lapse", WEAK, why)]
    return [*found, _difficulty(record)] if kind == LABEL else found


def _shared_error(record: Record, kind: str) -> Finding:
    """Say whether people can be seen to err on the same items."""
    what, people = "shared error", _shared_items(record)
    if kind == PREFERENCE:
        why = "what all people see in an object is its worth: the two cannot be told"
        return Finding(what, NO, why)
    pairs, several = int((people * (people - 1) // 2).sum()), int((people >= 2).sum())
    if not pairs:
        return Finding(what, NO, "no item was answered by two people")
    if several < FEW:
        has_gold = int((record.truth[record.item] >= 0).sum()) >= FEW
        why = f"{several} items are shared, fewer than {FEW}"
        return Finding(what, WEAK if has_gold else NO, why)
    return _by_count(what, pairs, "pairs of answers to an item", 10 * FEW)


def _times(record: Record, idle: IdleSplit | None) -> list[Finding]:
    if record.seconds is None:
        return [Finding("times", NO, "no seconds are recorded")]
    is_timed = np.isfinite(record.seconds)
    timed, of = int(is_timed.sum()), "answers have a time"
    if record.unit is not None:
        timed = int(np.unique(record.unit[is_timed]).size)
        of = "forms or single answers have a time"
    pace = _by_count("pace, spread, conflict", timed, of, 4 * FEW)
    enough, paused = pace.is_identified, pace.why
    if idle is not None:
        paused = f"{idle.share:.1%} of answers look interrupted"
    found = [pace, Finding("pauses", enough, paused)]
    for what, is_there, of in (
        ("practice, slow drift", record.is_ordered, "order"),
        ("length", record.size.std() > 0, "size of items"),
    ):
        said = f"the {of} is recorded" if is_there else f"no {of} is recorded"
        found.append(Finding(what, enough if is_there else NO, said))
    return found
