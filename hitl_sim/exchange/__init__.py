"""A finished study in the words of other tools.

One format is one file here: a function that writes a `Finished` study as text. What the
other tool has a field for and nobody knows stays empty; it is never 0.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from hitl_sim.exchange.codecarbon import write_codecarbon
from hitl_sim.exchange.croissant import write_croissant
from hitl_sim.exchange.finished import Finished as Finished
from hitl_sim.exchange.openmetrics import write_openmetrics
from hitl_sim.output import write_text


class Format(NamedTuple):
    """A format of another tool.

    Attributes:
        file: name that the tool expects.
        words: what it is.
        write: makes its text of a finished study.
    """

    file: str
    words: str
    write: Callable[[Finished], str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "codecarbon": Format(
            "emissions.csv",
            "device energy and emissions of every run, as CodeCarbon writes them",
            write_codecarbon,
        ),
        "croissant": Format(
            "croissant.json",
            "metadata of the records, with the fields of responsible AI",
            write_croissant,
        ),
        "openmetrics": Format(
            "metrics.txt",
            "every condition's numbers for Prometheus and its like",
            write_openmetrics,
        ),
    }
)
"""What a study is written as, by name."""


def export(study: Finished, name: str, path: Path | None = None) -> Path:
    """Write a finished study in the words of another tool.

    Args:
        study: the study.
        name: one of `FORMATS`.
        path: file; the tool's own name in the study's folder when left out.

    Raises:
        ValueError: there is no such format.
    """
    if name not in FORMATS:
        allowed = ", ".join(map(repr, FORMATS))
        raise ValueError(f"`format` must be one of {allowed}, got {name!r}.")
    asked = FORMATS[name]
    text = asked.write(study)
    out = study.folder / asked.file if path is None else path
    write_text(out, text)
    return out
