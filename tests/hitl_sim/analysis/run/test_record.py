import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.analysis.run.record import read_groups
from hitl_sim.record import RecordError


def test_rows_in_any_order_give_the_same_groups(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=5)
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    first, second = read_groups(table), read_groups(shuffled)
    assert [g.condition for g in first] == [g.condition for g in second]
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.replicate, two.replicate)
        np.testing.assert_array_equal(one.validation_accuracy, two.validation_accuracy)


def test_counts_are_read_by_unit_and_standing(synthetic):
    table, _ = synthetic.make_study(num_replicates=2, num_checkpoints=3)
    control = next(g for g in read_groups(table) if g.role == "control")
    train, _, protocol, instrument = control.work
    assert train.count.tolist() == [[10, 20, 30], [10, 20, 30]]
    assert (protocol.purpose, instrument.purpose) == ("protocol", "instrument")


def test_null_shares_become_nan(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    control = next(g for g in read_groups(table) if g.role == "control")
    assert np.isnan(control.shares["answer_accuracy"]).all()


def test_nobody_who_is_asked_anywhere_is_nobody(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    column = table.column_names.index("population")
    silent = table.set_column(column, "population", pa.nulls(table.num_rows))
    assert {group.population for group in read_groups(silent)} == {None}


def test_a_replicate_that_comes_twice_is_refused(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    with pytest.raises(RecordError, match="`replicate` must be unique in condition"):
        read_groups(pa.concat_tables([table, table]))


def test_a_missing_column_is_named(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    with pytest.raises(RecordError, match="must have the column 'wait_s'"):
        read_groups(table.drop_columns(["wait_s"]))


def test_no_records_are_refused(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    with pytest.raises(RecordError, match="at least one run, got none"):
        read_groups(table.slice(0, 0))


def test_runs_of_a_condition_with_different_checkpoints_are_refused(synthetic):
    short, _ = synthetic.make_study(num_replicates=1, num_checkpoints=5)
    long, _ = synthetic.make_study(num_replicates=2, num_checkpoints=6)
    with pytest.raises(RecordError, match="`step` must be the same in all runs"):
        read_groups(pa.concat_tables([short, long.filter(_second(long))]))


def _second(table):
    return pa.compute.equal(table["replicate"], 1)


def test_an_unknown_role_is_refused(synthetic):
    table, _ = synthetic.make_study([synthetic.Arm("odd", role="judge")])
    with pytest.raises(RecordError, match=r"`role` must be one of .*, got 'judge'"):
        read_groups(table)


def test_selecting_runs_keeps_every_array_aligned(synthetic):
    table, _ = synthetic.make_study(num_replicates=4)
    control = next(g for g in read_groups(table) if g.role == "control")
    kept = control.select(np.array([3, 1]))
    assert kept.replicate.tolist() == [3, 1]
    np.testing.assert_array_equal(
        kept.validation_accuracy, control.validation_accuracy[[3, 1]]
    )
    assert kept.work[0].count.shape == (2, 60)
