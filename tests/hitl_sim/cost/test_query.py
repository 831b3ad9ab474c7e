from hitl_sim.cost.query import query_batch, query_unit


def test_the_unit_of_held_out_items_answers_where_no_batch_was_counted():
    assert query_unit("evaluate:x", ("evaluate:x",)) == "evaluate:x"
    units = ("evaluate:x", "query of evaluate:x")
    assert query_unit("evaluate:x", units) == "query of evaluate:x"


def test_the_batch_of_a_query_is_counted_or_read_off_the_unit_s_name():
    name = "evaluate:64-8-10:class:n297:int8"
    assert query_batch(name, {name: {}}) == 297
    assert query_batch(name, {name: {}, f"query of {name}": {"batch": 1}}) == 1
    assert query_batch("evaluate:small", {"evaluate:small": {}}) is None
