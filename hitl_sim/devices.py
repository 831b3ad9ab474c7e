"""Device profiles by name: what a unit of work takes, in seconds and joules."""

from hitl_sim.energy import DeviceProfile, load_profile
from hitl_sim.energy.profile_file import profile_names


def names() -> tuple[str, ...]:
    """Name the profiles that are shipped; a path of a profile's file works as well."""
    return profile_names()


def load(name_or_path: str) -> DeviceProfile:
    """Return a shipped profile by name, or read one from a file.

    Raises:
        ValueError: there is no such name or file, or the file is not a profile.
    """
    return load_profile(name_or_path)


__all__ = ["DeviceProfile", "load", "names"]
