"""Memory of a crowd that remembers: 1e6 items x 1e4 people without a table of them.

    python experiments/benchmarks/answer_memory.py

Asks questions drawn from all pairs of item and person, round after round, and prints
what memory the answers took. Half of the rounds ask an earlier round again: people
repeat themselves more than they repeat each other, though nothing was stored.
"""

import resource
import sys

import jax
import jax.numpy as jnp

from oracles import LABEL, Query, build_population, sample_annotators

ITEMS, PEOPLE, OPTIONS = 1_000_000, 10_000, 10
ROUNDS, PER_ROUND = 30, 2
MIB = 2**20


def peak_mib():
    """Return the largest resident size of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)


def draw_round(key, occasion):
    """Ask everybody `PER_ROUND` items of a million, other ones than their neighbour."""
    shape, column = (PER_ROUND, PEOPLE), (PER_ROUND, 1)
    # Two neighbours share an item, so that people can be compared as well.
    item = jax.random.randint(key, (PER_ROUND, PEOPLE // 2), 0, ITEMS)
    item = jnp.repeat(item, 2, axis=1)
    return Query(
        item=item,
        occasion=jnp.full(shape, occasion, jnp.int32),
        truth=item % OPTIONS,
        utility=jnp.zeros((*column, OPTIONS)),
        difficulty=jnp.zeros(column),
        discrimination=jnp.ones(column),
        size=jnp.ones(column),
        is_asked=jnp.ones(shape, bool),
    )


def main() -> None:
    """Ask, ask again, and print peaks and shares."""
    key = jax.random.key(0)
    population = jax.tree.map(
        jnp.float32, build_population("typical", "label", OPTIONS)
    )
    crowd = sample_annotators(key, population, PEOPLE)
    state = LABEL.init(key, crowd)

    @jax.jit
    def play(key_round, state, occasion):
        query = draw_round(key_round, occasion)
        return LABEL.answer(key, crowd, state, query)

    compiled = play.lower(key, state, 0).compile()
    before = peak_mib()
    asked, repeats, matches = 0, [], []
    for i in range(ROUNDS // 2):
        key_round = jax.random.fold_in(key, i)
        state, first = compiled(key_round, state, jnp.int32(0))
        state, again = compiled(key_round, state, jnp.int32(1))
        asked += 2 * first.answer.size
        repeats.append(jnp.mean(first.answer == again.answer))
        matches.append(jnp.mean(first.answer[:, ::2] == first.answer[:, 1::2]))
    jax.block_until_ready((state, repeats, matches))
    temporary = compiled.memory_analysis().temp_size_in_bytes
    table = 4.0 * ITEMS * PEOPLE * OPTIONS
    print(f"{asked} answers of {ITEMS:.0e} items x {PEOPLE:.0e} people")
    print(f"  a round of {PER_ROUND * PEOPLE}: {temporary / MIB:.1f} MiB to work in")
    print(
        f"  peak of the process: {peak_mib():.0f} MiB, {before:.0f} before the rounds"
    )
    print(f"  a table of what everybody sees in every item: {table / MIB:.0f} MiB")
    print(f"  same answer, same person again: {jnp.mean(jnp.stack(repeats)):.3f}")
    print(f"  same answer, two people:        {jnp.mean(jnp.stack(matches)):.3f}")


if __name__ == "__main__":
    main()
