"""Where to cut a network between a device and a server.

The device runs the layers before the cut, sends the features there over a link, and the
server runs the rest. Features may be compressed to b bits each. For a cut before layer
c of L (c = 0 sends the input, c = L runs all on the device and sends nothing),

    J(c) = sum of device joules of layers < c + link joules per byte x bytes(c)
           + sum of server joules of layers >= c
    T(c) = the same in seconds, with link seconds per byte

The best cut is the cheapest. What compression does to accuracy is
measured by an arm with a method of kind `split`; here it only shrinks bytes. Nothing
here was run on two machines: joules are modelled from what is given.

References:
    Kang et al. (2017), Neurosurgeon: collaborative intelligence between the cloud and
    mobile edge, ASPLOS, 615-629 (the choice of one cut by energy or latency).
    Li et al. (2018), JALAD: joint accuracy- and latency-aware deep structure decoupling
    for edge-cloud execution, ICPADS, 671-678 (features in few bits).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from hitl_sim.energy.profile import Constant, DeviceProfile
from hitl_sim.energy.quantity import Quantity, Scope, total
from hitl_sim.energy.shipped import named, shipped_table
from hitl_sim.energy.work import WorkUnit

FLOAT_BITS = 32
"""Bits of a feature that is not compressed."""

Paid = Literal["all", "device"]
"""Whose joules count: everybody's, or those of the device and its link (a battery)."""


@dataclass(frozen=True)
class Layer:
    """One layer of the network.

    Attributes:
        name: of the layer.
        device: J on the device.
        server: J on the server.
        device_s: time on the device, s.
        server_s: time on the server, s.
        num_features: numbers that it reads, what a cut before it would send.
    """

    name: str
    device: Quantity
    server: Quantity
    device_s: float
    server_s: float
    num_features: int


def price_layer(
    work: WorkUnit, device: DeviceProfile, server: DeviceProfile, num_features: int
) -> Layer:
    """Price the counted work of a layer, which reads some features, on both sides."""
    near, far = device.unit_cost(work), server.unit_cost(work)
    return Layer(
        work.name,
        near.joules,
        far.joules,
        _seconds(near.seconds),
        _seconds(far.seconds),
        num_features,
    )


def _seconds(seconds: Quantity) -> float:
    return math.inf if seconds.value is None else float(seconds.value)


@dataclass(frozen=True)
class Link:
    """What lies between device and server.

    Attributes:
        per_byte: J/B, whoever pays them.
        byte_per_s: rate, B/s; > 0.
        latency_s: time before the first byte arrives, s.

    Raises:
        ValueError: the rate is not positive, or the latency is negative.
    """

    per_byte: Quantity
    byte_per_s: float
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a link that carries nothing."""
        if not self.byte_per_s > 0.0:
            raise ValueError(f"`byte_per_s` must be > 0 B/s, got {self.byte_per_s}.")
        if not self.latency_s >= 0.0:
            raise ValueError(f"`latency_s` must be >= 0 s, got {self.latency_s}.")


@dataclass(frozen=True)
class Cut:
    """One way to split a network.

    Attributes:
        at: layers that the device runs, c.
        bits: bits of each feature that is sent.
        sent_b: bytes sent, B.
        device: J of the device; None where it runs nothing.
        link: J of the link; None where nothing is sent.
        server: J of the server; None where it runs nothing.
        seconds: from input to answer, s.
    """

    at: int
    bits: int
    sent_b: float
    device: Quantity | None
    link: Quantity | None
    server: Quantity | None
    seconds: float

    def joules(self, paid: Paid = "all") -> Quantity:
        """Return the energy that counts.

        Raises:
            ValueError: nothing that counts is used, or scopes overlap.
        """
        parts = [self.device, self.link, self.server if paid == "all" else None]
        return total(part for part in parts if part is not None)


def list_cuts(
    layers: Sequence[Layer],
    link: Link,
    *,
    bits: int = FLOAT_BITS,
    beside_b: float = 0.0,
) -> tuple[Cut, ...]:
    """Return every cut, from all on the server to all on the device.

    Features are sent in some bits each, the input, at c = 0, likewise, and some bytes
    beside them, B, such as their range.

    Raises:
        ValueError: there is no layer, or the bits are not in 1 to 32.
    """
    if not layers:
        raise ValueError("`layers` must hold at least one layer, got none.")
    if not 1 <= bits <= FLOAT_BITS:
        raise ValueError(f"`bits` must be >= 1 and <= {FLOAT_BITS}, got {bits}.")
    return tuple(
        _cut(layers, link, at, bits, beside_b) for at in range(len(layers) + 1)
    )


def _cut(
    layers: Sequence[Layer], link: Link, at: int, bits: int, beside_b: float
) -> Cut:
    near, far = layers[:at], layers[at:]
    sent_b = far[0].num_features * bits / 8 + beside_b if far else 0.0
    seconds = sum(layer.device_s for layer in near)
    seconds += sum(layer.server_s for layer in far)
    if far:
        seconds += link.latency_s + sent_b / link.byte_per_s
    return Cut(
        at,
        bits if far else FLOAT_BITS,
        sent_b,
        total(layer.device for layer in near) if near else None,
        link.per_byte.scaled(sent_b, unit="J") if far else None,
        total(layer.server for layer in far) if far else None,
        seconds,
    )


def best_cut(cuts: Sequence[Cut], *, paid: Paid = "all") -> Cut | None:
    """Return the cheapest cut; None where the energy of none is known."""
    known = [
        (float(joules.value), cut)
        for cut in cuts
        if (joules := cut.joules(paid)).is_known and joules.value is not None
    ]
    return min(known, key=lambda pair: pair[0])[1] if known else None


class _LinkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One link of `data/links.toml`."""

    name: str
    description: str
    year: int
    joules_per_byte: Constant
    byte_per_s: Constant
    latency_s: Constant


def load_link(name: str) -> Link:
    """Return a shipped link.

    Raises:
        ValueError: there is none of this name.
    """
    found = named(shipped_table("links.toml", "link", _LinkTable), name, "link")
    what = f"link {name}"
    per_byte = found.joules_per_byte.quantity("J/B", Scope.MODULE, what, of=what)
    return Link(per_byte, found.byte_per_s.value, found.latency_s.value)
