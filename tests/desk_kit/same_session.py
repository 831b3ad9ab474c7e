"""One session for all desks: what it asks, and what has to be the same after it."""

import numpy as np
import pyarrow.parquet as pq

SIZE = 3
DEADLINE_S = 30.0
"""After which the loop goes on alone, should people fail to come."""
ITEMS = [f"item {i}" for i in range(6)]
OTHERS = [f"other {i}" for i in range(3)]
# everybody is asked: else it hangs on who comes, and not on what they say
ROUNDS = (
    ("label", ITEMS, {"options": ["u", "v", "w"], "truth": [0, 1, 2] * 2, "people": 3}),
    (
        "label",
        OTHERS[:3],
        {"options": ["u", "v", "w"], "truth": [0, 1, 2], "people": 3},
    ),
    ("relevance", ITEMS, {"truth": [0, 1] * 3, "people": 3}),
    ("relevance", OTHERS[:2], {"truth": [0, 1], "people": 3, "asks": 2}),
    (
        "verification",
        ITEMS[:3],
        {"options": 2, "suggestion": [0, 1, 1], "truth": [0, 0, 1], "people": 3},
    ),
    ("importance", ITEMS[:2], {"options": 3, "truth": [[1, 0, -1]] * 2, "people": 3}),
    ("marks", ITEMS[:1], {"options": 3, "truth": [[1, 0, -1]], "people": 3}),
    ("preference", [("x", "y")], {"truth": [[0.5, -0.5]], "people": 3}),
    ("difficulty", ITEMS[:1], {"truth": [0.3], "people": 3}),
)
CLOCK = {"worked_s", "paid_s", "wait_s", "elapsed_s"}
SOURCE = {"key", "replayed", "modelled", "untimed", "left_out"}


def run(session):
    """Ask about everything, learn from the answers, and return what was asked."""
    found = None
    for arm in session.runs({"control": "control", "guided": "arm"}):
        with arm:
            gain = 0.1
            if arm.role == "arm":
                for kind, items, given in ROUNDS:
                    answers = arm.ask(kind, items, **given)
                    gain += 0.001 * float(np.nanmean(answers.mean()))
                found = arm
            for step in range(1, 4):
                with arm.work("train", items=4):
                    pass
                arm.report(step=step, accuracy=gain * step)
    return found


def assert_same(before, after, names=None):
    """Hold two runs to each other, but for the clock.

    Args:
        before: with simulated people.
        after: with real ones who say the same.
        names: simulated person by real one, where people came in any order; where they
            came in turn they have the same names, and the order is the same too.
    """
    rounds = zip(before.people.rounds, after.people.rounds, strict=True)
    for (kind, _, _), (one, other) in zip(ROUNDS, rounds, strict=True):
        assert _said(one, names, {}) == _said(other, names, names), kind
    first, second = before.row(), after.row()
    assert first.keys() | SOURCE == second.keys() | SOURCE
    # NaN is what it is
    differ = {n for n in first if repr(first[n]) != repr(second.get(n))}
    assert differ <= CLOCK | SOURCE
    assert second["replayed"] == sum(len(r.answers) for r in after.people.rounds)
    tables = [_table(before, names, {}), _table(after, names, names)]
    for rows, source in zip(tables, ("simulated", "live"), strict=True):
        assert {row.pop("source") for row in rows} == {source}
    assert list(map(repr, tables[0])) == list(map(repr, tables[1]))


def _said(asked, order, names):
    """Return what was said in a round; by item and person where they came anyhow."""
    rows = [
        (
            repr(asked.questions[one.question].item),
            (names or {}).get(one.person, one.person),
            one.occasion,
            repr((one.said, one.confidence)),
        )
        for one in asked.answers
    ]
    return rows if order is None else sorted(rows)


def _table(arm, order, names):
    """Return the answers as they were recorded, but for the clock."""
    rows = pq.read_table(next((arm._session.out / "answers").iterdir())).to_pylist()
    for row in rows:
        del row["seconds"]
        if order is not None:
            del row["order"]
        row["annotator"] = (names or {}).get(row["annotator"], row["annotator"])
    return rows if order is None else sorted(rows, key=_place)


def _place(row):
    return repr({name: value for name, value in row.items() if name != "source"})
