"""The bill of a training that is described rather than run.

Operations of its phases become device seconds and joules by a share of the peak that
was measured or stated, by the hours that somebody published, or by the roofline of the
device's profile; then the site's lines are added. Nothing is run and no data is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from hitl_sim.cost.estimate import answering_cost, default_precision
from hitl_sim.cost.footprint import Footprint, Site, footprint_of
from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Quantity, Scope, exact
from hitl_sim.energy.work import UnitCost, peak_of
from hitl_sim.energy.workload import (
    PRECISIONS,
    Counted,
    Stated,
    busy_power,
    check_share,
    cost_of_hours,
    cost_of_operations,
    default_of,
    peak,
    quantity_of,
)
from hitl_sim.energy.workload.describe import (
    DataSpec,
    DeviceSpec,
    LifeSpec,
    Model,
    SelectionSpec,
    TrainingTable,
)
from hitl_sim.energy.workload.phase import (
    Phase,
    num_items,
    plain_phases,
    selection_phases,
)
from hitl_sim.schema import Table
from hitl_sim.unit import J_PER_KWH

ROOFLINE = "roofline"
ANSWERS = "answers in use"
_RULE = {
    "launch_w": "W",
    "launch_s": "s",
    "compute_efficiency_frac": "1",
    "bandwidth_b_per_s": "B/s",
    "bandwidth_efficiency_frac": "1",
}
"""Constants of a profile's own rule beside watts and peaks, with their units."""
Part = Literal["devices", "equipment", "facility"]


class Published(Table, frozen=True, kw_only=True):
    """What was published of it, to compare with.

    Attributes:
        kwh: energy, kWh.
        of: what it covers: "devices", "equipment" (servers too) or "facility".
        source: where it stands.
        note: what it is, such as boards charged with what they may draw.
    """

    kwh: Annotated[float, Meta(gt=0)]
    of: Part
    source: str
    note: str = ""


class Workload(Table, frozen=True, kw_only=True):
    """A training as it is described.

    Attributes:
        name: of it.
        source: where its settings stand.
        model: the network.
        data: what it learns from.
        device: what it runs on.
        training: how long.
        selection: rounds of choosing; None where all data are used.
        site: where the device stands.
        life: what is made of it afterwards.
        published: what was published of it.
    """

    name: str
    model: Model
    data: DataSpec
    device: DeviceSpec
    source: str = ""
    training: TrainingTable = TrainingTable()
    selection: SelectionSpec | None = None
    site: Site = Site()
    life: LifeSpec = LifeSpec()
    published: Published | None = None


@dataclass(frozen=True)
class Work:
    """A work and its bill.

    Attributes:
        phases: of it.
        costs: device seconds and joules by phase.
        footprint: its lines.
    """

    phases: Sequence[Phase]
    costs: Mapping[str, UnitCost]
    footprint: Footprint

    def shared(self, trainings: int) -> float:
        """Return the joules of devices for one of some trainings that share a choice.

        Args:
            trainings: that use what was chosen.
        """
        joules = 0.0
        for phase in self.phases:
            share = trainings if phase.is_shared else 1
            joules += number(self.costs[phase.name].joules) / share
        return joules


@dataclass(frozen=True)
class WorkloadBill:
    """The bill of a described training.

    Attributes:
        workload: as it was described.
        network: its operations.
        profile: the device.
        precision: of the products.
        items: of the training data.
        whole: training on all items.
        chosen: training on what was chosen, choosing included; None without choosing.
        answers: what the model is asked in its life; None where nobody said.
        inputs: numbers of the device that all of it rests on, by name.
        utilisation: share of the peak that operations reach.
        notes: what was counted approximately.
    """

    workload: Workload
    network: Counted
    profile: DeviceProfile
    precision: str
    items: float
    whole: Work
    chosen: Work | None
    answers: Footprint | None
    inputs: Mapping[str, Quantity]
    utilisation: Quantity
    notes: Sequence[str]

    @property
    def described(self) -> Work:
        """Return the work that was described: with choosing where there is any."""
        return self.whole if self.chosen is None else self.chosen

    @property
    def over_whole(self) -> float:
        """Return device joules of what was described over those of all the data."""
        ours, all_data = self.described, self.whole
        return number(ours.footprint.devices) / number(all_data.footprint.devices)

    @property
    def published(self) -> Quantity | None:
        """Return the energy that compares with the published one, kWh."""
        published = self.workload.published
        if published is None:
            return None
        footprint = self.described.footprint
        joules = {
            "devices": footprint.devices,
            "equipment": footprint.equipment,
            "facility": footprint.joules,
        }[published.of]
        return joules.scaled(1 / J_PER_KWH, unit="kWh")


def bill_of(
    workload: Workload, network: Counted, profile: DeviceProfile
) -> WorkloadBill:
    """Bill a described training.

    Args:
        workload: the description.
        network: what its model takes.
        profile: what `device.name` stands for.

    Raises:
        ValueError: a number is out of range or contradicts another; the message names
            the field as it is written.
    """
    items = num_items(workload.data, network.tokens)
    data, training, selection = workload.data, workload.training, workload.selection
    plain = plain_phases(data, training, items)
    phases = plain
    if selection is not None:
        phases = selection_phases(selection, data, training, items)
    rate = _Rate(workload, network, profile, sum(p.flop(network) for p in phases))
    whole = rate.work(plain)
    chosen = None if selection is None else rate.work(phases)
    described = whole if chosen is None else chosen
    flop = sum(phase.flop(network) for phase in phases)
    return WorkloadBill(
        workload,
        network,
        profile,
        rate.precision,
        items,
        whole,
        chosen,
        rate.answers(workload.life.queries),
        rate.inputs,
        _reached(flop, described, rate.peak),
        network.notes,
    )


def _reached(flop: float, work: Work, best: Quantity) -> Quantity:
    """Return which share of the peak some operations reached."""
    counted = exact(flop, "FLOP", best.kind, Scope.CONSTANT, "counted operations")
    rate = counted.over(work.footprint.seconds, unit="FLOP/s", scope=Scope.CONSTANT)
    return rate.over(best, unit="1")


class _Rate:
    """How operations of one workload become seconds and joules."""

    def __init__(
        self, workload: Workload, network: Counted, profile: DeviceProfile, flop: float
    ) -> None:
        device = workload.device
        if device.hours is not None and device.utilisation is not None:
            raise ValueError(
                "`device.utilisation` must be left out where `device.hours` is given,"
                f" got {device.utilisation!r}."
            )
        self.precision = _precision(workload, network, profile)
        self.network, self.profile, self.site = network, profile, workload.site
        self.flop = flop
        self.peak = peak(profile, self.precision, "training.precision")
        self.watts = None
        if device.watts is not None:
            self.watts = quantity_of(
                device.watts, "W", "device.watts", Scope(profile.scope)
            )
        self.hours: Quantity | None = None
        self.utilisation: Quantity | None = None
        self.inputs: dict[str, Quantity] = {"watts": busy_power(profile, self.watts)}
        self.inputs["peak"] = self.peak
        given = device.utilisation
        if device.hours is not None:
            self.hours = quantity_of(
                device.hours, "h", "device.hours", Scope.DEVICE_TIME
            )
            self.inputs["device-hours"] = self.hours
        elif isinstance(given, str):
            self._check_roofline()
        else:
            self.utilisation = _utilisation(given)
            self.inputs["utilisation"] = self.utilisation

    def work(self, phases: Sequence[Phase]) -> Work:
        """Bill phases."""
        costs = {phase.name: self._cost(phase) for phase in phases}
        return Work(phases, costs, self._placed(costs))

    def answers(self, queries: float | None) -> Footprint | None:
        """Bill what the model is asked in its life."""
        if queries is None:
            return None
        self.inputs["inference_utilisation"] = default_of("inference_utilisation")
        flop = queries * self.network.forward_flop
        cost = answering_cost(flop, self.profile, self.precision, self.watts)
        return self._placed({ANSWERS: cost})

    def _placed(self, costs: Mapping[str, UnitCost]) -> Footprint:
        try:
            return footprint_of(costs, self.profile, self.site)
        except ValueError as error:
            message = str(error)
            for name in self.site.__struct_fields__:
                message = message.replace(f"`{name}`", f"`site.{name}`")
            raise ValueError(message) from error

    def _cost(self, phase: Phase) -> UnitCost:
        flop = phase.flop(self.network)
        if self.hours is not None:
            hours = self.hours.scaled(flop / self.flop)
            return cost_of_hours(hours, self.profile, None, self.watts)
        if self.utilisation is None:
            return self._by_roofline(phase)
        return cost_of_operations(
            flop, self.profile, self.precision, self.utilisation, self.watts
        )

    def _by_roofline(self, phase: Phase) -> UnitCost:
        units = self.network.units or ()
        unit = units[0 if phase.step == "train" else 1]
        once = self.profile.unit_cost(unit)
        times = phase.passes / self.network.unit_items
        return UnitCost(once.seconds.scaled(times), once.joules.scaled(times))

    def _check_roofline(self) -> None:
        if self.network.units is None:
            raise ValueError(
                "`device.utilisation` must be a number for a model of which only"
                f" operations are counted, got '{ROOFLINE}'. It needs the traffic and"
                " kernels that a 'transformer' or a 'network' has."
            )
        if self.watts is not None:
            raise ValueError(
                "`device.watts` must be left out where `device.utilisation` is"
                f" '{ROOFLINE}', whose watts are the profile's, got"
                f" {number(self.watts):g}."
            )
        for name, unit in _RULE.items():
            constant = getattr(self.profile, name)
            what = f"profile {self.profile.label}, {name}"
            self.inputs[name] = constant.quantity(unit, Scope.CONSTANT, what)


def _precision(workload: Workload, network: Counted, profile: DeviceProfile) -> str:
    """Return what products run in: as told, as a counted program asks, or a default."""
    if workload.training.precision is not None:
        return workload.training.precision
    if network.units is None:
        return default_precision(profile)
    asked = network.units[0].asked
    name = peak_of(max(asked, key=asked.__getitem__), profile.peak_flop_per_s)
    return next(precision for precision, peak in PRECISIONS.items() if peak == name)


def _utilisation(given: float | Stated | None) -> Quantity:
    if given is None:
        return default_of("utilisation")
    found = quantity_of(given, "1", "device.utilisation")
    check_share(found, "device.utilisation")
    return found


def number(quantity: Quantity) -> float:
    """Return the one number of a quantity; NaN where it is unknown."""
    value = quantity.value
    return value if isinstance(value, float) else float("nan")
