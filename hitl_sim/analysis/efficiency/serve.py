"""A query that device and server answer together, priced from its counted halves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.chance.estimate import ends_of
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.efficiency.claim import is_below
from hitl_sim.analysis.run.usage import work_unit
from hitl_sim.energy import DeviceProfile, Quantity
from hitl_sim.energy.split_inference import (
    Cut,
    Link,
    best_cut,
    list_cuts,
    price_layer,
)

_AT = 1
"""Of two halves, the cut between them; 0 is all on the server, 2 on the device."""


@dataclass(frozen=True)
class Serving:
    """What answers queries of a network that is split.

    Attributes:
        device: what runs the first half.
        server: what runs the second.
        link: what lies between them.
        link_name: its name.
    """

    device: DeviceProfile
    server: DeviceProfile
    link: Link
    link_name: str


@dataclass(frozen=True)
class Served:
    """One query of a split network.

    Attributes:
        cut: what it takes where it is cut.
        best: the cheapest of this cut, all on the server and all on the device, with
            everybody's joules counted.
        cuts: all three ways, from all on the server on.
        serving: what answers.
    """

    cut: Cut
    best: Cut | None
    cuts: tuple[Cut, ...]
    serving: Serving

    @property
    def joules(self) -> Quantity:
        """Return the energy of device, link and server, J."""
        return self.cut.joules()

    @property
    def is_cheapest(self) -> Answer:
        """Return whether the cut is cheaper than either whole, whatever the constants.

        A constant of both ways moves both, so only what they do not share decides.
        """
        apart = [
            is_below(*ends_of(self.joules - other.joules()), 0.0)
            for other in self.cuts
            if other is not self.cut
        ]
        if Answer.NO in apart:
            return Answer.NO
        is_seen = all(answer is Answer.YES for answer in apart)
        return Answer.YES if is_seen else Answer.UNDETERMINED


def serve(name: str, halves: Mapping[str, Any], bits: int, serving: Serving) -> Served:
    """Price a query.

    Args:
        name: of the unit that is split.
        halves: as the manifest counted them.
        bits: of each number that is sent.
        serving: what answers.
    """
    layers = [
        price_layer(
            work_unit(f"{half}:{name}", halves[half]),
            serving.device,
            serving.server,
            halves[read],
        )
        for half, read in (("device", "num_inputs"), ("server", "num_features"))
    ]
    cuts = list_cuts(layers, serving.link, bits=bits, beside_b=halves["beside_b"])
    return Served(cuts[_AT], best_cut(cuts), cuts, serving)
