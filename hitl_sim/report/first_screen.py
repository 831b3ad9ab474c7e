"""The answer in one look: verdicts, one short table, and what would turn it round.

It stays within a screen whatever the number of conditions; everything else is a
command away.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.text import Text

from hitl_sim.analysis.chance.claim import Effect
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult, best
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.analysis.run.record import plain_value
from hitl_sim.cost import nearest_run
from hitl_sim.energy.display import format_value
from hitl_sim.report.crowd_map import (
    CrowdMap,
    TaskMap,
    crowd_maps,
    short_name,
    task_map,
)
from hitl_sim.report.number import RHO, digits, ratio_text, some_of
from hitl_sim.report.sentence import say
from hitl_sim.report.study_table import has_others, has_real_people
from hitl_sim.report.table import Table
from hitl_sim.report.task_table import size_column
from hitl_sim.report.words import CORRUPTIONS, own_training

MOST_TOLD = 4
"""Tasks that have a verdict each; more of them are a table of tasks."""
MOST_ROWS = 12
_WITH_NULL = 2
"""Most tasks of which the control and its copy have a row."""
_BEST, _MIDDLE, _WORST = "perfect", "typical", "spammer"
_SHOWN = {"spammer": "guessing"}
"""Populations whose names say less than these words do."""
_MOST_DIGITS = 6
_ROLES = {2: ("best", "worst"), 3: ("best", "middle", "worst")}


_ENDS = {"YES", "NO"}
"""Whether people pay in energy, where both can be told."""


class Crowd(NamedTuple):
    """People as one column of the table has them.

    Attributes:
        name: of the column.
        who: which people these are, in a sentence.
        finding: the condition.
    """

    name: str
    who: str
    finding: Finding


class Behind(NamedTuple):
    """What a cell of the table is of: a condition, and its rho or its E*.

    `side` colours a cell of a map: "saves", "costs" or "open"; empty: no such cell.
    """

    finding: Finding
    is_size: bool = False
    side: str = ""


@dataclass(frozen=True)
class FirstScreen:
    """What stands on it.

    Attributes:
        warning: what has to be known before anything is believed; empty for nothing.
        verdicts: of each task, or of all where there are many.
        table: control, best with people and without, and the copy of the control.
        behind: what its cells are of, row by row; None where a cell is no number of
            one condition.
        legend: what its columns mean.
        turns: what would turn the answer round, or that nothing did, in a sentence.
        caution: what was measured, modelled and simulated.
    """

    warning: str
    verdicts: tuple[str, ...]
    table: Table
    behind: tuple[tuple[Behind | None, ...], ...]
    legend: str
    turns: str
    caution: str


def first_screen(result: StudyResult, verdicts: Sequence[Verdict] = ()) -> FirstScreen:
    """Put a result on one screen.

    Args:
        result: of a study.
        verdicts: one per task, for what other boundaries of an hour would change.
    """
    tasks = result.tasks
    crowds = max(map(crowds_of, tasks), key=len, default=[])
    middle = crowds[len(crowds) // 2].who if len(crowds) > 1 else "people"
    if len(tasks) <= MOST_TOLD:
        told = tuple(_verdict(task, result) for task in tasks)
    else:
        told = (_count(result, middle),)
    own = own_training(result)
    is_corrupted = any(corrupted(task, result) > 0.0 for task in tasks)
    asked = [bool(f.replay) for task in tasks for f in task.with_people]
    maps, by_task = crowd_maps(result), task_map(result)
    if maps:
        table, behind = _map_table(result, maps)
    elif by_task:
        table, behind = _task_map_table(result, by_task)
    else:
        table, behind = _table(result)
    return FirstScreen(
        warning=say("check.untuned", own=own) if own else "",
        verdicts=told,
        table=table,
        behind=tuple(behind),
        legend=say(
            "first.legend",
            crowd=middle,
            is_corrupted=is_corrupted,
            is_map=bool(maps or by_task),
            held=maps[0].held if maps else (),
            renamed=[(w, name) for name, w in _SHOWN.items() if w in table.headings],
        ),
        turns=say("first.turns", turns=_turns(result, verdicts)),
        caution=say(
            "first.caution",
            result=result,
            asked=asked,
            total=len(result.work),
            is_live=has_real_people(result),
            is_fitted=has_others(result),
        ),
    )


def name_of(task: TaskResult, result: StudyResult, *, is_short: bool = False) -> str:
    """Name a task with how much of it is corrupted, and what else is swept of it."""
    more = [
        f"{field.partition('.')[2].replace('_', ' ')} {plain_value(value)}"
        for field, value in _own(task).items()
        if field.partition(".")[2] not in ("", *CORRUPTIONS)
        # what a study has that says nothing
        if (field, value) != ("task.validation_by", "gold")
    ]
    told = {"task": task.task, "whole": corrupted(task, result), "more": more}
    return say("first.name", is_short=is_short, **told)


def corrupted(task: TaskResult, result: StudyResult) -> float:
    """Return the share of a task's pool that is corrupted on purpose."""
    table = dict(result.study.get("task", {}).get(task.task, {}))
    table |= {f.partition(".")[2]: value for f, value in _own(task).items()}
    return sum(float(table.get(name, 0.0)) for name in CORRUPTIONS)


def _own(task: TaskResult) -> dict[str, Any]:
    """Return what is swept of the task itself, its network and its training."""
    tables = ("task", "network", "training")
    settings = task.control.settings
    return {f: v for f, v in settings.items() if f.partition(".")[0] in tables}


def crowds_of(task: TaskResult) -> list[Crowd]:
    """Choose three crowds of the best arm with people: best, middle and worst.

    These are perfect, typical and guessing people where populations are swept, else
    the ends and the middle of what is, the better end first; what else is swept of the
    crowd stays as in the best condition.
    """
    leader = _leader(task)
    if leader is None:
        return []
    same = [f for f in task.with_people if f.name == leader.name]
    for field in ("crowd.population", *_swept(same)):
        line = _along(same, leader, field)
        if len(line) > 1:
            return _three(line, field)
    return [_people(str(leader.population), leader)]


def people_word(population: str) -> str:
    """Return what people of a population are called where there is little room."""
    return _SHOWN.get(population, population)


def _people(population: str, finding: Finding) -> Crowd:
    is_own = population.partition(":")[0].endswith(".toml")
    name = people_word(population)
    who = f"the people of {name}" if is_own else f"{name} people"
    return Crowd(name, who, finding)


def _swept(findings: Sequence[Finding]) -> list[str]:
    """List what is swept of a crowd, what has most values first."""
    values: dict[str, set[object]] = {}
    for finding in findings:
        for field, value in finding.settings.items():
            if field.startswith("crowd."):
                values.setdefault(field, set()).add(value)
    return sorted(values, key=lambda field: -len(values[field]))


def _along(findings: Sequence[Finding], leader: Finding, field: str) -> list[Finding]:
    """Find the conditions that differ from the leader in one field of the crowd.

    Of a population that has not all of the leader's settings the first stands for it.
    """
    found: dict[object, Finding] = {}
    others = {k: v for k, v in leader.settings.items() if k != field}
    for finding in findings:
        if field not in finding.settings:
            continue
        value = finding.settings[field]
        own = {k: v for k, v in finding.settings.items() if k != field}
        if own == others or value not in found:
            found[value] = finding
    return list(found.values())


def _three(line: Sequence[Finding], field: str) -> list[Crowd]:
    """Take the best, the middle and the worst of a line of crowds."""
    name = field.partition(".")[2].replace("_", " ")
    if field == "crowd.population":
        named = {str(f.settings[field]): f for f in line}
        wanted = [one for one in (_BEST, _MIDDLE, _WORST) if one in named]
        # crowds of one's own are told too, where they stand in for one of the three
        if len(wanted) > 1 and len(wanted) >= min(len(named), 3):
            return [_people(one, named[one]) for one in wanted]
        by_ratio = sorted(line, key=lambda f: f.ratio.value)
        return [_people(str(f.settings[field]), f) for f in _ends(by_ratio)]
    by_value = sorted(
        line, key=lambda f: (str(type(f.settings[field])), _key(f, field))
    )
    if by_value[-1].ratio.value < by_value[0].ratio.value:
        by_value.reverse()
    told = [(f"{name} {_value(f.settings[field])}", f) for f in _ends(by_value)]
    return [
        Crowd(words, f"people at {words} ({role})", finding)
        for (words, finding), role in zip(told, _ROLES[len(told)], strict=True)
    ]


def _value(value: Any) -> str:
    """Write a swept value; one that was drawn, with many digits, to three of them."""
    text = str(plain_value(value))
    is_drawn = isinstance(value, float) and len(text) > _MOST_DIGITS
    return f"{value:.3g}" if is_drawn else text


def _key(finding: Finding, field: str) -> Any:
    return finding.settings[field]


def _ends(line: Sequence[Finding]) -> list[Finding]:
    """Take both ends and the middle."""
    return [line[i] for i in dict.fromkeys((0, len(line) // 2, len(line) - 1))]


def tell_effect(finding: Finding, *, is_first: bool, is_whole: bool = True) -> str:
    """Say what a condition saves or costs, or that it cannot be told."""
    ratio, side = finding.ratio, effect_of(finding)
    return say(
        "first.effect",
        side=side,
        ratio=ratio,
        saved=_percent(1 - ratio.value, 1 - ratio.high, 1 - ratio.low),
        more=_percent(ratio.value - 1, ratio.low - 1, ratio.high - 1),
        is_first=is_first,
        is_whole=is_whole,
    )


def _percent(*shares: float) -> str:
    """Write a share and its interval in whole per cent: `13 % [7, 18]`."""
    value, low, high = (
        f"{100 * one:.0f}" if math.isfinite(one) else digits(one) for one in shares
    )
    return f"{value} % [{low}, {high}]"


def effect_of(finding: Finding) -> str:
    """Say on which side of the control a condition is: "saves", "costs", "open"."""
    ratio = finding.ratio
    if math.isnan(ratio.value):
        return "unknown"
    if ratio.high < 1.0:
        return "saves"
    return "costs" if ratio.low > 1.0 else "open"


def _verdict(task: TaskResult, result: StudyResult) -> str:
    """Say what people did in one task, for whom, and from which size on they pay.

    The first of several tasks names what is compared; more than two leave out beside
    whom people pay back.
    """
    is_start = task is result.tasks[0]
    crowds = crowds_of(task)
    if not crowds:
        is_asked = bool(task.with_people)
        return say("first.nobody", where=name_of(task, result), is_asked=is_asked)
    middle = crowds[len(crowds) // 2]
    is_whole = len(result.tasks) <= _WITH_NULL
    return say(
        "first.verdict",
        where=name_of(task, result),
        leader=_leader(task),
        told=_told(crowds, is_start=is_start, is_whole=is_whole),
        num=len(task.with_people),
        is_fragile=any(
            one.finding.claim.effect is Effect.TOO_FEW_FAILURES
            and effect_of(one.finding) in ("saves", "costs")
            for one in crowds
        ),
        is_whole=is_whole,
        payback=_payback(middle, task.machine if is_whole else ""),
    )


def _told(
    crowds: Sequence[Crowd], *, is_start: bool, is_whole: bool
) -> list[tuple[str, str]]:
    """Pair what each crowd does with who it is.

    Where room is short, crowds in a row that cannot be told are told together.
    """
    told = list[tuple[str, str]]()
    last = ""
    for one in crowds:
        side = effect_of(one.finding)
        if side == last == "open" and not is_whole:
            told[-1] = (told[-1][0], f"{told[-1][1]} or {one.who}")
            continue
        is_first = is_start and one is crowds[0]
        told.append(
            (tell_effect(one.finding, is_first=is_first, is_whole=is_whole), one.who)
        )
        last = side
    return told


def _payback(crowd: Crowd, machine: str, *, is_start: bool = True) -> str:
    """Say from which size of training on a crowd pays back its own energy.

    The machine is what it is held against; empty: that is left out.
    """
    sizes = crowd.finding.over_machine
    if not sizes:
        return ""
    size = sizes[0]
    joules = size.joules.low if math.isnan(size.joules.value) else size.joules.value
    nearest = nearest_run(joules) if 0.0 < joules < math.inf else None
    return say(
        "first.payback",
        who=crowd.who,
        capital=_capital(crowd.who),
        is_start=is_start,
        size=size,
        is_open=size.is_undetermined or size.is_fragile,
        nearest=nearest,
        published=nearest and float(np.max(np.asarray(nearest.joules.value))),
        machine=machine,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _count(result: StudyResult, middle: str) -> str:
    """Say in how many tasks people saved, how much at best, and from which size on."""
    leaders = [one for one in map(_leader, result.tasks) if one is not None]
    sides = Counter(map(effect_of, leaders))
    told = {side: sides[side] for side in ("saves", "costs", "open")}
    saved = [_saved(one) for one in leaders if effect_of(one) == "saves"]
    usual = [
        (task, crowds[len(crowds) // 2])
        for task in result.tasks
        if (crowds := crowds_of(task))
    ]
    own = [_saved(one.finding) for _, one in usual if effect_of(one.finding) == "saves"]
    soonest = min(
        (pair for pair in usual if 0.0 < _size_of(pair[1]) < math.inf),
        key=lambda pair: _size_of(pair[1]),
        default=None,
    )
    return say(
        "first.count",
        num=len(result.tasks),
        least=min(saved, default=0.0),
        most=max(saved, default=0.0),
        typical=len(own),
        own_least=min(own, default=0.0),
        own_most=max(own, default=0.0),
        middle=_capital(middle),
        where=name_of(soonest[0], result) if soonest else "",
        payback=""
        if soonest is None
        else _payback(soonest[1], soonest[0].machine, is_start=False),
        **told,
    )


def _saved(finding: Finding) -> float:
    """Return the saving in per cent."""
    return 100.0 * (1.0 - finding.ratio.value)


def _size_of(crowd: Crowd) -> float:
    sizes = crowd.finding.over_machine
    return sizes[0].joules.value if sizes else math.nan


def _table(
    result: StudyResult,
) -> tuple[Table, list[tuple[Behind | None, ...]]]:
    """Lay out control, best with people, best without, and the copy of the control.

    Returns:
        The table, and what its cells are of.
    """
    named = {id(task): crowds_of(task) for task in result.tasks}
    most = max(named.values(), key=len, default=[])
    columns = [one.name for one in most]
    leaders = [f.name for f in map(_leader, result.tasks) if f is not None]
    usual = max(leaders, key=leaders.count, default="")
    is_short = len(result.tasks) <= MOST_TOLD
    heads = (
        f"{RHO} [95 %]" if is_short else f"{RHO}: {usual}",
        *columns,
        "E* people",
    )
    rows, classes = list[tuple[str, ...]](), list[str]()
    behind = list[tuple[Behind | None, ...]]()
    width = len(heads)
    for task in result.tasks:
        crowds = named[id(task)]
        cells = _cells(crowds, columns)
        name = name_of(task, result, is_short=True)
        if not is_short:
            leader = _leader(task)
            what = "nobody asked" if leader is None else leader.name
            own = name if what == usual else f"{name}: {what}"
            rows.append((own, *cells, _size(crowds)))
            classes.append("")
            behind.append(_behind(crowds, columns))
            continue
        is_whole = len(result.tasks) <= _WITH_NULL
        if is_whole:
            blank = [""] * len(columns)
            rows.append((f"{name}: control {_joules(task)}", *blank, ""))
            classes.append("control")
            behind.append((None,) * width)
        leader = _leader(task)
        if leader is not None:
            who = "with people" if is_whole else name
            rows.append((f"{who}: {leader.name}", *cells, _size(crowds)))
            classes.append("crowd" if is_whole else "")
            behind.append(_behind(crowds, columns))
        machine = best(task.without_people)
        for finding, words in ((machine, "nobody asked: "), (task.null, "A/A: ")):
            is_shown = is_whole or (
                finding is machine and len(result.tasks) < MOST_TOLD
            )
            if finding is not None and is_shown:
                rest = [""] * max(len(columns) - 1, 0)
                alone = (ratio_text(finding.ratio), *rest)[: max(len(columns), 1)]
                rows.append((f"{words}{finding.name}", *alone, ""))
                classes.append("crowd")
                first = (None, Behind(finding))
                behind.append((*first, *(None,) * (width - len(first)))[:width])
    left = len(rows) - MOST_ROWS
    if not is_short and left > 0:
        rows, classes = rows[: MOST_ROWS - 1], classes[: MOST_ROWS - 1]
        rows.append((f"and {left + 1} more tasks", *[""] * len(columns), ""))
        classes.append("control")
        behind = [*behind[: MOST_ROWS - 1], (None,) * width]
    return Table(heads, rows, classes=classes), behind


_SIDES = {"saves": "black on cyan", "costs": "black on yellow"}
"""How a terminal colours cells of a map; a word is in each for those without."""


def _map_table(
    result: StudyResult, maps: Sequence[CrowdMap]
) -> tuple[Table, list[tuple[Behind | None, ...]]]:
    """Lay out each task's map between its control and what machines do.

    Returns:
        The table, and what its cells are of.
    """
    across, columns = maps[0].across, maps[0].columns
    heads = (
        f"{RHO}, by {short_name(across)}:",
        *(str(plain_value(value)) for value in columns),
    )
    blank: list[str | Text] = [""] * len(columns)
    none: list[Behind | None] = [None] * len(columns)
    rows, classes = list[Sequence[str | Text]](), list[str]()
    behind = list[tuple[Behind | None, ...]]()
    for task, found in zip(result.tasks, maps, strict=True):
        name = name_of(task, result, is_short=True)
        rows.append((f"{name}: control {_joules(task)}", *blank))
        classes.append("control")
        behind.append((None, *none))
        for value, cells in zip(found.rows, found.cells, strict=True):
            label = f"{found.arm}, {short_name(found.down)} {plain_value(value)}"
            rows.append((label, *map(_map_cell, cells)))
            classes.append("crowd")
            own = [None if f is None else Behind(f, side=effect_of(f)) for f in cells]
            behind.append((None, *own))
        machine = best(task.without_people)
        alone = [(machine, "nobody asked: ")]
        if len(maps) == 1:
            alone.append((task.null, "A/A: "))
        for finding, words in alone:
            if finding is not None:
                cell = ratio_text(finding.ratio)
                rows.append((f"{words}{finding.name} {cell}", *blank))
                classes.append("crowd")
                behind.append((None, *none))
    return Table(heads, rows, classes=classes), behind


def _task_map_table(
    result: StudyResult, found: TaskMap
) -> tuple[Table, list[tuple[Behind | None, ...]]]:
    """Lay out each task's best arm with people over what is swept, and E*.

    Returns:
        The table, and what its cells are of.
    """
    columns = [plain_value(value) for value in found.columns]
    leaders = [f.name for f in map(_leader, result.tasks) if f is not None]
    usual = max(leaders, key=leaders.count, default="")
    is_many = len(result.tasks) > MOST_TOLD
    heads = (
        f"{RHO}: {usual}" if is_many else f"{RHO}, by {short_name(found.across)}:",
        *(people_word(str(one)) for one in columns),
        "E* people",
    )
    rows, classes = list[Sequence[str | Text]](), list[str]()
    behind = list[tuple[Behind | None, ...]]()
    for task, cells in zip(result.tasks, found.cells, strict=True):
        leader = _leader(task)
        what = "nobody asked" if leader is None else leader.name
        name = name_of(task, result, is_short=True)
        crowds = crowds_of(task)
        own = name if is_many and what == usual else f"{name}: {what}"
        rows.append((own, *map(_map_cell, cells), _size(crowds)))
        classes.append("")
        middle = crowds[len(crowds) // 2].finding if crowds else None
        told = [None if f is None else Behind(f, side=effect_of(f)) for f in cells]
        last = None if middle is None else Behind(middle, is_size=True)
        behind.append((None, *told, last))
        machine = best(task.without_people)
        if machine is not None and len(result.tasks) < MOST_TOLD:
            rest = [""] * len(columns)
            rows.append((f"nobody asked: {machine.name}", _map_cell(machine), *rest))
            classes.append("crowd")
            of = Behind(machine, side=effect_of(machine))
            behind.append((None, of, *[None] * len(columns)))
    left = len(rows) - MOST_ROWS
    if left > 0:
        rows, classes = rows[: MOST_ROWS - 1], classes[: MOST_ROWS - 1]
        behind = [*behind[: MOST_ROWS - 1], (None,) * len(heads)]
        rows.append((f"and {left + 1} more tasks", *[""] * len(columns), ""))
        classes.append("control")
    return Table(heads, rows, classes=classes), behind


def _map_cell(finding: Finding | None) -> str | Text:
    """Write a condition's rho, and on which side of 1 its whole interval is."""
    if finding is None:
        return ""
    side = effect_of(finding)
    word = {"open": "?", "unknown": ""}.get(side, side)
    text = f"{digits(finding.ratio.value)} {word}".rstrip()
    return Text(text, style=_SIDES.get(side, ""))


def _behind(
    crowds: Sequence[Crowd], columns: Sequence[str]
) -> tuple[Behind | None, ...]:
    """Say of which condition each cell of a row is, as `_cells` and `_size` fill it."""
    by_name = {one.name: Behind(one.finding) for one in crowds}
    own: list[Behind | None] = [by_name.get(name) for name in columns]
    if not set(by_name) <= set(columns):
        own = [*by_name.values(), *[None] * len(columns)][: len(columns)]
    middle = crowds[len(crowds) // 2].finding if crowds else None
    return (None, *own, None if middle is None else Behind(middle, is_size=True))


def _joules(task: TaskResult) -> str:
    value = task.control.joules.value
    return "∞ J" if math.isinf(value) else format_value(value, "J")


def _cells(crowds: Sequence[Crowd], columns: Sequence[str]) -> list[str]:
    """Write each crowd's ratio under its own name, or one after the other."""
    by_name = {one.name: ratio_text(one.finding.ratio) for one in crowds}
    if set(by_name) <= set(columns):
        return [by_name.get(name, "") for name in columns]
    own = [f"{one.name}: {ratio_text(one.finding.ratio)}" for one in crowds]
    return (own + [""] * len(columns))[: len(columns)]


def _leader(task: TaskResult) -> Finding | None:
    """Return the condition with people of least joules."""
    return best(task.with_people)


def _size(crowds: Sequence[Crowd]) -> str:
    """Write E* beside the best arm without people, of the crowd in the middle."""
    if not crowds:
        return ""
    middle = crowds[len(crowds) // 2].finding
    sizes: Sequence[TrainingSize] = middle.over_machine
    return size_column(sizes[0]) if sizes else ""


def _turns(result: StudyResult, verdicts: Sequence[Verdict]) -> list[str]:
    """List what would turn the answer round, or that nothing that was looked at did."""
    found = []
    for kind, where, by in (
        ("target", _by_target(result), ", "),
        ("pool", _by_pool(result), ", "),
        ("labels", _by_labels(result), " or "),
        ("boundary", _by_boundary(result, verdicts), " or "),
    ):
        if where:
            found.append(say(f"first.turn_{kind}", where=some_of(where, by)))
    looked = found or [say("first.no_turn")]
    if result.study.get("tune") is None:
        looked.append(say("first.turn_tuning"))
    return looked


def _by_target(result: StudyResult) -> list[str]:
    """Name tasks whose best arm saves at some targets and costs at others."""
    told = []
    for task in result.tasks:
        asked = [one for one in task.by_target if one.has_people]
        leader = best(
            f for f in task.with_people if f.label in {a.label for a in asked}
        )
        one = next((a for a in asked if leader and a.label == leader.label), None)
        if one is not None and one.turns:
            ways = list(dict.fromkeys(f"{100 * way:.0f} %" for way in one.turns))[:2]
            told.append(say("first.at_target", where=name_of(task, result), ways=ways))
    return told


def _by_pool(result: StudyResult) -> list[str]:
    """Name tasks whose verdict differs with how much of the pool is corrupted."""
    sides: dict[str, dict[str, dict[str, None]]] = {}
    for task in result.tasks:
        leader = _leader(task)
        if leader is not None:
            own = sides.setdefault(task.task, {})
            share = f"{100 * corrupted(task, result):.0f} %"
            own.setdefault(effect_of(leader), dict.fromkeys(()))[share] = None
    return [
        say("first.at_pool", task=name, sides=own)
        for name, own in sides.items()
        if len(own.keys() & {"saves", "costs", "open"}) > 1
    ]


def _by_labels(result: StudyResult) -> list[str]:
    """Name what the labels of the pool could cost otherwise, where that decides."""
    own = result.prices.label_cost
    found: dict[str, None] = {}
    for task in result.tasks:
        for finding in task.with_people:
            for other, case in finding.label_cases:
                ends = {finding.at(case.measure).pays_here.name, case.pays_here.name}
                if case.measure == "joules" and other != own and ends == _ENDS:
                    found[say("first.at_label_cost", cost=other)] = None
    return list(found)


def _by_boundary(result: StudyResult, verdicts: Sequence[Verdict]) -> list[str]:
    """Name what an hour of a person could stand for otherwise, where that decides."""
    own = result.prices.boundary
    found: dict[str, None] = {}
    for verdict in verdicts:
        for case in verdict.decision.boundary_cases:
            here = case.finding.at("joules").pays_here
            ends = {here.name, case.pays_here.name}
            if case.measure == "joules" and case.boundary != own and ends == _ENDS:
                found[say("first.at_boundary", boundary=case.boundary)] = None
    return list(found)
