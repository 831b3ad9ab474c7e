"""What a format's file says: who handed in what to which questions of which task."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hitl_sim.participants.answers import NOTHING
from hitl_sim.participants.cleaning.column import Place
from hitl_sim.participants.format.document import Entry
from hitl_sim.table.spelling import canonical


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


@dataclass(frozen=True)
class Question:
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
        entry: number of the object in the file, from 0.
        item: id of the task.
        annotator: who.
        answers: by question; nothing chosen is `()`, a skip None.
        is_skipped: whether the person skipped the whole task.
        started: when, in any form that the file has.
        seconds: how long it took, all questions together.
        text: what spans are marked in.
    """

    entry: int
    item: str
    annotator: str
    answers: Mapping[str, Labels | None]
    is_skipped: bool = False
    started: Any = None
    seconds: Any = None
    text: str = ""


@dataclass(frozen=True)
class TaskPlace(Place):
    """Where in a file of tasks something is wrong: a task's id, not a row.

    Attributes:
        origin: the file.
        tasks: what each row's task is called.
    """

    origin: str
    tasks: Sequence[str] = ()

    def where(self, row: int) -> str:
        """Name a row by its task's id, and by its number in the file."""
        return self.tasks[row]

    def refuse(self, row: int, column: str, must: str, got: object) -> ValueError:
        """Return the error that names file, task and field."""
        return ValueError(
            f"{self.origin}, {self.where(row)}, field {column!r}: must be {must}, got "
            f"{got!r}."
        )

    def only(self, rows: Sequence[int]) -> "TaskPlace":
        """Return the place of some of the rows, in another order."""
        return TaskPlace(self.origin, tasks=[self.tasks[row] for row in rows])


Span = tuple[Any, Any, Any]
"""Where a span begins and ends, and its label, which may be nothing."""


@dataclass
class Findings:
    """What a file holds as its format reads it, before a question is chosen.

    Attributes:
        items: item of each task.
        place: of messages; it numbers the tasks of the file.
        word: what the format calls a question.
        supported: types of question that can be imported.
        fields: what the file calls a column of `FIELDS`.
        is_by_task: whether a submission is one person's work on all questions of a
            task, so that what it lacks was left open, and its time is shared.
        notes: what was found and survived.
        submissions: in the order of the file.
        questions: all that the file answers, by name.
        gold: the right answer by item and question.
        span_names: labels of spans.
    """

    items: Sequence[str]
    place: TaskPlace
    word: str
    supported: Sequence[str]
    fields: Mapping[str, str]
    is_by_task: bool
    notes: list[str]
    submissions: Sequence[Submission] = ()
    questions: dict[str, Question] = field(default_factory=dict)
    gold: dict[tuple[str, str], Labels] = field(default_factory=dict)
    span_names: set[str] = field(default_factory=set)

    def question(self, number: int, at: str, asked: Question) -> Question:
        """Return a question as tasks before this one ask it.

        Raises:
            ValueError: it has another type in other tasks; names task and field.
        """
        known = self.questions.setdefault(asked.name, asked)
        if known.type != asked.type:
            must = f"{known.type!r} as {known.name!r} has in other tasks"
            raise self.place.refuse(number, at, must, asked.type)
        return known

    def marks(
        self,
        number: int,
        at: str,
        text: str,
        values: Iterable[Any],
        span_of: Callable[[Any], Span],
    ) -> Labels:
        """Return the words that spans touch, as one answer of marks.

        Args:
            number: of the task, from 0.
            at: field that holds the spans.
            text: what they are marked in.
            values: the spans, as the file has them.
            span_of: reads one; may raise what reading wrong values raises.

        Raises:
            ValueError: a value is no span of the text; names task and field.
        """
        try:
            spans = [span_of(value) for value in values]
            ends = [span_in(text, start, end) for start, end, _ in spans]
        except (AttributeError, KeyError, TypeError, ValueError):
            must = "a list of spans of the text, with start and end"
            raise self.place.refuse(number, at, must, values) from None
        self.span_names |= {str(label) for _, _, label in spans if label is not None}
        return (marked_words(text, ends),)

    def all_notes(self) -> list[str]:
        """Return the notes; the last says that labels of spans are not told apart."""
        found = sorted(self.span_names)
        if len(found) < 2:
            return self.notes
        shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        return [
            *self.notes,
            f"spans have {len(found)} labels ({shown}); a word counts as marked or "
            "not, whatever its label.",
        ]


def name_items(
    entries: Sequence[Entry], ids: Sequence[Any], origin: str
) -> tuple[list[str], TaskPlace, list[str]]:
    """Name the items of a file by their ids, or by their place where there is none.

    An id is None where the task has none.

    Returns:
        Item of each object; the place, for messages; a note where ids are lacking.

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
        names.append(
            f"task {where} (it has no id)" if lacks else f"task {id_} ({where})"
        )
    num_lacking = sum(name.endswith("(it has no id)") for name in names)
    notes = []
    if num_lacking:
        notes.append(
            f"{num_lacking} tasks have no id; their number in the file names them (#1 "
            "is the first)."
        )
    return items, TaskPlace(origin, tasks=names), notes


def person_of_file(
    entries: Sequence[Entry], who: Sequence[str | None]
) -> tuple[list[str], list[str]]:
    """Take the file's name for the person where the answers name nobody.

    Tools that write a file for each annotator call it after them.

    Returns:
        Person of each object, and a note on those that the file names.
    """
    people = [
        entry.file if name is None else name
        for entry, name in zip(entries, who, strict=True)
    ]
    unnamed = sorted(
        {e.file for e, name in zip(entries, who, strict=True) if name is None}
    )
    if not unnamed:
        return people, []
    count = sum(name is None for name in who)
    return people, [
        f"{count} answers name no person; they count as those of "
        f"{len(unnamed)} {'person' if len(unnamed) == 1 else 'people'}, one for each "
        "file."
    ]


def as_person(value: Any, entry: int, name: str, place: TaskPlace) -> str:
    """Return who somebody is.

    Raises:
        ValueError: it is neither a text nor a number; names task and field.
    """
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise place.refuse(entry, name, "a person", value)
    return str(value)


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


def note_on_drafts(number: int) -> list[str]:
    """Note that drafts do not count, where there are any."""
    if not number:
        return []
    return [f"{number} drafts were left out: nobody submitted them."]
