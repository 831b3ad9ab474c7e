"""The sentences of a report, by the names under which they stand in one file.

They are read together in `template/sentences.toml`; what decides between them is in
`opening`, `check`, `decision`, `words`, `scale` and `citation`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from hitl_sim.report.number import RHO


@cache
def sentences() -> Mapping[str, str]:
    """Return every sentence by `part.name`, with its gaps in braces."""
    file = resources.files("hitl_sim.report") / "template" / "sentences.toml"
    parts = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{part}.{name}": text
        for part, named in parts.items()
        for name, text in named.items()
    }


def say(name: str, **values: object) -> str:
    """Return a sentence with its gaps filled.

    Args:
        name: as `part.name`.
        **values: what stands in its gaps; `{rho}` is filled already.

    Raises:
        KeyError: there is no such sentence, or a gap is left.
    """
    return sentences()[name].format(rho=RHO, **values)
