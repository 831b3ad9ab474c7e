"""Read JSON, or JSON Lines, from a file, an archive or a folder, by its content."""

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NamedTuple

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_GZIP = b"\x1f\x8b"
_SHOWN = 40
_KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


class Entry(NamedTuple):
    """One object of a file: a task, a record or an annotated line.

    Attributes:
        value: the object.
        number: its number in its file, from 1.
        file: name of its file without suffix.
    """

    value: dict[str, Any]
    number: int
    file: str


def looks_like_json(path: Path) -> bool:
    """Whether a file is a folder or an archive, or starts as JSON does."""
    if path.is_dir() or _is_archive(path):
        return True
    with path.open("rb") as file:
        is_packed = file.peek(2).startswith(_GZIP)
        start = (gzip.GzipFile(fileobj=file) if is_packed else file).read(256)
    text = start.decode(json.detect_encoding(start), errors="replace")
    return text.lstrip().startswith(("[", "{"))


def read_entries(path: Path) -> list[Entry]:
    """Read the objects of a JSON or JSON Lines file, or of the files of a folder.

    Which of the two it is, and its encoding (UTF-8, UTF-16 or UTF-32, with or without
    byte order mark), is read from the content. Archives (.zip) and folders give the
    objects of the JSON files in them, as tools write one for each annotator.

    Raises:
        ValueError: the file is not there, is empty, is no text or no JSON, or holds
            anything but objects; names line and column where there is one.
    """
    entries: list[Entry] = []
    is_one = path.is_file() and not _is_archive(path)
    for origin, name, raw in _files(path):
        if not is_one and not raw.strip():
            continue  # a member of the project who has answered nothing
        values = _values(raw, origin)
        entries += [Entry(value, n, name) for n, value in enumerate(values, start=1)]
    if not entries:
        raise ValueError(f"{path}: must hold answers, got files without any.")
    return entries


def _files(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield where a file is, its name without suffix, and its bytes."""
    try:
        if path.is_dir():
            parts = [part for part in sorted(path.iterdir()) if _is_part(part)]
            for part in parts:
                yield str(part), _stem(part), part.read_bytes()
        elif _is_archive(path):
            with zipfile.ZipFile(path) as archive:
                parts = [Path(n) for n in sorted(archive.namelist())]
                parts = [part for part in parts if _is_part(part)]
                for part in parts:
                    raw = archive.read(part.as_posix())
                    yield f"{path}, {part}", _stem(part), raw
        elif path.is_file():
            yield str(path), _stem(path), path.read_bytes()
            return
        else:
            raise ValueError(f"{path}: must be a file, got nothing there.")
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise ValueError(f"{path}: must be readable: {error}.") from None
    if not parts:
        allowed = ", ".join(_SUFFIXES)
        raise ValueError(f"{path}: must hold files in {allowed}, got none.")


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()


def _is_part(path: Path) -> bool:
    """Whether a file of a folder counts: JSON, and not what macOS adds to archives."""
    is_hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not is_hidden and _plain(path).suffix.lower() in _SUFFIXES


def _plain(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _stem(path: Path) -> str:
    return _plain(path).stem


def _values(raw: bytes, origin: str) -> list[dict[str, Any]]:
    text = _decoded(raw, origin)
    if not text.strip():
        raise ValueError(f"{origin}: must hold answers, got an empty file.")
    try:
        found = _parsed(text)
    except JSONDecodeError as error:
        line = text.lstrip().splitlines()[0]
        shown = line[:_SHOWN] + ("..." if len(line) > _SHOWN else "")
        said = f": must be JSON or JSON Lines, got text that starts {shown!r}"
        if line.startswith(("[", "{")):
            said = f", line {error.lineno}, column {error.colno}: must be JSON, got "
            said += error.msg
        raise ValueError(f"{origin}{said}.") from None
    except RecursionError:
        raise ValueError(
            f"{origin}: must be a list of tasks, got lists within lists too deep to "
            "read."
        ) from None
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
        if not found:
            raise ValueError(f"{origin}: must be a list of tasks, got an empty list.")
    for number, value in enumerate(found, start=1):
        if not isinstance(value, dict):
            kind = _KINDS.get(type(value), "a number")
            raise ValueError(
                f"{origin}: must be a list of tasks, each an object, got {kind} as "
                f"number {number}."
            )
    if _ESCAPED.search(text):
        _check_characters(found, origin)
    return found


def _check_characters(values: list[Any], origin: str) -> None:
    """Refuse halves of characters, which JSON can escape and no text can hold."""
    for number, value in enumerate(values, start=1):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise ValueError(
                f"{origin}, number {number}: must be text, got half a character "
                f"({half!r})."
            ) from None


def _decoded(raw: bytes, origin: str) -> str:
    try:
        if raw.startswith(_GZIP):
            raw = gzip.decompress(raw)
        return raw.decode(json.detect_encoding(raw)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{origin}: must be text in UTF-8, got byte "
            f"0x{error.object[error.start]:02x} at place {error.start}. Save the file "
            "as UTF-8."
        ) from None
    except (OSError, EOFError) as error:
        raise ValueError(f"{origin}: must be readable as gzip: {error}.") from None


def _parsed(text: str) -> list[Any]:
    """Read one value, or one after the other, on lines of their own or not."""
    decoder = json.JSONDecoder()
    found = []
    place = len(text) - len(text.lstrip())
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        found.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return found
