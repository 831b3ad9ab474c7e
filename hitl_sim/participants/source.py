"""Import answers from whichever file, as the command line names its parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hitl_sim.participants.answers import Answers
from hitl_sim.participants.label_studio import read_label_studio
from hitl_sim.participants.table_file import Layout, read_answers


def import_answers(path: Path, layout: Layout) -> Answers:
    """Import a table, or a JSON export of Label Studio, by the file's suffix.

    Raises:
        ValueError: as `read_answers` and `read_label_studio`.
    """
    if path.suffix.lower() == ".json":
        return read_label_studio(path, layout)
    return read_answers(path, layout)


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
