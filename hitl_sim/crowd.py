"""Crowds by name: who may answer in a study, and what is known of them."""

from oracles import POPULATIONS, PopulationSource, describe_population as describe


def names() -> tuple[str, ...]:
    """Name the populations that are shipped; a path of an own file works as well."""
    return tuple(POPULATIONS)


__all__ = ["PopulationSource", "describe", "names"]
