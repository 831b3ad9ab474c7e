"""Sources of a study's parts that are kept with its results; none of them is run."""

from pathlib import Path

import msgspec

from hitl_sim.part_source import Source
from hitl_sim.study.spec import StudySpec

_FOLDER = "parts"


def kept_in(out: Path, sha256: str) -> Path:
    """Folder of the results in which sources of a hash are kept."""
    return out / _FOLDER / sha256[:16]


def with_kept_parts(spec: StudySpec, out: Path) -> StudySpec:
    """Let a study that was read from its results run the sources kept there."""
    parts = dict(spec.part)
    for name, part in spec.part.items():
        source = Source.of(part.source)
        if not source.is_file or part.identity is None:
            continue
        kept = kept_in(out, str(part.identity["sha256"])) / Path(source.module).name
        if kept.is_file():
            there = Source(str(kept.resolve()), source.name, True)
            parts[name] = msgspec.structs.replace(part, source=str(there))
    return msgspec.structs.replace(spec, part=parts)
