"""Each summary of a whole person has a name, and what differs is told first."""

from dataclasses import replace

import numpy as np
from many_splits import made_up
from what_tells import name_features, tell

from hitl_sim.participants.validating.compare import summarise_people


def test_summaries_have_names_and_what_differs_comes_first():
    record = made_up()
    rng = np.random.default_rng(0)
    seconds = np.exp(rng.normal(2.0, 0.5, record.person.size))
    for one in (record, replace(record, seconds=seconds, is_ordered=True)):
        assert len(name_features(one)) == summarise_people(one)[1].shape[1]
    real = replace(record, seconds=seconds)
    first, *_ = tell(real, [replace(record, seconds=seconds * 20.0)])
    assert first.startswith("| mean log seconds |")
    # nobody of the one lies among the other
    assert "| 1.00 |" in first
