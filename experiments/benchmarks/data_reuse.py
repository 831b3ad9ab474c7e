"""What batch size and tiles do to the bytes of a training step, and to its energy.

    python experiments/benchmarks/data_reuse.py

Nothing runs: operations and products are counted from the library's own training step,
and priced with constants of a 45 nm chip. All joules are modelled, at chip scope.
"""

import jax
import jax.numpy as jnp

from hitl_sim.energy import operations_in
from hitl_sim.energy.memory import (
    Extent,
    Tiling,
    count_moved,
    fit_tiling,
    load_technology,
    products_in,
    split_energy,
)
from hitl_sim.learn import NetworkConfig, TrainConfig
from hitl_sim.learn.network import build_network
from hitl_sim.learn.work import train_unit

TECHNOLOGY = "cmos-45nm"
BATCHES = (1, 4, 16, 64, 256)
SIZE = Extent(512, 512, 512)
CAPACITIES_B = (1 << 10, 1 << 15, 1 << 20)


def print_batches() -> None:
    """Print bytes and energy per item of a training step, by batch size."""
    technology = load_technology(TECHNOLOGY)
    print(f"training 64-64-10 on {technology.name}, per item:")
    for batch in BATCHES:
        network, sizes = NetworkConfig((64,)), (64, 10)
        unit = train_unit(
            "train",
            network,
            TrainConfig(batch=batch),
            1000,
            *sizes,
            built=build_network(network, *sizes),
        )
        program = jax.make_jaxpr(unit.program)(*unit.args)
        split = split_energy(operations_in(program), products_in(program), technology)
        items = unit.items * batch
        moved = ", ".join(
            f"{name} {count / items:,.0f} B" for name, count in split.num_bytes.items()
        )
        memory, compute = float(split.memory.value), float(split.compute.value)
        print(
            f"  batch {batch}: {moved}; {1e9 * (memory + compute) / items:,.0f} nJ,"
            f" of them {100 * memory / (memory + compute):.0f} % for bytes"
        )


def print_tiles() -> None:
    """Print elements that a product of matrices moves into a level, by its tiles."""
    thin = Tiling(Extent(1, 512, 1))
    print(f"product of {SIZE.m} x {SIZE.k} and {SIZE.k} x {SIZE.n}, elements moved:")
    print(f"  row by row: {sum(count_moved(SIZE, thin)):,}")
    for capacity_b in CAPACITIES_B:
        item_b = jnp.dtype("float32").itemsize
        tiling = fit_tiling(SIZE, capacity_b, item_b, item_b)
        moved = sum(count_moved(SIZE, tiling))
        print(f"  {capacity_b:,} B, tiles of {tuple(tiling.tile)}: {moved:,}")


def main() -> None:
    """Print both."""
    print_batches()
    print_tiles()


if __name__ == "__main__":
    main()
