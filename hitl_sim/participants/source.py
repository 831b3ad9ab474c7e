"""Import answers from whichever file, as the command line names its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pyarrow import parquet

from hitl_sim.participants.answers import Answers
from hitl_sim.participants.clean import Layout
from hitl_sim.participants.format.document import looks_like_json
from hitl_sim.participants.format.registry import read_export
from hitl_sim.participants.table_file import SUFFIXES, read_answers

_JSON = (".json", ".jsonl", ".ndjson")


def import_answers(path: Path, layout: Layout, question: str | None = None) -> Answers:
    """Import a table by its suffix, or the export of a tool by its content.

    A question is named where tasks ask several; tables have one.

    Raises:
        ValueError: as `read_answers` and `read_export`.
    """
    if _is_export(path):
        return read_export(path, layout, question)
    if question is not None:
        raise ValueError(
            f"`--question` must be left out for a table, got {question!r}. A table has "
            "the answers to one question."
        )
    return _with_earlier_notes(read_answers(path, layout), path)


def _with_earlier_notes(answers: Answers, path: Path) -> Answers:
    """Keep what an earlier import found, where `Answers.write` wrote the file."""
    if path.suffix.lower() != ".parquet":
        return answers
    words = parquet.read_schema(path).metadata or {}
    if b"origin" not in words:
        return answers
    earlier = words.get(b"notes", b"").decode().splitlines()
    return replace(answers, notes=tuple(dict.fromkeys([*earlier, *answers.notes])))


def _is_export(path: Path) -> bool:
    """Whether a file is JSON; what is named as a table is a table."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in SUFFIXES:
        return False
    return suffix in _JSON or (path.exists() and looks_like_json(path))


def parse_pairs(option: str, texts: Sequence[str]) -> Mapping[str, str]:
    """Read options written as NAME=VALUE.

    Raises:
        ValueError: there is no "=" in one, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ValueError(f"`{option}` must be NAME=VALUE, got {text!r}.")
        if name in found:
            raise ValueError(f"`{option}` must name {name!r} once, got it twice.")
        found[name] = value
    return found
