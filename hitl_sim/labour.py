"""What people of a labelling project cost, line by line, each rate with its source.

A rate that a project does not tell is unknown, and so is its line: the price is that of
the lines that are known, and says which are not.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy.special import ndtr

from hitl_sim.cost.constant import assumed, exactly, load_toml
from hitl_sim.energy import Kind, Quantity, Scope
from hitl_sim.energy.quantity import unavailable
from hitl_sim.read_table import TableError
from hitl_sim.schema import Positive, Share, Table, one_of
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce.account import Account, GroupAccount
from hitl_sim.workforce.people import People
from hitl_sim.workforce.project import Project
from hitl_sim.workforce.team import DAY_S

Money = Annotated[float, Meta(ge=0.0)]
_MONTH_S = 30 * DAY_S
CROWD = "people"
"""Name of the group that is not told apart."""


class CurrencyTable(Table, frozen=True):
    """Table `[prices.currency]`: what totals are told in besides.

    Attributes:
        code: of the currency, such as "EUR".
        per_usd: units of it for 1 USD.
        on: day of that rate.
    """

    code: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    per_usd: Positive
    on: datetime.date


class WageTable(Table, frozen=True):
    """Table `[prices]`: what people cost.

    Attributes:
        wage_usd_per_h: gross wage, USD/h; the shipped default where left out.
        wage: name of a shipped wage in its place, such as "US-annotator".
        overhead_frac: employer's cost on top, fraction of the wage; the shipped
            default where left out.
        platform: platform whose shipped fee is taken.
        fee_frac: a platform's fee, fraction of wages; 0 says that there is none.
        bonus_frac: bonuses, fraction of wages.
        minimum_answer_usd: least that is paid for an answer, whatever it takes.
        refused_paid_frac: share of its pay that is paid for refused work.
        recruitment_usd: cost of recruiting one person, USD.
        licence_usd_per_seat_month: tool, for each person and each month begun.
        requester_h: hours of whoever asks: guidelines, questions, checks.
        requester_usd_per_h: their wage.
        currency: what totals are told in besides.
    """

    wage_usd_per_h: Money | None = None
    wage: str | None = None
    overhead_frac: Money | None = None
    platform: str | None = None
    fee_frac: Money | None = None
    bonus_frac: Money | None = None
    minimum_answer_usd: Money | None = None
    refused_paid_frac: Share = 1.0
    recruitment_usd: Money | None = None
    licence_usd_per_seat_month: Money | None = None
    requester_h: Money | None = None
    requester_usd_per_h: Money | None = None
    currency: CurrencyTable | None = None


def shipped(table: Literal["wage", "fee"], name: str, field: str) -> Quantity:
    """Return a shipped wage or fee by name.

    Raises:
        TableError: there is none of that name.
    """
    entries = {k: v for k, v in load_toml("wages.toml")[table].items() if k != "unit"}
    if name not in entries:
        raise TableError(f"`{field}` must be {one_of(sorted(entries))}, got {name!r}.")
    return assumed(entries[name], load_toml("wages.toml")[table]["unit"])


@dataclass(frozen=True)
class GroupRate:
    """What a group is paid.

    Attributes:
        wage: USD/h; None where they are paid by the answer.
        answer: USD per answer; None where they are paid by the hour.
    """

    wage: Quantity | None
    answer: Quantity | None = None


@dataclass(frozen=True)
class Rates:
    """What people cost, each with its source; unavailable where the project is silent.

    Attributes:
        wage: of the crowd, USD/h.
        overhead: fraction of the wage.
        fee: a platform's, fraction of the wage.
        bonus: fraction of the wage.
        minimum: least that is paid for an answer of the crowd, USD.
        refused: share of its pay that refused work gets.
        recruitment: of one person, USD.
        licence: of one seat for a month, USD.
        requester_h: hours of whoever asks.
        requester: their wage, USD/h.
        groups: of further groups, by name.
        people: of the crowd, for how unequal times of answers are.
        start_s: when the project starts, s; months are counted from there.
        currency: what totals are told in besides; None for nothing.
    """

    wage: Quantity
    overhead: Quantity
    fee: Quantity
    bonus: Quantity
    minimum: Quantity
    refused: Quantity
    recruitment: Quantity
    licence: Quantity
    requester_h: Quantity
    requester: Quantity
    groups: Mapping[str, GroupRate]
    people: People
    start_s: float
    currency: CurrencyTable | None = None

    def price(self, account: Account) -> float:
        """Price what a project came to, at the middle of each known rate, USD."""
        return math.fsum(line.price(account) for line in lines_of(self))


def rates_of(
    table: WageTable, project: Project, groups: Mapping[str, GroupRate]
) -> Rates:
    """Take the prices of a project; shipped defaults are of wage and overhead alone.

    Raises:
        TableError: a wage or fee is given twice, or under a name that there is not.
    """
    for one, other in (("wage", "wage_usd_per_h"), ("platform", "fee_frac")):
        if getattr(table, one) is not None and getattr(table, other) is not None:
            raise TableError(
                f"`prices.{one}` must be left out where `prices.{other}` is given, got "
                f"{getattr(table, one)!r}."
            )
    if (table.requester_h is None) != (table.requester_usd_per_h is None):
        raise TableError(
            "`prices.requester_h` and `prices.requester_usd_per_h` must be given "
            "together, got one of them."
        )
    defaults = load_toml("prices.toml")

    def rate(name: str, unit: str) -> Quantity:
        if (given := getattr(table, name)) is not None:
            return exactly(float(given), unit, f"project file, prices.{name}")
        if name in defaults:
            return assumed(defaults[name], unit)
        reason = f"the project gives no prices.{name}"
        return unavailable(unit, Scope.CONSTANT, reason)

    wage, fee = rate("wage_usd_per_h", "USD/h"), rate("fee_frac", "1")
    if table.wage is not None:
        wage = shipped("wage", table.wage, "prices.wage")
    if table.platform is not None:
        fee = shipped("fee", table.platform, "prices.platform")
    return Rates(
        wage=wage,
        overhead=rate("overhead_frac", "1"),
        fee=fee,
        bonus=rate("bonus_frac", "1"),
        minimum=rate("minimum_answer_usd", "USD"),
        refused=rate("refused_paid_frac", "1"),
        recruitment=rate("recruitment_usd", "USD"),
        licence=rate("licence_usd_per_seat_month", "USD"),
        requester_h=rate("requester_h", "h"),
        requester=rate("requester_usd_per_h", "USD/h"),
        groups=groups,
        people=project.people,
        start_s=project.start_s,
        currency=table.currency,
    )


@dataclass(frozen=True)
class Line:
    """How one line of a bill comes about: an amount of each run, times rates.

    Attributes:
        name: what is paid for.
        amount: of a run.
        unit: of the amount.
        rates: that it is multiplied by.
        overhead: on top, where there is one.
    """

    name: str
    amount: Callable[[Account], float]
    unit: str
    rates: tuple[Quantity, ...]
    overhead: Quantity | None = None

    def price(self, account: Account) -> float:
        """Return what a run costs at the middle of each rate; 0 of an unknown one."""
        if any(rate.value is None for rate in self.rates):
            return 0.0
        on_top = 1.0 if self.overhead is None else 1.0 + _middle(self.overhead)
        amount = self.amount(account)
        return amount * math.prod(map(_middle, self.rates)) * on_top

    def bill(self, accounts: Sequence[Account]) -> Quantity:
        """Return what runs cost: the central 95 % of them, and of the rates."""
        values = [self.amount(account) for account in accounts]
        low, high = np.quantile(values, (0.025, 0.975))
        middle = float(np.mean(values))
        ends = (min(float(low), middle), max(float(high), middle))
        source = f"{len(accounts)} simulated runs"
        found = Quantity(
            middle, self.unit, Kind.SIMULATED, Scope.HUMAN_TIME, ends, source
        )
        for rate in self.rates:
            found = found.times(rate, unit="USD", scope=Scope.MONEY)
        if self.overhead is not None:
            found = found + found.times(self.overhead, unit="USD")
        if found.interval is not None and np.any(np.less(found.interval[0], 0.0)):
            # of runs of which many cost nothing; nobody is paid less
            found = replace(found, interval=(0.0, found.interval[1]))
        return found


@dataclass(frozen=True)
class CostLine:
    """One line of what a plan costs.

    Attributes:
        name: what is paid for.
        usd: how much.
    """

    name: str
    usd: Quantity


def bill_of(accounts: Sequence[Account], rates: Rates) -> tuple[CostLine, ...]:
    """Bill runs of a plan line by line, with what chance and prices leave open."""
    return tuple(CostLine(line.name, line.bill(accounts)) for line in lines_of(rates))


def lines_of(rates: Rates) -> tuple[Line, ...]:
    """Return the lines of a bill; every further group adds its own."""
    lines = list(_group_lines(CROWD, GroupRate(rates.wage), rates))
    for name, rate in rates.groups.items():
        lines += _group_lines(name, rate, rates)
    waged = {CROWD: rates.wage} | {
        name: rate.wage for name, rate in rates.groups.items() if rate.wage is not None
    }

    def seats(account: Account) -> float:
        return float(
            sum(group.people_came for group in account.groups if group.name in waged)
        )

    for name, wage in waged.items():
        of = "" if name == CROWD else f" on the wages of {name}"
        paid = _of(name, lambda group: group.paid_s / S_PER_H)
        lines.append(Line(f"platform fee{of}", paid, "h", (wage, rates.fee)))
        lines.append(Line(f"bonuses{of}", paid, "h", (wage, rates.bonus)))

    def months(account: Account) -> float:
        lasts_s = account.end_s - rates.start_s
        return seats(account) * max(1, math.ceil(lasts_s / _MONTH_S))

    lines.append(Line("recruitment", seats, "1", (rates.recruitment,)))
    lines.append(Line("licences", months, "1", (rates.licence,)))
    asks = (rates.requester_h, rates.requester)
    lines.append(
        Line("requester, with overhead", lambda _: 1.0, "1", asks, rates.overhead)
    )
    return tuple(lines)


def _group_lines(name: str, rate: GroupRate, rates: Rates) -> list[Line]:
    """Return the lines of what a group is paid for its work."""
    of = "" if name == CROWD else f" of {name}"
    if rate.answer is not None or rate.wage is None:
        assert rate.answer is not None
        given = _of(name, lambda group: float(group.answered + group.gold))
        return [Line(f"answers{of}, each", given, "1", (rate.answer,))]

    def line(what: str, read: Callable[[GroupAccount], float], *more: Quantity) -> Line:
        hours = _of(name, lambda group: read(group) / S_PER_H)
        assert rate.wage is not None
        own = (rate.wage, *more)
        return Line(f"{what}{of}, with overhead", hours, "h", own, rates.overhead)

    lines = [
        line("answers", lambda group: group.worked_s - group.refused_s),
        line("refused answers", lambda group: group.refused_s, rates.refused),
        line("known questions", lambda group: group.gold_s),
        line("tests", _paid_test_s),
        line("onboarding", lambda group: group.onboarding_s),
    ]
    if name == CROWD:
        lines.append(_top_up(rates))
    return lines


def _paid_test_s(group: GroupAccount) -> float:
    rest_s = group.worked_s + group.gold_s + group.onboarding_s
    return max(0.0, group.paid_s - rest_s)


def _top_up(rates: Rates) -> Line:
    """Bill what answers are paid besides, up to the least for each of them.

    Of a time T with log-normal spread it is E[max(least - wage T, 0)], a put's price.
    """
    answers = _of(CROWD, lambda group: float(group.answered - group.refused))
    name = "top-up to the least per answer"
    if rates.minimum.value is None:
        return Line(name, answers, "1", (rates.minimum,))
    least = _middle(rates.minimum)
    seconds = rates.people.seconds
    spread = math.hypot(
        seconds.spread if seconds.shape == "lognormal" else 0.0,
        rates.people.pace_spread,
    )
    mean = _middle(rates.wage) * seconds.mean_s / S_PER_H
    top_up = max(0.0, least - mean)
    if spread > 0 and least > 0 and mean > 0:
        far = (math.log(mean / least) + spread**2 / 2) / spread
        top_up = float(least * ndtr(spread - far) - mean * ndtr(-far))
    source = f"{rates.minimum.source}, beyond the wage of the time that answers take"
    return Line(name, answers, "1", (exactly(top_up, "USD", source),))


def _of(name: str, read: Callable[[GroupAccount], float]) -> Callable[[Account], float]:
    def amount(account: Account) -> float:
        return sum(read(group) for group in account.groups if group.name == name)

    return amount


def _middle(quantity: Quantity) -> float:
    return float(np.asarray(quantity.value))


def unknown_lines(bill: Sequence[CostLine]) -> tuple[str, ...]:
    """Name what the price leaves out since nobody told what it costs."""
    return tuple(line.name for line in bill if line.usd.value is None)
