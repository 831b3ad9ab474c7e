"""What a query strategy may look at, and what it has to give back.

A strategy is a marked factory `(shape, **options)`. It returns its score
`(key, view, params) -> [N]`, or a `Strategy` that says what the score looks at. Only
that is computed, and so only that is billed.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

import jax
from jaxtyping import Array, Bool, Float, Int, Key

from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.network import Network
from hitl_sim.part import Part

Sight = Literal["logits", "embedding", "label"]
"""What is computed for a strategy where it says that it looks at it."""


class View(NamedTuple):
    """What a strategy may look at, of N items.

    Attributes:
        logits: `[N, K]` of the trained network.
        embedding: `[N, E]`, its last hidden layer.
        is_labelled: `[N]` items that have a label already, and are not asked about.
        label: `[N]` that label; 0 where there is none.
        member_logits: `[M, N, K]` of M draws of what is random in the network.

    What a strategy does not say that it looks at is None.
    """

    logits: Float[Array, "items classes"]
    embedding: Float[Array, "items features"]
    is_labelled: Bool[Array, " items"]
    label: Int[Array, " items"] | Float[Array, " items"]
    member_logits: Float[Array, "members items classes"]


class Strategy(NamedTuple):
    """A score, and what it looks at.

    Attributes:
        score: `(key, view, params) -> [N]`, finite; the highest are asked. `params` are
            the strategy's traced numbers by name.
        sees: of a `View`.
        members: draws M of `View.member_logits`; 0 for none.
    """

    score: Callable[[jax.Array, View, Mapping[str, jax.Array]], jax.Array]
    sees: tuple[Sight, ...] = ("logits", "label")
    members: int = 0

    @property
    def reads_network(self) -> bool:
        """Whether the trained network has to look at the items."""
        return bool({"logits", "embedding"} & set(self.sees)) or self.members > 0


def build_strategy(part: Part, shape: Shape, options: Mapping[str, Any]) -> Strategy:
    """Call a strategy's factory.

    Raises:
        TypeError: it returns no score.
        ValueError: it looks at what no view has.
    """
    built = part(shape, **options)
    if not isinstance(built, Strategy):
        if not callable(built):
            raise TypeError(
                f"strategy {part.name!r} must return a function `(key, view, params) "
                f"-> [N]`, or a `Strategy`, got {built!r}."
            )
        built = Strategy(built)
    for sight in built.sees:
        if sight not in get_args(Sight):
            allowed = ", ".join(map(repr, get_args(Sight)))
            raise ValueError(
                f"`sees` of strategy {part.name!r} must be among {allowed}, got "
                f"{sight!r}."
            )
    return built


def check_sight(name: str, strategy: Strategy, network: Network) -> None:
    """Refuse a strategy that looks at what a network does not show.

    Raises:
        ValueError: nothing in the network is random, or it has no hidden layer.
    """
    if strategy.members > 0 and network.sample is None:
        raise ValueError(
            f"`arm.strategy` must be another than {name!r} with this network: it "
            "compares draws of what is random in a network, such as dropout, and "
            "nothing in this one is."
        )
    if "embedding" in strategy.sees and network.embed is None:
        raise ValueError(
            f"`arm.strategy` must be another than {name!r} with this network: it looks "
            "at the last hidden layer, and this one shows none."
        )


def look(
    key: Key[Array, ""],
    strategy: Strategy,
    network: Network,
    params: Any,
    features: Float[Array, "items features"],
    is_labelled: Bool[Array, " items"],
    label: Int[Array, " items"] | Float[Array, " items"] | None,
) -> View:
    """Show items to a strategy through the trained network.

    Args:
        key: of draws of what is random in the network.
        strategy: what is looked at.
        network: that is trained.
        params: its weights.
        features: `[N, D]` of the items.
        is_labelled: `[N]`.
        label: `[N]`.
    """
    logits: Any = None
    embedding: Any = None
    members: Any = None
    if "logits" in strategy.sees:
        logits = network.apply(params, features)
    if "embedding" in strategy.sees and network.embed is not None:
        embedding = network.embed(params, features)
    if strategy.members > 0 and network.sample is not None:
        sample = network.sample
        keys = jax.random.split(key, strategy.members)
        members = jax.vmap(lambda one: sample(one, params, features))(keys)
    known: Any = label if "label" in strategy.sees else None
    return View(logits, embedding, is_labelled, known, members)
