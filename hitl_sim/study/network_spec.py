"""The [network] table of a study: which network, and the options that its kind has."""

from collections.abc import Mapping
from typing import Any

from msgspec import field

from hitl_sim.part import Part, find
from hitl_sim.schema import Table
from hitl_sim.study.part_option import read_options


class NetworkSpec(Table, frozen=True):
    """The network that is trained; an option left out takes its kind's default.

    In a study file the options stand beside the kind, as in `kind = "mlp"` with
    `hidden = [64]`, or in a table `options` of their own.

    Attributes:
        kind: name of a network: of a file of `hitl_sim.learn.network`, or of a part
            that the study brings.
        options: of that network, by name, as far as they are given.
    """

    kind: str = "mlp"
    options: dict[str, Any] = field(default_factory=dict)

    def part(self, foreign: Mapping[str, Part] | None = None) -> Part:
        """Look up what builds it.

        Raises:
            ValueError: there is none of that name, or it has params.
        """
        part = find("network", self.kind, foreign, "network.kind")
        if part.params:
            raise ValueError(
                "`network.kind` must be a network without params, for its numbers are "
                f"options, got {self.kind!r} with {', '.join(part.params)}."
            )
        return part

    def all_options(self, foreign: Mapping[str, Part] | None = None) -> dict[str, Any]:
        """Complete the options by their defaults.

        Raises:
            ValueError: one is unknown, missing, or out of its range.
        """
        part = self.part(foreign)
        return read_options(part, self.options, "network", "network.kind")

    def resolved(self, foreign: Mapping[str, Part] | None = None) -> dict[str, Any]:
        """Return the kind and all of its options, by name; what fixes the network.

        Raises:
            ValueError: an option does not fit.
        """
        return {"kind": self.kind, **self.all_options(foreign)}


def network_table(raw: Any) -> Any:
    """Put options that stand beside the kind into the table `options`.

    Raises:
        ValueError: an option stands in both places.
    """
    if not isinstance(raw, Mapping):
        return raw
    fields = NetworkSpec.__struct_fields__
    beside = {name: value for name, value in raw.items() if name not in fields}
    given = raw.get("options", {})
    if not beside or not isinstance(given, Mapping):
        return raw
    for name in beside:
        if name in given:
            raise ValueError(
                f"`network.{name}` must be given once, got it in `network` and in "
                "`network.options`."
            )
    rest = {name: value for name, value in raw.items() if name in fields}
    return rest | {"options": {**given, **beside}}
