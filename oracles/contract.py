"""The one interface behind which every source of answers stands.

Axes: `T` order of the questions of one person, `A` annotators, `K` options.
"""

from collections.abc import Callable
from typing import NamedTuple

from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from oracles.annotators import Annotators, AnnotatorState


class Query(NamedTuple):
    """Queues of questions, one queue per annotator, asked in order along `T`.

    What belongs to an item may have one column, `[T, 1]`, where everybody is asked the
    same: what all people see in it is then drawn once.

    Attributes:
        item: `[T, A]` stable item id, a hash input; never a position in an array.
        occasion: `[T, A]` 0 the first time this person meets this item, then 1, 2 ...
            None promises that nobody ever meets an item (or an object of `options`)
            twice, whatever the kind: a person's own view of it is then fresh noise like
            any other, which costs half as much to draw.
        truth: `[T, A]` index of the right option; ignored by importance, marks,
            preference, difficulty and number, where `utility` says what is right.
        utility: `[T, A, K]` systematic utility of each option, zeros when there is
            none. Importance and marks: standardised reference importance of the K
            groups. Preference: standardised worth of the two objects. Difficulty: 0
            and the standardised difficulty of the item. Number: 0 and the standardised
            number of the item.
        difficulty: `[T, A]` subtracted from skill.
        discrimination: `[T, A]` multiplies (skill - difficulty); 0 = no signal.
        size: `[T, A]` item length relative to the task's median item; > 0.
        is_asked: `[T, A]` False pads a queue: costs nothing, answers nothing.
        suggestion: `[T, A]` option that is suggested; verification asks about it. None
            where nothing is suggested.
        options: `[T, A, K]` ids of the options where these are objects that come up in
            many questions, as in preferences: what persists is then tied to the object
            and not to the item. None where option k is the k-th of this item.
    """

    item: Int[Array, "T #A"]
    occasion: Int[Array, "T A"] | None
    truth: Int[Array, "T #A"]
    utility: Float[Array, "T #A K"]
    difficulty: Float[Array, "T #A"]
    discrimination: Float[Array, "T #A"]
    size: Float[Array, "T #A"]
    is_asked: Bool[Array, "T A"]
    suggestion: Int[Array, "T #A"] | None = None
    options: Int[Array, "T #A K"] | None = None


class Response(NamedTuple):
    """Answers to a `Query`.

    Attributes:
        answer: `[T, A]` option index or level; importance: `[T, A, K]` option ids, best
            first; marks: `[T, A, K]` 1 where a group is marked; number: `[T, A]`
            floats. -1 where not answered.
        is_answered: `[T, A]` whether there is an answer.
        seconds: `[T, A]` time spent, s; 0 where not asked.
        confidence: `[T, A]` stated probability that the answer is right; 0 where not
            answered.
    """

    answer: Int[Array, "T A"] | Int[Array, "T A K"] | Float[Array, "T A"]
    is_answered: Bool[Array, "T A"]
    seconds: Float[Array, "T A"]
    confidence: Float[Array, "T A"]


class Oracle(NamedTuple):
    """A kind of feedback as three functions; a module-level constant, never a closure.

    Attributes:
        check: `check(params)`; on the host; ValueError names field, value and range.
        init: `init(key, params) -> state`.
        answer: `answer(key, params, state, query) -> (state, response)`; pure, works
            under jit, vmap, scan and lax.map. `key` is the crowd's key: pass the SAME
            key in every round of a run. What persists (a person's own view of an item,
            the view all people share) is re-drawn from it by ids, and a new key is
            another crowd. `Query.occasion`, not the key, makes a second look differ.
    """

    check: Callable[[Annotators], None]
    init: Callable[[PRNGKeyArray, Annotators], AnnotatorState]
    answer: Callable[
        [PRNGKeyArray, Annotators, AnnotatorState, Query],
        tuple[AnnotatorState, Response],
    ]
