"""Joules of a window where nothing can be measured: its seconds times stated watts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hitl_sim.energy.meters.backend import Capability, Clock, Snapshot
from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.profile_file import load_profile
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.part import meter
from hitl_sim.unit import S_PER_NS


@meter(version=1)
def analytic(*, profile: str) -> AnalyticBackend:
    """A model: seconds times the watts of a device profile, by its name or file."""
    return AnalyticBackend(load_profile(profile))


@dataclass
class AnalyticBackend:
    """A model of a device, for programs whose operations were not counted.

    It takes the device to be busy all the time; the lower end of its interval is a
    device that idles all the time. Programs whose operations are counted are billed
    more sharply by `DeviceProfile.unit_cost`.

    Attributes:
        profile: the device.
        clock: monotonic clock, ns.
    """

    profile: DeviceProfile
    clock: Clock = time.monotonic_ns
    name: str = "analytic"

    def probe(self) -> list[Capability]:
        """Say that the model answers anywhere, and that it measures nothing."""
        return [
            Capability(
                self.name,
                True,
                self.profile.name,
                Scope(self.profile.scope),
                Kind.MODELLED_ANALYTIC,
                note="modelled from time and stated watts; nothing is measured",
            )
        ]

    def read(self) -> Snapshot:
        """Read the clock."""
        now = self.clock()
        return Snapshot(now, now)

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return elapsed time times power, from idle to the highest active power."""
        seconds = (end.after_ns - start.before_ns) * S_PER_NS
        active, idle = self.profile.active_w, self.profile.idle_w
        return [
            Quantity(
                seconds * active.value,
                "J",
                Kind.MODELLED_ANALYTIC,
                Scope(self.profile.scope),
                (seconds * min(idle.low, active.low), seconds * active.high),
                f"elapsed time and watts of profile {self.profile.label}",
                of=self.profile.name,
            )
        ]
