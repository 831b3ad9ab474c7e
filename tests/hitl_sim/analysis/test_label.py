import pytest

from hitl_sim.analysis.label import label_seconds
from hitl_sim.analysis.record import read_groups
from hitl_sim.energy import Kind


def test_labelling_arms_show_what_a_label_takes(synthetic):
    table, _ = synthetic.make_study([synthetic.labelling()], num_replicates=2)
    found = label_seconds(read_groups(table), {})
    # 300 answers of 3 people are 100 labels, in 1.1 h of paid time.
    assert found.value == pytest.approx(1.1 * 3600.0 / 100)
    assert found.kind is Kind.SIMULATED


def test_the_manifest_speaks_where_no_arm_asks_for_labels(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    given = {"label_seconds": {"seconds": 9.0, "source": "a population"}}
    found = label_seconds(read_groups(table), given)
    assert (found.value, found.source) == (9.0, "a population")


def test_without_either_the_time_of_a_label_is_unavailable(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    assert label_seconds(read_groups(table), {}).value is None
