"""Any people, policies and projects there can be, for tests of what always holds."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from hitl_sim.workforce import (
    Adjudication,
    Behaviour,
    Duration,
    First,
    Fixed,
    Gold,
    Group,
    Lead,
    People,
    Posterior,
    Project,
    Qualification,
)
from hitl_sim.workforce.team import DAY_S

POLICIES = st.one_of(
    st.builds(Fixed, st.integers(1, 4)),
    st.integers(1, 5).flatmap(
        lambda m: st.builds(First, st.just(m), st.integers(1, m))
    ),
    st.builds(Lead, st.integers(1, 3), st.integers(3, 6)),
    st.builds(Posterior, st.floats(0.7, 0.99), st.just(0.8), st.integers(1, 6)),
)
TIMES = st.builds(
    Duration,
    st.floats(1.0, 5_000.0),
    st.sampled_from(["fixed", "exponential", "lognormal", "weibull"]),
    st.floats(0.3, 1.5),
)
PEOPLE = st.builds(
    People,
    team=st.integers(1, 6),
    arrivals_per_day=st.floats(0.0, 20.0),
    lag=st.none() | TIMES,
    stay=st.none() | st.builds(Duration, st.floats(1e3, 1e6)),
    is_replaced=st.booleans(),
    hours_per_day=st.sampled_from([0.1, 6.0, 24.0]),
    hours_spread=st.floats(0.0, 1.0),
    days_per_week=st.integers(1, 7),
    starts_h=st.floats(0.0, 23.0),
    starts_over_h=st.floats(0.0, 23.0),
    holidays=st.just(()) | st.tuples(st.integers(0, 3), st.integers(0, 9)),
    break_every_s=st.none() | st.floats(50.0, 9_000.0),
    break_s=st.floats(0.0, 3_000.0),
    test=st.none()
    | st.builds(Qualification, st.just(4), st.integers(1, 3), st.booleans()),
    onboarding_s=st.floats(0.0, 20_000.0),
    seconds=TIMES,
    pace_spread=st.floats(0.0, 1.0),
    behaviour=st.builds(
        Behaviour, st.floats(0.55, 0.99), st.integers(2, 4), shared=st.floats(0.3, 1.0)
    ),
)


def with_checks(project, people, others, seed):
    """Add known questions, further people and experts to a project, as a seed says."""
    rng = np.random.default_rng(seed)
    classes = project.people.behaviour.num_classes
    gold = rule = None
    if rng.random() < 0.7:
        gold = Gold(
            share=float(rng.choice([0.0, 0.2, 0.5])),
            gain=float(rng.integers(2)),
            least_right=float(rng.choice([0.5, 0.9, 1.0])),
            after=int(rng.integers(1, 6)),
            is_redone=rng.random() < 0.7,
        )
    behaviour = replace(others.behaviour, num_classes=classes)
    others = replace(others, behaviour=behaviour)
    groups = (Group("others", others),)
    if rng.random() < 0.4:
        rule = Adjudication(float(rng.choice([0.6, 0.9, 1.0])), int(rng.integers(1, 3)))
        expert = replace(others, team=rule.answers)
        groups += (Group("experts", expert, is_expert=True),)
    people = replace(
        people,
        behaviour=replace(people.behaviour, num_classes=classes),
        team=int(rng.integers(3, 9)),
        is_replaced=True,
        lag=None,
        onboarding_s=0.0,
        hours_per_day=24.0,
    )
    return replace(project, people=people, gold=gold, groups=groups, adjudication=rule)


PLAIN = st.builds(
    Project,
    items=st.integers(1, 30),
    people=PEOPLE,
    policy=POLICIES,
    items_per_day=st.none() | st.floats(1.0, 1e4),
    wait_limit=st.none() | TIMES,
    answer_limit_s=st.none() | st.floats(1.0, 5_000.0),
    update=st.none() | TIMES,
    devices=st.integers(1, 2),
    start_s=st.sampled_from([0.0, 9e2]),
    horizon_s=st.floats(1e3, 30 * DAY_S),
)
CHECKED = st.builds(with_checks, PLAIN, PEOPLE, PEOPLE, st.integers(0, 2**31))
