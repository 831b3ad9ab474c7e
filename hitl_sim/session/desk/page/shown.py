"""What people see of a question, as plain values; never its truth."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hitl_sim.session.error import SessionError
from hitl_sim.session.question import GROUPS, NUM_PAIR, PAIR, Question

MOST_BYTES = 4_000_000
"""Largest content of a question, bytes: a phone loads it over a mobile network."""
LEVELS: Mapping[str, tuple[str, ...]] = {
    "relevance": ("Drop it", "Unsure", "Keep it"),
    "preference": ("The first", "Equally good", "The second"),
    "difficulty": ("Very easy", "Easy", "Medium", "Hard", "Very hard"),
    "verification": ("No", "Yes"),
}
"""What stands on the buttons of kinds with levels of their own, by answer."""
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_GREY, _COLOUR = 2, 3


def shown(question: Question) -> dict[str, Any]:
    """Return what a page shows of a question.

    Raises:
        SessionError: people would see nothing of the item, or more than a page holds.
    """
    kind = question.kind
    content = question.content
    parts: list[dict[str, Any]]
    if kind == PAIR:
        both = question.item if content is None else content
        if not isinstance(both, Sequence) or len(both) != NUM_PAIR:
            raise SessionError(
                f"`content` must be two things for each pair of a {PAIR}, got "
                f"{type(both).__name__}."
            )
        parts = [_part(one, question) for one in both]
    elif content is None and kind in GROUPS and isinstance(question.item, int):
        parts = []  # the groups themselves are what is judged
    else:
        parts = [_part(question.item if content is None else content, question)]
    body = {"kind": kind, "parts": parts, "options": list(question.options)}
    if kind in LEVELS:
        body["options"] = list(LEVELS[kind])
    if question.suggestion is not None:
        body["suggestion"] = question.options[question.suggestion]
    if len(json.dumps(body)) > MOST_BYTES:
        raise SessionError(
            f"`content` must be at most {MOST_BYTES:,} bytes on a page, got more of "
            f"item {question.item!r}."
        )
    return body


def _part(content: Any, question: Question) -> dict[str, Any]:
    """Lay one thing out: text, a table, or a picture."""
    if isinstance(content, str):
        return {"text": content}
    if question.content is None:
        raise SessionError(
            "`content` must be given where people answer on a page, for they see "
            f"nothing else of an item, got None of item {question.item!r}."
        )
    if isinstance(content, Path):
        return {"picture": _picture_of(content)}
    if isinstance(content, Mapping):
        return {"table": [[str(name), _told(value)] for name, value in content.items()]}
    array = np.asarray(content) if not isinstance(content, np.ndarray) else content
    is_picture = array.dtype == np.uint8 and (
        array.ndim == _GREY or (array.ndim == _COLOUR and array.shape[2] in (3, 4))
    )
    if is_picture:
        file = io.BytesIO()
        Image.fromarray(array).save(file, "PNG")
        return {"picture": _address("image/png", file.getvalue())}
    if array.ndim <= 1:
        return {"text": ", ".join(map(_told, array.ravel().tolist()))}
    raise SessionError(
        "`content` must be texts, numbers, tables by name, paths of pictures or their "
        f"pixels (uint8), got an array of shape {array.shape} and {array.dtype}."
    )


def _picture_of(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0]
    if kind not in _PICTURES:
        raise SessionError(
            "`content` must be pictures in PNG, JPEG, GIF or WebP where it is paths, "
            f"got {str(path)!r}."
        )
    try:
        return _address(kind, path.read_bytes())
    except OSError as error:
        raise SessionError(
            f"`content` must be pictures that can be read, got {str(path)!r}: "
            f"{error.strerror}."
        ) from error


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def item_name(question: Question) -> str:
    """Name an item, a pair the same whichever of its objects stands first."""
    item = question.item
    if isinstance(item, tuple):
        item = tuple(sorted(item, key=repr))
    return repr(item)


def question_id(run: str, question: Question, body: Mapping[str, Any], nth: int) -> str:
    """Return an id by all that is asked: the same when a run is begun again.

    Args:
        run: that asks.
        question: itself.
        body: what is shown of it.
        nth: how often the run has asked just this before.
    """
    asked = [run, repr(question.item), question.people, question.asks, body, nth]
    text = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
