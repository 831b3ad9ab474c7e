"""Sources of a study's parts that are kept with its results; none of them is run."""

from pathlib import Path

import msgspec

from hitl_sim.study.spec import StudySpec

_FOLDER = "parts"


def kept_in(out: Path, sha256: str) -> Path:
    """Folder of the results in which sources of a hash are kept."""
    return out / _FOLDER / sha256[:16]


def with_kept_parts(spec: StudySpec, out: Path) -> StudySpec:
    """Let a study that was read from its results run the sources kept there."""
    parts = dict(spec.part)
    for name, part in spec.part.items():
        if part.file is None or part.identity is None:
            continue
        kept = kept_in(out, str(part.identity["sha256"])) / Path(part.file).name
        if kept.is_file():
            source = f"{kept.resolve()}:{part.source.rpartition(':')[2]}"
            parts[name] = msgspec.structs.replace(part, source=source)
    return msgspec.structs.replace(spec, part=parts)
