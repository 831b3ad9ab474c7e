"""Records re-priced: 1e5 records x 1e3 scenarios, beside a loop of single bills.

    python experiments/benchmarks/reprice.py

Scenarios differ in wage, tariff, PUE, boundary, label cost and device. The loop
prices the same records one scenario after the other with the study's own pricing, for a
few scenarios; its time for all of them is that time scaled up, which is said.
"""

import resource
import sys
import time

import msgspec
import numpy as np

from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.run.usage import price_units
from hitl_sim.cost import (
    BOUNDARIES,
    LABEL_COSTS,
    MEASURES,
    Prices,
    cross,
    open_pricing,
    price_table,
)
from hitl_sim.cost.engine import amount_names, bill
from hitl_sim.energy import Kind, Scope, exact, load_profile

RECORDS, LOOPED, BLOCK = 100_000, 6, 2_000
DEVICES = ("laptop-cpu", "h100")
MIB = 2**20
UNITS = {
    name: {
        "phase": name.partition(":")[0],
        "flops": {"float32": flops},
        "bytes_moved": 4e5,
        "num_kernels": 20.0,
    }
    for name, flops in (
        ("train:a", 3e6),
        ("train:b", 6e6),
        ("choose:a", 3e6),
        ("score:a", 2e6),
        ("evaluate:a", 1e4),
    )
}
PRICES = Prices(
    boundary="workstation",
    label_cost="sunk",
    waiting="held",
    device_usd_per_h=0.5,
    grid_region="WORLD",
    life_queries=1e6,
)
LABEL_S = exact(12.0, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "benchmark")


def peak_mib():
    """Return the largest resident size of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)


def draw_amounts():
    """Make up what 1e5 runs used."""
    names = amount_names(tuple(UNITS))
    rng = np.random.default_rng(0)
    rows = rng.lognormal(3.0, 1.0, (RECORDS, len(names)))
    return CostSample(rows, rng.random(RECORDS) < 0.9, names=names)


def all_scenarios():
    """Cross prices with boundaries, label_costs and devices: 1,008 scenarios."""
    return cross(
        boundaries=BOUNDARIES,
        label_costs=LABEL_COSTS,
        num_devices=len(DEVICES),
        wage_usd_per_h=np.linspace(2.0, 60.0, 7),
        electricity_usd_per_kwh=[0.07, 0.39],
        pue=[1.0, 1.2, 1.4, 1.6],
        label_price_usd=[0.05],
    )


def market_of(device, prices):
    """Return what turns usage on a device into a bill."""
    profile = load_profile(device)
    return open_pricing(price_units(UNITS, profile), profile, prices, LABEL_S)


def vectorised(amounts, scenarios):
    """Bill everything; the means keep the work from being skipped."""
    pricings = [market_of(name, PRICES) for name in DEVICES]
    table = price_table(pricings, scenarios)
    means = {measure: np.zeros(len(scenarios)) for measure in MEASURES}
    prices = {measure: table.whole(measure) for measure in MEASURES}
    for start in range(0, RECORDS, BLOCK):
        rows = amounts.spent[start : start + BLOCK]
        for measure, price in prices.items():
            means[measure] += bill(rows, price).sum(axis=0) / RECORDS
    return means


def looped(amounts, scenarios, chosen):
    """Bill the same, one scenario after the other, by the study's own pricing."""
    means = {measure: [] for measure in MEASURES}
    for s in chosen:
        numbers = {name: float(v[s]) for name, v in scenarios.numbers.items()}
        label_cost = LABEL_COSTS[scenarios.label_cost[s]]
        price = numbers.pop("label_price_usd")
        prices = msgspec.structs.replace(
            PRICES,
            boundary=BOUNDARIES[scenarios.boundary[s]],
            label_cost=label_cost,
            label_price_usd=price if label_cost == "bought_elsewhere" else None,
            **numbers,
        )
        table = market_of(DEVICES[scenarios.device[s]], prices).table
        for measure in MEASURES:
            bills = bill(amounts.spent, table.whole(measure))
            means[measure].append(float(np.mean(bills)))
    return means


def main() -> None:
    """Time both, and check that they say the same."""
    amounts, scenarios = draw_amounts(), all_scenarios()
    vectorised(amounts, cross(pue=[1.0, 1.1]))
    before = peak_mib()
    start = time.perf_counter()
    means = vectorised(amounts, scenarios)
    fast_s = time.perf_counter() - start
    peak = peak_mib()
    chosen = np.linspace(0, len(scenarios) - 1, LOOPED).astype(int)
    start = time.perf_counter()
    beside = looped(amounts, scenarios, chosen)
    slow_s = (time.perf_counter() - start) / LOOPED * len(scenarios)
    for measure in MEASURES:
        np.testing.assert_allclose(means[measure][chosen], beside[measure], rtol=1e-9)
    num = len(scenarios)
    whole = 8 * RECORDS * num * len(MEASURES) / MIB
    print(f"{RECORDS:,} records x {num:,} scenarios, joules, money and carbon")
    print(f"  at once: {fast_s:.1f} s, {fast_s / RECORDS / num * 1e9:.1f} ns a bill")
    print(
        f"  peak of the process: {peak:.0f} MiB, {before:.0f} before;"
        f" all bills at once would be {whole:.0f}"
    )
    print(f"  one scenario after the other: {slow_s:.0f} s, from {LOOPED} of them")
    print(f"  ratio: {slow_s / fast_s:.0f}")


if __name__ == "__main__":
    main()
