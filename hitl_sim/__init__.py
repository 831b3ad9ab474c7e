"""Simulated people guide training: what that saves, and what the people cost.

    import hitl_sim as hs

    results = hs.load("study.toml").run("results/study")
    print(results.answer())

Names are loaded when they are first used, so that importing this package takes no time
and starts nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitl_sim import (
        cache as cache,
        check as check,
        desk as desk,
        devices as devices,
        part as part,
    )
    from hitl_sim.results import Results as Results, open_results as open_results
    from hitl_sim.session.crowd import crowd as crowd
    from hitl_sim.session.live.study import live as live
    from hitl_sim.session.session import Session as Session
    from hitl_sim.session.target import target as target
    from hitl_sim.several import across as across
    from hitl_sim.staffing import staff as staff
    from hitl_sim.study.study import Study as Study, load as load

__version__ = "0.1.0"

_NAMES = {
    "Results": "hitl_sim.results:Results",
    "Session": "hitl_sim.session.session:Session",
    "Study": "hitl_sim.study.study:Study",
    "across": "hitl_sim.several:across",
    "cache": "hitl_sim.cache",
    "check": "hitl_sim.check",
    "crowd": "hitl_sim.session.crowd:crowd",
    "desk": "hitl_sim.desk",
    "devices": "hitl_sim.devices",
    "live": "hitl_sim.session.live.study:live",
    "load": "hitl_sim.study.study:load",
    "open_results": "hitl_sim.results:open_results",
    "part": "hitl_sim.part",
    "staff": "hitl_sim.staffing:staff",
    "target": "hitl_sim.session.target:target",
}
"""Where each public name stands: a module, or a name in one."""

__all__ = [  # noqa: PLE0604 - the public names are the keys
    "__version__",
    *_NAMES,
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name when it is first asked for."""
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = _NAMES[name].partition(":")
        found = _import_module(module)
        found = getattr(found, attribute) if attribute else found
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """List the public names, loaded or not."""
        return sorted(__all__)
