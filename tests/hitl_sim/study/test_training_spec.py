import pytest

from hitl_sim.part import builtin
from hitl_sim.study.grid import expand
from hitl_sim.study.program import train_config
from hitl_sim.study.spec import SpecError, TrainingSpec, convert
from oracles import part


def training_of(tables, **training):
    return convert(tables | {"training": training}).training


@part.optimiser(params={"peak": 0.1, "learning_rate": 0.02})
def warming(total_steps, *, share: float = 0.1):
    """An optimiser that a study brings."""


def test_an_optimiser_alone_takes_its_own_defaults(tables):
    training = training_of(tables, optimiser="sgd")
    assert training.all_options() == builtin("optimiser")["sgd"].options
    assert training.all_params() == {"learning_rate": 1e-3}


def test_a_learning_rate_is_the_param_of_that_name(tables):
    assert training_of(tables, learning_rate=0.5).all_params() == {"learning_rate": 0.5}
    beside = training_of(tables, params={"learning_rate": 0.5})
    assert beside.all_params() == {"learning_rate": 0.5}
    foreign = {"mine": warming}
    mine = TrainingSpec(optimiser="mine", learning_rate=0.5, params={"peak": 1.0})
    assert mine.all_params(foreign) == {"learning_rate": 0.5, "peak": 1.0}
    assert TrainingSpec(optimiser="mine").all_params(foreign)["learning_rate"] == 0.02


def test_options_reach_the_learner_and_are_a_program_while_params_are_not(tables):
    config = train_config(training_of(tables, optimiser="sgd"))
    other = train_config(
        training_of(tables, optimiser="sgd", options={"momentum": 0.5})
    )
    assert (config.optimiser.options, other.optimiser.options) == (
        (("momentum", 0.9), ("schedule", "constant")),
        (("momentum", 0.5), ("schedule", "constant")),
    )
    programs = [
        expand(convert(tables | {"training": {"optimiser": "sgd", **given}}))[0].static(
            ""
        )
        for given in (
            {},
            {"params": {"learning_rate": 0.5}},
            {"options": {"momentum": 0.5}},
        )
    ]
    assert programs[0] == programs[1] != programs[2]


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"optimiser": "rms"}, "`training.optimiser` must be one of 'adam', .* 'rms'"),
        (
            {"options": {"momentum": 0.5}},
            r"`training.options.momentum` must be left out .* which has schedule, got",
        ),
        (
            {"optimiser": "sgd", "options": {"momentum": 1.0}},
            r"`training.options.momentum` must be float < 1.0, got 1.0",
        ),
        ({"params": {"peak": 1.0}}, r"`params.peak` is no param of optimiser 'adam'"),
        (
            {"learning_rate": 0.1, "params": {"learning_rate": 0.1}},
            "`training.learning_rate` must be given once",
        ),
    ],
)
def test_what_an_optimiser_does_not_have_is_refused(tables, training, message):
    with pytest.raises(SpecError, match=message):
        training_of(tables, **training)


def test_axes_name_options_and_params_of_the_optimiser(tables):
    tables["training"] = {"optimiser": "sgd"}
    tables["axis"] = [
        {"field": "training.options.momentum", "values": [0.5, 0.9]},
        {"field": "training.params.learning_rate", "values": [0.1, 0.2]},
    ]
    found = {
        (c.training.all_options()["momentum"], c.training.all_params()["learning_rate"])
        for c in expand(convert(tables))
    }
    assert found == {(0.5, 0.1), (0.5, 0.2), (0.9, 0.1), (0.9, 0.2)}
    tables["axis"] = [{"field": "training.options.nesterov", "values": [1, 2]}]
    with pytest.raises(SpecError, match=r"must be a field of \[training\]"):
        expand(convert(tables))


def test_a_model_trained_anew_needs_queries_of_its_life(tables):
    tables["reuse"] = {"retrain_every": 1e5}
    tables["prices"]["life_queries"] = 0.0
    with pytest.raises(SpecError, match=r"`prices.life_queries` must be > 0"):
        convert(tables)
    tables["prices"]["life_queries"] = 1e6
    assert convert(tables).reuse.retrain_every == 1e5
    tables["reuse"]["retrain_every"] = 0.5
    with pytest.raises(SpecError, match=r"`reuse.retrain_every` must be .*>= 1"):
        convert(tables)
