"""The labelling page of each kind of question, and what was said on it.

A page is a project of its own, for Label Studio shows all tasks of a project alike.
Its control is called `answer`; whoever changes the page's words or its look on the
server leaves that name, and those of the parts, as they are. A number called
`confidence`, in [0, 1], is read where a page has one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from hitl_sim.session.desk.page.settings import ASK
from hitl_sim.session.desk.page.shown import shown
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import PAIR, Question, Said

ANSWER, CONFIDENCE = "answer", "confidence"
NONE_OF_THEM = "None of these"
"""What is marked where no group matters: Label Studio takes no empty choice."""
RANKING = (
    "Drag what matters most to the top. Is the order right as it stands? Then move one "
    "away and back."
)
"""What stands above a ranking: Label Studio takes none that nobody touched."""
_FORM = 1
"""Of the page: raise it when pages made before cannot be read as those made now."""
_TAGS = {"text": "Text", "picture": "Image", "table": "Table"}
_VARIABLE = "$"
"""What Label Studio reads as the name of a task's field wherever it stands."""
_SIDES = ("The first:", "The second:")
_DIGITS = 12


@dataclass(frozen=True)
class Page:
    """What all tasks of a project have in common.

    Attributes:
        kind: of the questions.
        parts: what is shown, each "text", "picture" or "table".
        options: what may be answered, in words.
        people: how many different people answer each task.
        is_suggested: whether a class stands beside what is shown.
    """

    kind: str
    parts: tuple[str, ...]
    options: tuple[str, ...]
    people: int
    is_suggested: bool = False

    @property
    def digest(self) -> str:
        """Return what tells it from others."""
        own = [_FORM, self.kind, self.parts, self.options, self.people]
        own += [self.is_suggested]
        return hashlib.sha256(json.dumps(own).encode()).hexdigest()[:_DIGITS]

    def config(self) -> str:
        """Return the page in Label Studio's tags."""
        rows = [_tag("Header", value=ASK[self.kind])]
        for place, part in enumerate(self.parts):
            if self.kind == PAIR:
                rows.append(_tag("Header", value=_SIDES[place], size="5"))
            name = f"part{place}"
            rows.append(_tag(_TAGS[part], name=name, value=f"{_VARIABLE}{name}"))
        if self.is_suggested:
            is_proposed = self.kind == "verification"
            words = "Proposed answer:" if is_proposed else "Its label:"
            rows.append(_tag("Header", value=words, size="5"))
            rows.append(_tag("Text", name="suggestion", value=f"{_VARIABLE}suggestion"))
        if self.kind == "importance":
            title = RANKING
            value = f"{_VARIABLE}groups"
            rows.append(_tag("List", name="groups", value=value, title=title))
            rows.append(_tag("Ranker", name=ANSWER, toName="groups"))
        else:
            rows += self._choices()
        return "\n".join(["<View>", *(f"  {row}" for row in rows), "</View>"])

    def _choices(self) -> list[str]:
        is_many = self.kind == "marks"
        options = (*self.options, NONE_OF_THEM) if is_many else self.options
        begin = _tag(
            "Choices",
            name=ANSWER,
            toName="part0",
            choice="multiple" if is_many else "single",
            required="true",
            showInline="true",
        )
        # what comes back is the alias, whose blanks stay as they are
        rows = [f"  {_tag('Choice', value=one, alias=one)}" for one in options]
        return [begin.replace("/>", ">"), *rows, "</Choices>"]


def page_of(question: Question) -> tuple[Page, dict[str, Any]]:
    """Return the page on which a question is put, and what its task holds.

    Raises:
        SessionError: people would see nothing of the item, or not what is meant.
    """
    body = shown(question)
    options = tuple(body["options"])
    for option in options:
        if _VARIABLE in option or option == NONE_OF_THEM:
            raise SessionError(
                f"`options` must be without {_VARIABLE!r} and other than "
                f"{NONE_OF_THEM!r} in Label Studio, which has a use for them, got "
                f"{option!r}."
            )
    parts: list[tuple[str, Any]] = [
        (kind, dict(value) if kind == "table" else value)
        for part in body["parts"]
        for kind, value in part.items()
    ]
    if not parts and question.kind != "importance":
        parts = [("text", ", ".join(options))]  # a choice must be of something
    data = {f"part{place}": value for place, (_, value) in enumerate(parts)}
    if "suggestion" in body:
        data["suggestion"] = body["suggestion"]
    if question.kind == "importance":
        # an id is shown, and comes back
        data["groups"] = [{"id": option} for option in options]
    page = Page(
        question.kind,
        tuple(kind for kind, _ in parts),
        options,
        question.people,
        "suggestion" in body,
    )
    return page, data


def read_result(page: Page, result: Any) -> tuple[Said | None, float | None]:
    """Read what an annotation says: the answer, and how sure its author is.

    The answer is None where it says nothing that is one.
    """
    values: dict[str, Any] = {}
    for one in result if isinstance(result, Sequence) else ():
        if isinstance(one, Mapping) and isinstance(one.get("value"), Mapping):
            values[str(one.get("from_name"))] = one["value"]
    sure = values.get(CONFIDENCE, {}).get("number")
    is_sure = isinstance(sure, int | float) and 0.0 <= sure <= 1.0
    said = _said(page, values.get(ANSWER, {}))
    return said, float(sure) if is_sure and said is not None else None


def _said(page: Page, value: Mapping[str, Any]) -> Said | None:
    if page.kind == "importance":
        # by the name of the control
        ranker = value.get("ranker")
        order = ranker.get(ANSWER) if isinstance(ranker, Mapping) else None
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(
            page.options
        ):
            return None
        return tuple(page.options.index(str(one)) for one in order)
    chosen = value.get("choices")
    if not isinstance(chosen, list) or not chosen:
        return None
    if page.kind == "marks":
        known = {*page.options, NONE_OF_THEM}
        is_known = all(one in known for one in chosen)
        return tuple(int(one in chosen) for one in page.options) if is_known else None
    if len(chosen) != 1 or chosen[0] not in page.options:
        return None
    return page.options.index(chosen[0])


def _tag(tag: str, /, **values: str) -> str:
    """Write a tag; blanks other than spaces outlast the reading of it."""
    kept = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    written = [f"{one}={quoteattr(value, kept)}" for one, value in values.items()]
    return f"<{' '.join([tag, *written])}/>"
