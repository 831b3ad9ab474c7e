"""People label a seed of the pool; a network that learned from it labels the rest."""

from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
    PROXY_STEPS,
    PeopleArm,
    TaskFacts,
    built_in,
    check_names_a_class,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    askable_first,
    even_steps,
    label_questions,
)
from hitl_sim.learn.intervention.by_machine import (
    items_in,
    share_of,
    take_names,
    train_under,
)
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.query import lowest_first, top_items
from hitl_sim.schema import Count, Share
from oracles.aggregate.votes import count_votes


class PseudoLabelsArm(PeopleArm, frozen=True, tag="pseudo_labels"):
    """People label some items; the study's own network extends that to the others.

    Attributes:
        questions: items, at random, that people label.
        proxy_steps: training steps of the network that learns from these.
        share: of the other items that it labels and that are trained on too; 0 is
            people's labels alone. May be swept.
        extends: whether these are the items that it is most confident of, or as many
            at random ("random"), which is what confidence has to beat.
        none_of_these: whether people know that an item may belong to no class, which
            then goes.
    """

    questions: Count = 100
    proxy_steps: Count = PROXY_STEPS
    share: Share = 0.5
    extends: Literal["confidence", "random"] = "confidence"
    none_of_these: bool = False

    traced: ClassVar[tuple[str, ...]] = ("share",)
    gives_labels: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """Which class it is."""
        return "label"

    @property
    def num_questions(self) -> int:
        """One of each item."""
        return self.questions

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """The classes, and none of them where that is offered."""
        return super().num_options(num_classes, num_groups) + self.none_of_these

    def pool_labels(self, pool: int) -> int:
        """None: people and the network give their own."""
        del pool
        return 0

    def items_kept(self, pool: int) -> int:
        """Those that the network labels; of people's own all may be of no class."""
        seed = 0 if self.none_of_these else self.questions
        return seed + items_in(self.share, pool - self.questions)

    def items_at_once(self, pool: int) -> int:
        """Those that the network looks at."""
        return pool

    def check_task(self, task: TaskFacts) -> None:
        """Refuse more items than the pool has."""
        num_pool = task.program.shape.num_pool
        if self.questions > num_pool:
            raise ValueError(
                f"`arm.questions` must be <= `task.{task.name}.pool` ({num_pool}), got "
                f"{self.questions} in arm {self.name!r}."
            )

    def check_replayed(self) -> None:
        """Labels can be recorded, where they name a class."""
        check_names_a_class(self, "correct", self.none_of_these)

    def build(self, program: Program) -> Intervention:
        """Build a seed that people label, and its extension.

        References:
            Lee (2013), Pseudo-label: the simple and efficient semi-supervised learning
            method for deep neural networks, ICML workshop; Yarowsky (1995), ACL:
            self-training on what a model is most confident of.
        """
        shape = program.shape
        network = proxy_network(program)

        def look(params: Any, features: jax.Array, label: jax.Array) -> Any:
            del label
            logits = network.apply(params, features)
            best = jax.nn.softmax(logits).max(axis=1)
            return best, logits.argmax(axis=1).astype(jnp.int32)

        def begin(key: jax.Array, setting: Setting) -> tuple[Seed, Questions]:
            key_asked, key_vote, key_fit, key_lot = jax.random.split(key, 4)
            equal = askable_first(setting, jnp.zeros(shape.num_pool))
            asked = top_items(key_asked, equal, setting.is_kept, self.questions)
            own = shape.num_classes, self.none_of_these
            nothing = jnp.zeros(shape.num_pool, jnp.int32)
            # an unanswered item of the seed is one that the network may label
            plan = Seed(nothing, setting.is_kept, asked, key_vote, key_fit, key_lot)
            return plan, label_questions(setting, asked, *own)

        def absorb(setting: Setting, plan: Seed, answers: Answers) -> Seed:
            num_options = shape.num_classes + self.none_of_these
            given = answers.answer, answers.is_answered
            vote, _ = count_votes(*given, num_options, plan.key)
            own = plan.asked, vote, shape.num_classes
            people, stays = take_names(plan.label, plan.stays, *own)
            is_named = jnp.zeros(shape.num_pool, bool).at[plan.asked].set(vote >= 0)
            seed = is_named & stays
            known = train_under(setting, people, seed)
            learned = setting._replace(
                split=setting.split._replace(
                    pool=setting.split.pool._replace(label=people)
                ),
                earlier=known,
            )
            params = fit_proxy(plan.key_fit, program, learned, self.proxy_steps)
            sure, label = look(params, known.features, people)
            rest = stays & ~is_named
            number = share_of(setting.params["share"], rest.sum(dtype=jnp.int32))
            if self.extends == "random":
                sure = jnp.zeros_like(sure)
            order = lowest_first(plan.key_lot, jnp.where(rest, -sure, jnp.inf))
            place = jnp.zeros(shape.num_pool, jnp.int32)
            place = place.at[order].set(jnp.arange(shape.num_pool, dtype=jnp.int32))
            stays = seed | (rest & (place < number))
            label = jnp.where(is_named, people, label)
            return plan._replace(label=label, stays=stays)

        return Intervention(
            shape.num_features,
            even_steps(program.train),
            begin,
            lambda setting, plan: train_under(setting, plan.label, plan.stays),
            absorb,
            feedback="label",
            num_questions=self.questions,
            work=proxy_work(program, self.proxy_steps, look, "extend"),
        )


class Seed(NamedTuple):
    """What is labelled, by people or by the network; as `by_machine.Named`.

    Attributes:
        label: `[N]` what is trained on.
        stays: `[N]` which items are.
        asked: `[n]` pool positions of the seed.
        key: decides between labels with equally many votes.
        key_fit: of the network that learns from the seed.
        key_lot: decides between items of equal confidence.
    """

    label: Int[Array, " items"]
    stays: Bool[Array, " items"]
    asked: Int[Array, " n"]
    key: jax.Array
    key_fit: jax.Array
    key_lot: jax.Array


pseudo_labels = built_in(PseudoLabelsArm)
