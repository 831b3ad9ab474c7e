"""Device profiles by name: what a unit of work takes, in seconds and joules."""

from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.profile_file import load_profile as load, profile_names as names

__all__ = ["DeviceProfile", "load", "names"]
