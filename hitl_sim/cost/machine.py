"""What an answer of a machine costs: money by answer or by token, joules, device time.

A machine is no person: its answers take no human time and no wage. Whoever sells them
bears their electricity; on a device of one's own that is what they cost. A number that
nobody gives is unavailable, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from hitl_sim.cost.constant import exactly
from hitl_sim.cost.estimate import answering_cost, default_precision
from hitl_sim.energy import Quantity, Scope, UnitCost, load_profile, unavailable
from hitl_sim.energy.workload import Number, dense, quantity_of

_MILLION = 1e6


class MachinePrice(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Table `[prices.machine.NAME]`: what an answer of a machine costs.

    Each number is plain, or a table of `value`, `low`, `high`, `kind` and `source`.

    Attributes:
        usd: price of an answer, USD; or by token, with the four below.
        usd_per_million_input: price of a million tokens that are read, USD.
        usd_per_million_output: price of a million tokens that are written, USD.
        input_tokens: tokens that are read for an answer: guidelines and item.
        output_tokens: tokens that are written for it.
        is_own: whether it runs on a device of one's own: it then costs its electricity,
            and has no other price.
        joules: energy of an answer, J, all that it takes; or by device, as below.
        seconds: device time of an answer, s.
        device: a device profile that ships, on which it answers: seconds and joules
            then follow from operations, at the share of the peak that answering
            reaches, and the facility's overhead comes on top.
        parameters: of the network, each used once for a token that is read or written.
        flop: operations of an answer, where they are known instead.
    """

    usd: Number | None = None
    usd_per_million_input: Number | None = None
    usd_per_million_output: Number | None = None
    input_tokens: Number | None = None
    output_tokens: Number | None = None
    is_own: bool = False
    joules: Number | None = None
    seconds: Number | None = None
    device: str | None = None
    parameters: Number | None = None
    flop: Number | None = None


@dataclass(frozen=True)
class MachineRate:
    """One answer of a machine as quantities.

    Attributes:
        seconds: device time, s.
        joules: energy of the device, J.
        overhead: whether a facility's overhead comes on top of these joules.
        usd: price, USD; None where it costs its electricity.
    """

    seconds: Quantity
    joules: Quantity
    overhead: bool
    usd: Quantity | None


_BY_TOKEN = ("usd_per_million_input", "usd_per_million_output")
_TOKENS = ("input_tokens", "output_tokens")


def check_machine_price(name: str, price: MachinePrice) -> None:
    """Refuse a price that contradicts itself.

    Raises:
        ValueError: the message names the field, its value and what is allowed.
    """
    where = f"prices.machine.{name}"

    def given(*fields: str) -> list[str]:
        return [f for f in fields if getattr(price, f) not in (None, False)]

    ways = [*given("usd"), *given(*_BY_TOKEN)[:1], *given("is_own")]
    if len(ways) > 1:
        raise ValueError(
            f"`{where}` must give one price: `usd` of an answer, two of tokens, or "
            f"`is_own`, got {' and '.join(map(repr, ways))}."
        )
    by_token = given(*_BY_TOKEN)
    if by_token and len(by_token) < 2:
        raise ValueError(
            f"`{where}` must give both {_BY_TOKEN[0]!r} and {_BY_TOKEN[1]!r}, got "
            f"{by_token[0]!r} alone."
        )
    needs = "prices of tokens or `parameters`"
    is_needed = bool(by_token or given("parameters"))
    if is_needed != (len(given(*_TOKENS)) == 2) or (not is_needed and given(*_TOKENS)):
        raise ValueError(
            f"`{where}` must give `input_tokens` and `output_tokens` exactly where it "
            f"has {needs}, got {given(*_TOKENS) or 'none'}."
        )
    counted = given("parameters", "flop")
    if bool(price.device) != (len(counted) == 1):
        raise ValueError(
            f"`{where}.device` must be given exactly where `parameters` or `flop` says "
            f"what an answer takes, got {price.device!r} with {counted or 'neither'}."
        )
    if price.device and given("joules", "seconds"):
        raise ValueError(
            f"`{where}` must give `joules` and `seconds`, or a `device` from which "
            f"they follow, got {given('joules', 'seconds')[0]!r} and {price.device!r}."
        )
    rate_of(name, price)


def rate_of(name: str, price: MachinePrice) -> MachineRate:
    """Turn a machine's price into quantities.

    Raises:
        ValueError: a number is out of range, or there is no such device.
    """
    cost = _device_cost(name, price)
    return MachineRate(
        cost.seconds,
        _placed(cost.joules, name),
        overhead=price.device is not None,
        usd=_usd(name, price),
    )


def unknown_rate(name: str) -> MachineRate:
    """Return the price of a machine of which prices say nothing."""
    return rate_of(name, MachinePrice())


def _placed(joules: Quantity, name: str) -> Quantity:
    """Say that joules are a machine's own, apart from those of a training's device."""
    of = f"machine {name}"
    parts = tuple(replace(part, of=of) for part in joules.composition)
    return replace(joules, of=of, composition=parts)


def _number(
    name: str, price: MachinePrice, field: str, unit: str, scope: Scope
) -> Quantity:
    number = getattr(price, field)
    where = f"prices.machine.{name}.{field}"
    if number is None:
        return unavailable(unit, scope, f"the study gives no {where}")
    return quantity_of(number, unit, where, scope)


def _tokens(name: str, price: MachinePrice, field: str) -> Quantity:
    return _number(name, price, field, "1", Scope.CONSTANT)


def _usd(name: str, price: MachinePrice) -> Quantity | None:
    if price.is_own:
        return None
    if price.usd_per_million_input is None:
        return _number(name, price, "usd", "USD", Scope.MONEY)
    first, second = (
        _tokens(name, price, tokens).times(
            _number(name, price, field, "USD", Scope.MONEY).scaled(1.0 / _MILLION),
            unit="USD",
            scope=Scope.MONEY,
        )
        for field, tokens in zip(_BY_TOKEN, _TOKENS, strict=True)
    )
    return first + second


def _device_cost(name: str, price: MachinePrice) -> UnitCost:
    if price.device is None:
        return UnitCost(
            _number(name, price, "seconds", "s", Scope.DEVICE_TIME),
            _number(name, price, "joules", "J", Scope.NODE),
        )
    try:
        profile = load_profile(price.device)
    except ValueError as error:
        words = str(error).replace("`device`", f"`prices.machine.{name}.device`")
        raise ValueError(words) from error
    # one operation's, times as many as there are: both may have an interval
    if price.parameters is None:
        operations = _number(name, price, "flop", "1", Scope.CONSTANT)
    else:
        tokens = _tokens(name, price, _TOKENS[0]) + _tokens(name, price, _TOKENS[1])
        weights = _number(name, price, "parameters", "1", Scope.CONSTANT)
        operations = tokens.times(weights.scaled(dense(1.0).forward_flop), unit="1")
    one = answering_cost(1.0, profile, default_precision(profile))
    return UnitCost(
        operations.times(one.seconds, unit="s", scope=one.seconds.scope),
        operations.times(one.joules, unit="J", scope=one.joules.scope),
    )


def nothing_here() -> UnitCost:
    """Return what an answer takes of the device that the study trains on: nothing."""
    source = "machines answer elsewhere than the device that is trained on"
    return UnitCost(
        exactly(0.0, "s", source, Scope.DEVICE_TIME),
        exactly(0.0, "J", source, Scope.CHIP),
    )


def machine_rates(prices: Mapping[str, MachinePrice]) -> dict[str, MachineRate]:
    """Turn the tables of all machines into quantities."""
    return {name: rate_of(name, price) for name, price in prices.items()}
