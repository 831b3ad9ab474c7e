"""How large the explorer's page is, by the conditions of a study."""

import dataclasses

import pytest

from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile
from hitl_sim.energy.profile_file import profile_names
from hitl_sim.report.explore import render_explorer
from hitl_sim.results import FRACTIONS

REPLICATES = 24
"""As the studies that ship have."""


@pytest.fixture(scope="module")
def result(synthetic):
    """A study of people who are asked before and while training."""
    arms = [synthetic.relevance(0.7), synthetic.labelling(0.9)]
    table, manifest = synthetic.make_study(arms, num_replicates=REPLICATES)
    return analyse(
        read_groups(table),
        manifest,
        load_profile("laptop-cpu"),
        Prices(boundary="workstation", label_cost="sunk", waiting="held"),
        fraction=1.0,
        smoothing=1,
        smallest_effect=0.05,
        seed=7,
    )


@pytest.mark.parametrize(("conditions", "most_mb"), [(86, 6.0), (503, 30.0)])
def test_a_page_of_many_conditions_can_still_be_sent(result, conditions, most_mb):
    (task,) = result.tasks
    others = [task.findings[place % 2] for place in range(conditions - 1)]
    wide = dataclasses.replace(task, findings=tuple(others))
    study = dataclasses.replace(result, tasks=(wide,))
    devices = [load_profile(name) for name in profile_names()]
    page = render_explorer(dict.fromkeys(FRACTIONS, study), devices, "Explore")
    megabytes = len(page.encode()) / 1e6
    assert megabytes <= most_mb
    # it grows with conditions, so the bound is of them and not of the library
    assert megabytes >= 2.0
