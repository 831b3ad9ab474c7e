"""People rate some items of a pool; a small model learns to rate the others."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
    PROXY_STEPS,
    PeopleArm,
    Surroundings,
    TaskFacts,
    check_compares_items,
    check_no_proxy,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    askable_first,
    even_steps,
)
from hitl_sim.learn.intervention.machine_share import duplicate_score, duplicate_work
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import (
    Kept,
    kept_count,
    order_work,
    train_on_kept,
)
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet, fit
from hitl_sim.learn.query import (
    closeness,
    lowest_first,
    spread_out,
    top_items,
    true_first,
)
from hitl_sim.learn.work import (
    Unit,
    WorkLine,
    abstract,
    done_once,
    forward_unit,
    train_unit,
)
from hitl_sim.schema import Count
from hitl_sim.task import Pool

NUM_CUES = 5
"""Cues that the generalising model reads from an item and its given label."""
_RATE = 0.2
"""Adam learning rate of the generalising model on standardised cues; assumed."""
_ALIKE = 1.0 - 1e-5
"""Cosine above which features are the same: what float32 leaves of 1."""
_OF_COPY = -2.0
"""Score of an item that is there already: below any other, -1 at the least."""
_SMALL = NetworkConfig(hidden=())
"""The generalising model."""


class RatedArm(PeopleArm, frozen=True):
    """People rate items; a small model generalises.

    Attributes:
        questions: items of the pool that people rate.
        generalise_steps: training steps of the small model, each on as many ratings
            as there are.
        rated: "random" items; those of which a quickly trained proxy is "uncertain",
            its two best classes being closest; or the centres of a "cluster" each, as
            far apart as can be.
        proxy_steps: training steps of the proxy on the whole pool, with rated =
            "uncertain"; 60 when left out.
        deduplicate: whether a machine finds items whose features an earlier one has
            too, which are then asked about and come after all others. Nobody who sees
            one item can tell.
    """

    questions: Count = 200
    generalise_steps: Count = 30
    rated: Literal["random", "uncertain", "cluster"] = "random"
    proxy_steps: Count | None = None
    deduplicate: bool = False

    @property
    def num_questions(self) -> int:
        """One of each item."""
        return self.questions

    def check(self, study: Surroundings) -> None:
        """Refuse a proxy that is not asked."""
        super().check(study)
        if self.rated != "uncertain":
            check_no_proxy(self, "rated", self.rated, self.proxy_steps)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse items that cannot be compared."""
        check_compares_items(self, task)


class RatedPlan(NamedTuple):
    """What is asked, and what is made of it.

    Attributes:
        asked: `[n]` pool positions.
        is_copy: `[N]` of an earlier item, as far as a machine has looked.
        key_model: of the small model.
        key_lot: decides between equal scores.
        order: `[N]` pool positions, best rated first.
    """

    asked: Int[Array, " n"]
    is_copy: Bool[Array, " items"]
    key_model: jax.Array
    key_lot: jax.Array
    order: Int[Array, " items"]


def cues(
    features: Float[Array, "items features"],
    label: Int[Array, " items"],
    asked: Int[Array, " n"],
    rating: Float[Array, " n"],
    num_classes: int,
) -> Float[Array, "items cues"]:
    """Describe each item by how it and its label fit what people found relevant.

    Class prototypes are the mean features of the rated items, weighted by rating
    (Rocchio). The cues are the cosine to the own label's prototype, its lead over the
    best other prototype, the largest cosine, the length of the feature vector, and
    its scatter; each standardised over the pool. An item is left out of the prototype
    that it is held against: what was rated relevant would else look like its class
    because it was rated, and ratings by chance would teach what fits its label.

    References:
        Rocchio (1971), Relevance feedback in information retrieval.
    """
    weight = jax.nn.one_hot(label[asked], num_classes) * rating[:, None]
    prototype = weight.T @ features[asked]
    rated = jnp.zeros(features.shape[0]).at[asked].set(rating)
    unit, norm = _unit(features), jnp.linalg.norm(features, axis=1)
    without = _unit(prototype[label] - rated[:, None] * features)
    own = (unit * without).sum(axis=1)
    is_own = jax.nn.one_hot(label, num_classes, dtype=bool)
    other = jnp.where(is_own, -jnp.inf, unit @ _unit(prototype).T).max(axis=1)
    raw = jnp.stack(
        [own, own - other, jnp.maximum(own, other), norm, features.std(axis=1)], axis=1
    )
    centred = raw - raw.mean(axis=0)[None]
    return centred / jnp.maximum(raw.std(axis=0), 1e-6)[None]


def _unit(rows: Float[Array, "n features"]) -> Float[Array, "n features"]:
    """Return rows of length 1; next to nothing stays next to nothing."""
    unit: jax.Array = rows / jnp.maximum(jnp.linalg.norm(rows, axis=1), 1e-6)[:, None]
    return unit


def mean_rating(
    answers: Answers, most: int
) -> tuple[Float[Array, " n"], Bool[Array, " n"]]:
    """Return the mean rating of each asked item, and whether anybody rated it.

    Args:
        answers: whole numbers from 0.
        most: the highest; ratings are in [0, 1], and .5 where nobody answered.
    """
    weight = answers.is_answered.astype(jnp.float32)
    total = weight.sum(axis=1)
    level = (answers.answer.astype(jnp.float32) / most * weight).sum(axis=1)
    return jnp.where(total > 0, level / jnp.maximum(total, 1.0), 0.5), total > 0


class Rated:
    """Ratings of a pool by people and a small model, in their surroundings."""

    def __init__(self, arm: RatedArm, program: Program) -> None:
        """Build the small model."""
        self.arm, self.program, self.shape = arm, program, program.shape
        self.small = build_network(_SMALL, NUM_CUES, 2)
        self.small_train = TrainConfig(batch=arm.questions)

    def begin(self, key: jax.Array, setting: Setting) -> RatedPlan:
        """Choose what is rated."""
        key_asked, key_model, key_lot = jax.random.split(key, 3)
        num = self.shape.num_pool
        is_copy = jnp.zeros(num, bool)
        if self.arm.deduplicate:
            is_copy = duplicate_score(setting.split.pool.features) > _ALIKE
        asked = self._pick(key_asked, setting, is_copy)
        return RatedPlan(asked, is_copy, key_model, key_lot, jnp.arange(num))

    def _pick(self, key: jax.Array, setting: Setting, is_copy: jax.Array) -> jax.Array:
        arm, program, shape = self.arm, self.program, self.shape

        def top(key: jax.Array, score: jax.Array) -> jax.Array:
            score = askable_first(setting, jnp.where(is_copy, _OF_COPY, score))
            return top_items(key, score, every, arm.questions)

        features = setting.split.pool.features
        every = jnp.ones(shape.num_pool, bool)
        if arm.rated == "cluster":
            is_last = is_copy if arm.deduplicate else None
            return spread_out(key, features, arm.questions, is_last)
        if arm.rated == "random":
            return top(key, jnp.zeros(shape.num_pool))
        key_fit, key_score = jax.random.split(key)
        params = fit_proxy(key_fit, program, setting, arm.proxy_steps or PROXY_STEPS)
        return top(key_score, closeness(proxy_network(program).apply(params, features)))

    def absorb(
        self,
        setting: Setting,
        plan: RatedPlan,
        rating: Float[Array, " n"],
        is_rated: Bool[Array, " n"],
    ) -> RatedPlan:
        """Order the pool by what people and the small model make of it.

        A logistic model on `cues` learns the ratings; a rated item's score is the mean
        of its rating and of the model's probability, another item's is the model's
        probability.

        Args:
            setting: of the run.
            plan: what was asked.
            rating: in [0, 1].
            is_rated: whether anybody answered.
        """
        pool: Pool = setting.split.pool
        x = cues(pool.features, pool.label, plan.asked, rating, self.shape.num_classes)
        high = (rating > 0.5).astype(jnp.int32)
        labels = jnp.zeros(self.shape.num_pool, jnp.int32).at[plan.asked].set(high)
        rated = TrainSet(
            x,
            labels,
            plan.asked[true_first(is_rated)],
            jnp.maximum(is_rated.sum(dtype=jnp.int32), 1),
        )
        probability = jax.nn.softmax(self.learn(plan, rated)(x))[:, 1]
        return self.order(plan, probability, rating, is_rated)

    def learn(
        self, plan: RatedPlan, answered: TrainSet
    ) -> Callable[[jax.Array], jax.Array]:
        """Fit the small model; return its logits, `[n, cues] -> [n, 2]`."""
        rates = {"learning_rate": jnp.float32(_RATE)}
        own = (self.small, self.small_train, rates, answered, self.arm.generalise_steps)
        params = fit(plan.key_model, *own)
        return lambda x: self.small.apply(params, x)

    def order(
        self,
        plan: RatedPlan,
        probability: Float[Array, " items"],
        rating: Float[Array, " n"],
        is_rated: Bool[Array, " n"],
    ) -> RatedPlan:
        """Put the pool in order, by people where they spoke and by the model."""
        blended = (probability[plan.asked] + rating) / 2.0
        score = probability.at[plan.asked].set(
            jnp.where(is_rated, blended, probability[plan.asked])
        )
        score = jnp.where(plan.is_copy, _OF_COPY, score)
        return plan._replace(order=lowest_first(plan.key_lot, -score))

    def keep_share(
        self,
        begin: Callable[[jax.Array, Setting], tuple[RatedPlan, Questions]],
        absorb: Callable[[Setting, RatedPlan, Answers], RatedPlan],
    ) -> Intervention:
        """Train on the share of the pool, the param `share`, that comes first.

        Args:
            begin: what is asked.
            absorb: the order that follows from the answers.
        """
        return Intervention(
            self.shape.num_features,
            even_steps(self.program.train),
            begin,
            lambda setting, plan: train_on_kept(
                setting, Kept(plan.order, kept_count(setting))
            ),
            absorb,
            feedback=self.arm.question,
            num_questions=self.arm.questions,
            work=self.work(),
        )

    def work(self) -> tuple[WorkLine, ...]:
        """Count what choosing the rated items, and rating the others, costs."""
        arm, program, shape = self.arm, self.program, self.shape
        sizes = (shape.num_pool, NUM_CUES, 2)

        def describe(
            features: jax.Array, label: jax.Array, asked: jax.Array, rating: jax.Array
        ) -> jax.Array:
            return cues(features, label, asked, rating, shape.num_classes)

        embed = Unit(
            f"embed:cues-{shape.num_features}-{shape.num_classes}:q{arm.questions}"
            f":n{shape.num_pool}",
            "embed",
            describe,
            (
                abstract(shape.num_pool, shape.num_features),
                abstract(shape.num_pool, dtype=jnp.int32),
                abstract(arm.questions, dtype=jnp.int32),
                abstract(arm.questions),
            ),
            shape.num_pool,
        )
        learn = train_unit("choose", _SMALL, self.small_train, *sizes, built=self.small)
        score = forward_unit(
            "score", _SMALL, *sizes, jax.nn.softmax, "p", built=self.small
        )
        finding = (duplicate_work(program),) if arm.deduplicate else ()
        return (
            *finding,
            *_picking(arm, program),
            order_work(program),
            done_once(embed, shape.num_pool, program.train),
            done_once(learn, arm.generalise_steps, program.train),
            done_once(score, shape.num_pool, program.train),
        )


def _picking(arm: RatedArm, program: Program) -> tuple[WorkLine, ...]:
    """Count what it costs to choose the items that are rated."""
    shape = program.shape
    if arm.rated == "uncertain":
        network = proxy_network(program)

        def doubt(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
            del label
            return closeness(network.apply(params, features))

        return proxy_work(program, arm.proxy_steps or PROXY_STEPS, doubt, "margin")
    if arm.rated == "cluster":
        spreading = Unit(
            f"score:spread-{shape.num_features}:n{shape.num_pool}",
            "score",
            lambda x: spread_out(jax.random.key(0), x, arm.questions),
            (abstract(shape.num_pool, shape.num_features),),
            arm.questions,
        )
        return (done_once(spreading, arm.questions, program.train),)
    return ()
