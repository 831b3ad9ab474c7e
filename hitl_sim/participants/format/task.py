"""What a tool's export says: who handed in what to which questions of which task."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

from hitl_sim.participants.answers import MARKS, NOTHING
from hitl_sim.participants.cleaning.column import Place
from hitl_sim.participants.format.document import Entry
from hitl_sim.table.spelling import canonical

DRAFTS = "drafts were left out: nobody submitted them."
"""What is counted where a tool keeps drafts."""


def longest_text(data: Mapping[str, Any]) -> str:
    """Return the longest text of a task: the one that spans are marked in."""
    texts = [value for value in data.values() if isinstance(value, str)]
    return max(texts, key=len, default="")


def words_of(text: str) -> list[tuple[int, int]]:
    """Return where every word of a text starts and ends."""
    edges = [0, *(i + 1 for i, c in enumerate(text) if c.isspace()), len(text) + 1]
    return [(a, b - 1) for a, b in pairwise(edges) if b - 1 > a]


def marked_words(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the numbers of the words that spans touch, as an answer of marks."""
    spans = list(spans)
    marked = [
        str(place)
        for place, (start, end) in enumerate(words_of(text))
        if any(start < stop and begin < end for begin, stop in spans)
    ]
    return " ".join(marked) or NOTHING


def span_in(text: str, start: Any, end: Any) -> tuple[int, int]:
    """Return a span as whole numbers.

    Raises:
        ValueError: it is no span, or ends behind the text (in UTF-16 code units, as
            browsers count): the file then holds a link to the text, not the text.
    """
    try:
        ends = int(start), int(end)
    except OverflowError:
        raise ValueError("a span without end") from None
    length = len(text.encode("utf-16-le")) // 2
    if not 0 <= ends[0] <= ends[1] <= length:
        raise ValueError(f"a span outside of the text's {length} characters")
    return ends


Labels = tuple[str, ...]
"""An answer: one label, or several where a question takes several."""


class Question(NamedTuple):
    """A question of a file.

    Attributes:
        name: as the file calls it.
        type: as the format calls its type.
        kind: of its answers, one of `KINDS`; None where the type is not supported.
    """

    name: str
    type: str
    kind: str | None


@dataclass(frozen=True)
class Submission:
    """What one person handed in for one task.

    Attributes:
        number: of the task, from 0.
        annotator: who; None where the file's name says it.
        answers: by question; nothing chosen is `()`, a skip None.
        is_skipped: whether the person skipped the whole task.
        started: when, in any form that the file has.
        seconds: how long it took, all questions together.
    """

    number: int
    annotator: str | None
    answers: Mapping[str, Labels | None]
    is_skipped: bool = False
    started: Any = None
    seconds: Any = None


Span = tuple[Any, Any, Any]
"""Where a span begins and ends, and its label, which may be nothing."""


@dataclass(frozen=True)
class Tool:
    """A tool whose exports are tasks that people answered.

    Attributes:
        name: of the tool, and of the export.
        recognise: whether an object is of this format.
        read: yields what people handed in, and says what else it found.
        word: what the tool calls a question.
        kinds: kind of answer by type of question; other types are not supported.
        fields: what the file calls a column of `FIELDS`.
        id_of: id of a task; None where it has none.
        text_of: what spans of a task are marked in.
        supported: types that can be imported, in words; those of `kinds` if empty.
        tasks_of: the tasks of a file's objects, where an object holds several.
        is_by_task: whether a submission is one person's work on all questions of a
            task, so that what it lacks was left open, and its time is shared.
    """

    name: str
    recognise: Callable[[Mapping[str, Any]], bool]
    read: Callable[["Findings"], Iterable[Submission]]
    word: str
    kinds: Mapping[str, str]
    fields: Mapping[str, str]
    id_of: Callable[[Mapping[str, Any]], Any]
    text_of: Callable[[Mapping[str, Any]], str]
    supported: Sequence[str] = ()
    tasks_of: Callable[[Sequence[Entry]], Sequence[Entry]] = lambda entries: entries
    is_by_task: bool = True


@dataclass
class Findings:
    """What a file holds as its tool reads it, before a question is chosen.

    Attributes:
        tool: what wrote the file.
        tasks: of the file.
        items: item of each task.
        place: of messages; its rows are the tasks.
        notes: what was found and survived.
        counts: the same, where a note says of how many.
        submissions: in the order of the file.
        questions: all that the file answers, by name.
        gold: the right answer by item and question.
        span_names: labels of spans.
    """

    tool: Tool
    tasks: Sequence[Entry]
    items: Sequence[str]
    place: Place
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    submissions: Sequence[Submission] = ()
    questions: dict[str, Question] = field(default_factory=dict)
    gold: dict[tuple[str, str], Labels] = field(default_factory=dict)
    span_names: set[str] = field(default_factory=set)

    def text(self, number: int) -> str:
        """Return what spans of a task are marked in."""
        return self.tool.text_of(self.tasks[number].value)

    def check(self, number: int, at: str, value: Any, kind: Any, must: str) -> Any:
        """Return a value of a type, of which truth values are none.

        Raises:
            ValueError: it has another; names task and field.
        """
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.place.refuse(number, at, must, value)
        return value

    def person(self, number: int, at: str, value: Any) -> str:
        """Return who somebody is.

        Raises:
            ValueError: it is neither a text nor a number; names task and field.
        """
        return str(self.check(number, at, value, str | int, "a person"))

    def question(self, number: int, at: str, name: str, type_: str) -> Question:
        """Return a question as tasks before this one ask it.

        Raises:
            ValueError: it has another type in other tasks; names task and field.
        """
        asked = Question(name, type_, self.tool.kinds.get(type_))
        known = self.questions.setdefault(name, asked)
        if known.type != type_:
            must = f"{known.type!r} as {name!r} has in other tasks"
            raise self.place.refuse(number, at, must, type_)
        return known

    def labels(
        self,
        number: int,
        name: str,
        type_: str,
        values: Iterable[Any],
        span_of: Callable[[Any], Span],
    ) -> Labels:
        """Return the answer to a question that is called as its field.

        Raises:
            ValueError: as `question` and `marks`.
        """
        kind = self.question(number, name, name, type_).kind
        if kind == MARKS:
            return self.marks(number, name, values, span_of)
        return () if kind is None else tuple(map(as_label, values))

    def marks(
        self,
        number: int,
        at: str,
        values: Iterable[Any],
        span_of: Callable[[Any], Span],
    ) -> Labels:
        """Return the words that spans touch, as one answer of marks.

        Args:
            number: of the task, from 0.
            at: field that holds the spans.
            values: the spans, as the file has them.
            span_of: reads one; may raise what reading wrong values raises.

        Raises:
            ValueError: a value is no span of the text; names task and field.
        """
        text = self.text(number)
        try:
            spans = [span_of(value) for value in values]
            ends = [span_in(text, start, end) for start, end, _ in spans]
        except (AttributeError, KeyError, TypeError, ValueError):
            must = "a list of spans of the text, with start and end"
            raise self.place.refuse(number, at, must, values) from None
        self.span_names |= {str(label) for _, _, label in spans if label is not None}
        return (marked_words(text, ends),)


def find(tool: Tool, entries: Sequence[Entry], origin: str) -> Findings:
    """Read all that a tool's file holds.

    Items are called by their ids, or by their place where there is none; people by the
    name of their file where answers name nobody, as tools do that write a file each.

    Raises:
        ValueError: an id is a list or an object, or as the tool's `read`.
    """
    tasks = tool.tasks_of(entries)
    items, place = name_items(tasks, [tool.id_of(task.value) for task in tasks], origin)
    found = Findings(tool, tasks, items, place)
    found.counts[_NO_ID] = sum(name.endswith(_LACKS) for name in place.tasks)
    handed = list(tool.read(found))
    nameless = [given for given in handed if given.annotator is None]
    files = {tasks[given.number].file for given in nameless}
    people = "1 person" if len(files) == 1 else f"{len(files)} people"
    found.counts[
        f"answers name no person; they count as those of {people}, one for each file."
    ] = len(nameless)
    found.submissions = [
        replace(given, annotator=tasks[given.number].file)
        if given.annotator is None
        else given
        for given in handed
    ]
    found.notes += counted(found.counts)
    names = sorted(found.span_names)
    if len(names) > 1:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        found.notes.append(
            f"spans have {len(names)} labels ({shown}); a word counts as marked or "
            "not, whatever its label."
        )
    return found


_LACKS = "(it has no id)"
_NO_ID = "tasks have no id; their number in the file names them (#1 is the first)."


def counted(counts: Mapping[str, int]) -> list[str]:
    """Say how many there are of each that is there, in words that go on."""
    return [f"{count} {what}" for what, count in counts.items() if count]


def name_items(
    entries: Sequence[Entry], ids: Sequence[Any], origin: str
) -> tuple[list[str], Place]:
    """Name the items of a file by their ids, or by their place where there is none.

    An id is None where the task has none.

    Returns:
        Item of each object; the place, for messages.

    Raises:
        ValueError: an id is a list or an object.
    """
    items, names = [], []
    several = len({entry.file for entry in entries}) > 1
    for entry, id_ in zip(entries, ids, strict=True):
        where = f"number {entry.number} in {entry.file if several else 'the file'}"
        if isinstance(id_, list | dict):
            must = "must have a text or a number for id"
            raise ValueError(f"{origin}, task {where}: {must}, got {id_!r}.")
        lacks = id_ is None or str(id_).strip() == ""
        items.append(f"#{entry.number}" if lacks else as_label(id_))
        names.append(f"task {where} {_LACKS}" if lacks else f"task {id_} ({where})")
    return items, Place(origin, tasks=names)


def as_label(value: Any) -> str:
    """Write a value of JSON as a label: numbers at their shortest, texts as they are.

    Raises:
        TypeError: it is nothing, a list or an object.
    """
    if value is None or isinstance(value, list | dict):
        raise TypeError(f"{value!r} for a label")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else canonical(str(value))
