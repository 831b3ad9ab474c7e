"""Answers of a simulated crowd as a table, in the form that recorded ones have.

What a study is to do with recorded people can so be tried before there are any.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hitl_sim.learn.crowd import oracle_of
from hitl_sim.participants.answers import FIELDS, LABEL, Answers, check_out
from hitl_sim.study.plan import load_data, source_of
from hitl_sim.study.program import annotator_of
from hitl_sim.study.spec import SpecError, StudySpec, in_study
from hitl_sim.task import TaskData, TaskInfo
from oracles import Population, Query, Response, build_population, sample_annotators
from oracles.evidence import perceive
from oracles.feedback import KINDS


def record_crowd(spec: StudySpec, people: int, out: Path) -> Answers:
    """Let a study's simulated team label every item of its task, and keep the answers.

    Args:
        spec: a study of one task; its seed, team and population are used, and not its
            recording.
        people: different people who label each item, drawn at random.
        out: .parquet file to write.

    Returns:
        The answers that were written.

    Raises:
        SpecError: more tasks than one, more people than the team has, a population that
            cannot be built, or a file that cannot be written.
    """
    _check(spec, people, out)
    info, data = load_data(spec, next(iter(spec.task)))
    _, source = source_of(spec.crowd)
    with in_study("[crowd] "):
        crowd = build_population(
            source, LABEL, info.num_classes, **spec.crowd.parameters
        )
    rng = np.random.default_rng(spec.seed)
    order = rng.permutation(info.num_items)
    lots = rng.random((info.num_items, spec.workforce.size))
    is_asked = np.argsort(np.argsort(lots, axis=1), axis=1) < people
    response = _ask(spec, crowd, info, data, order, is_asked)
    answers = Answers(
        _table(info, data, order, is_asked, response),
        f"simulated people: {source.name}, seed {spec.seed}",
    )
    answers.write(out)
    return answers


def _check(spec: StudySpec, people: int, out: Path) -> None:
    if len(spec.task) != 1:
        raise SpecError(
            "`task` must be one table to record answers to, got "
            f"{', '.join(spec.task)}."
        )
    if not 1 <= people <= spec.workforce.size:
        raise SpecError(
            f"`people` must be in [1, {spec.workforce.size}], as `workforce.size`, got "
            f"{people}."
        )
    with in_study():
        check_out(out)


def _ask(
    spec: StudySpec,
    crowd: Population,
    info: TaskInfo,
    data: TaskData,
    order: npt.NDArray[np.int64],
    is_asked: npt.NDArray[np.bool_],
) -> Response:
    """Put `order`'s items to everybody who `is_asked`, `[T, A]`."""
    key, kind = jax.random.key(spec.seed), KINDS[LABEL]
    annotator, params = annotator_of(spec)
    oracle = oracle_of(annotator, LABEL)
    crowd = crowd._replace(foreign=params)
    truth, x = jnp.asarray(data.labels)[order], jnp.asarray(data.features)[order]
    has_class = jnp.ones(order.size, bool)
    utility, difficulty = perceive(
        key, kind, crowd, x, truth, has_class, info.num_classes
    )
    if utility is None:
        utility = jnp.zeros((order.size, info.num_classes))
    if difficulty is None:
        difficulty = jnp.zeros(order.size)
    query = Query(
        item=jnp.asarray(order, jnp.int32)[:, None],
        occasion=None,
        truth=truth[:, None],
        utility=utility[:, None],
        difficulty=difficulty[:, None],
        discrimination=jnp.ones((order.size, 1)),
        size=jnp.asarray(data.size)[order][:, None],
        is_asked=jnp.asarray(is_asked),
    )
    team = sample_annotators(key, jax.tree.map(jnp.float32, crowd), spec.workforce.size)
    response: Response = jax.jit(oracle.answer)(
        key, team, oracle.init(key, team), query
    )[1]
    return jax.tree.map(np.asarray, response)  # type: ignore[no-any-return]


def _table(
    info: TaskInfo,
    data: TaskData,
    order: npt.NDArray[np.int64],
    is_asked: npt.NDArray[np.bool_],
    response: Response,
) -> pa.Table:
    """Lay answers out by person, in the order of their work."""
    person, place = np.nonzero(is_asked.T)
    item, classes = order[place], info.class_names
    given = np.asarray(response.answer)[place, person]
    rows = person.size
    ids = info.item_ids or tuple(map(str, range(info.num_items)))
    columns = {
        "annotator": [f"p{a}" for a in person],
        "item": [ids[i] for i in item],
        "kind": [LABEL] * rows,
        "answer": [classes[k] if k >= 0 else None for k in given],
        "gold": [classes[k] for k in np.asarray(data.labels)[item]],
        "order": place,
        "seconds": np.asarray(response.seconds, float)[place, person],
        "confidence": np.asarray(response.confidence, float)[place, person],
        "is_repeat": np.zeros(rows, bool),
    }
    return pa.table(
        {
            name: pa.array(columns[name], kind)
            if name in columns
            else pa.nulls(rows, kind)
            for name, kind in FIELDS.items()
        }
    )
