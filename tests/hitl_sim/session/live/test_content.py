"""What people see is the item that is meant, whatever its place in the pool."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from hitl_sim.session.live.content import content_of
from hitl_sim.task import load_task


def pool_of(data, rows):
    features = data.features[rows]
    pool = SimpleNamespace(
        item=np.array([40, 20, 30]), features=features, label=[2, 0, 1]
    )
    return SimpleNamespace(pool=pool)


def test_a_picture_is_its_own_pixels_large_enough_to_be_seen():
    info, data = load_task("digits")
    content, label = content_of(info, data, pool_of(data, [7, 8, 9]))
    shown = content(20)
    assert shown.dtype == np.uint8
    assert shown.shape == (160, 160)
    small = np.rint(255 * data.features[8]).reshape(8, 8)
    np.testing.assert_array_equal(shown[::20, ::20], small)
    assert [label(item) for item in (40, 20, 30)] == [2, 0, 1]


def test_a_row_of_a_table_is_named_by_its_groups():
    info, data = load_task("digits")
    table = replace(info, shape=None, kind="table")
    content, _ = content_of(table, data, pool_of(data, [7, 8, 9]))
    shown = content(30)
    assert tuple(shown) == info.group_names
    first = [float(data.features[9][i]) for i in data.groups[0]]
    assert shown[info.group_names[0]] == ", ".join(f"{one:.3g}" for one in first)
