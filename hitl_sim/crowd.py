"""Crowds by name: who may answer in a study, and what is known of them."""

from oracles import POPULATIONS, PopulationSource, describe_population


def names() -> tuple[str, ...]:
    """Name the populations that are shipped; a path of an own file works as well."""
    return tuple(POPULATIONS)


def describe(name: str) -> PopulationSource:
    """Return a population's numbers, their sources, and how far to trust them.

    Args:
        name: of a shipped population, or the path of an own file.

    Raises:
        ValueError: there is none, or its file is not as it should be.
    """
    return describe_population(name)


__all__ = ["PopulationSource", "describe", "names"]
