"""Simulated human annotators behind one contract.

Importing this package loads nothing: a name is looked up when it is first used, so that
the tables of parameters and populations can be read without jax. Aggregations are in
`oracles.aggregate`, statistics of agreement in `oracles.agreement`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oracles.annotators import (
        Annotators as Annotators,
        AnnotatorState as AnnotatorState,
    )
    from oracles.contract import Oracle as Oracle, Query as Query, Response as Response
    from oracles.feedback import (
        FEEDBACK as FEEDBACK,
        IMPORTANCE as IMPORTANCE,
        LABEL as LABEL,
        RELEVANCE as RELEVANCE,
    )
    from oracles.people import sample_annotators as sample_annotators
    from oracles.population import (
        Population as Population,
        build_population as build_population,
    )
    from oracles.populations import (
        POPULATIONS as POPULATIONS,
        Number as Number,
        PopulationSource as PopulationSource,
        describe_population as describe_population,
    )

_WHERE = {
    "annotators": ("Annotators", "AnnotatorState"),
    "contract": ("Oracle", "Query", "Response"),
    "feedback": ("FEEDBACK", "IMPORTANCE", "LABEL", "RELEVANCE"),
    "people": ("sample_annotators",),
    "population": ("Population", "build_population"),
    "populations": ("POPULATIONS", "Number", "PopulationSource", "describe_population"),
}


def __getattr__(name: str) -> Any:
    for module, names in _WHERE.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
