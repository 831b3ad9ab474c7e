"""Bills of described trainings, and what others published of them."""

import shutil
from pathlib import Path

import pytest

from hitl_sim.energy import Kind
from hitl_sim.energy.workload.network import ATTENTION, BLOCKS, OUTPUT
from hitl_sim.workload import bill, convert, load

SHIPPED = Path(__file__).parents[2] / "experiments" / "workloads"
PLAIN = {
    "name": "plain",
    "model": {
        "kind": "transformer",
        "layers": 2,
        "width": 64,
        "heads": 4,
        "sequence": 32,
        "vocabulary": 100,
    },
    "data": {"items": 1000},
    "device": {"name": "a100", "utilisation": 0.3},
}


def billed(**tables):
    return bill(convert({**PLAIN, **tables}))


@pytest.fixture
def shipped():
    if not SHIPPED.is_dir():
        pytest.skip("workloads stand only in a checkout")
    return SHIPPED


@pytest.mark.parametrize(
    ("file", "parameters", "layers", "width", "sequence", "tokens", "over"),
    [
        # parameters without embeddings: 12 L d^2 but for Llama, whose third matrix of
        # each feed-forward part is in 6,738,415,616 less 2 x 32000 x 4096 and norms
        ("gpt-3-175b", 12 * 96 * 12288**2, 96, 12288, 2048, 3e11, 1.028),
        ("bloom-176b", 12 * 70 * 14336**2, 70, 14336, 2048, 3.66e11, 1.024),
        ("llama-2-7b", 6_476_005_376, 32, 4096, 4096, 2e12, 1.166),
        ("bert-base", 12 * 12 * 768**2, 12, 768, 246, 4.26e10, 1.053),
    ],
)
def test_operations_are_those_of_the_closed_form(
    shipped, file, parameters, layers, width, sequence, tokens, over
):
    found = bill(shipped / f"{file}.toml")
    (fit,) = found.described.phases
    once = {part: fit.passes * flop for part, flop in found.network.training.items()}
    form = 6 * parameters * tokens + 12 * layers * sequence * width * tokens
    assert once[BLOCKS] + once[ATTENTION] == pytest.approx(form, rel=0.01)
    assert found.network.over_6nd == pytest.approx(over, abs=5e-4)
    # the output layer comes on top, and is small
    assert 0.0 < once[OUTPUT] < 0.05 * form


def test_resnet_50_takes_three_forward_passes(shipped):
    found = bill(shipped / "resnet-50.toml")
    fit, validation = found.described.phases
    images = 90 * 1_281_167
    forward = 2 * 4.09e9
    assert fit.flop(found.network) == pytest.approx(3 * forward * images, rel=0.011)
    assert validation.passes == 90 * 50_000


@pytest.mark.parametrize(
    ("file", "kwh"),
    [
        # Patterson et al. (2021), arXiv:2104.10350, table 4
        ("gpt-3-175b", 1_287_000),
        # Luccioni, Viguier and Ligozat (2022), arXiv:2211.02001, table 1
        ("bloom-176b", 433_196),
        # Touvron et al. (2023), arXiv:2307.09288, table 2: 184,320 h at 400 W
        ("llama-2-7b", 184_320 * 0.4),
        # Strubell, Ganesh and McCallum (2019), arXiv:1906.02243, table 3
        ("bert-base", 1507),
        # You, Chung and Chowdhury (2023), summary_power_v100.csv: batch 256, 250 W
        ("resnet-50-epoch", 3514.986667 * 220.250295 / 3.6e6),
    ],
)
def test_the_interval_holds_what_was_published_and_is_narrow(shipped, file, kwh):
    found = bill(shipped / f"{file}.toml")
    assert found.workload.published.kwh == pytest.approx(kwh, rel=1e-4)
    low, high = found.published.interval
    assert low <= kwh <= high * (1 + 1e-9)
    assert high / low <= 3
    low, high = found.described.footprint.joules.interval
    assert high / low <= 3


def test_gpt_3_takes_as_many_operations_as_its_authors_say(shipped):
    """3,640 petaFLOP/s-days (Brown et al. 2020, table D.1), without attention."""
    found = bill(shipped / "gpt-3-175b.toml")
    assert found.items * found.network.training[BLOCKS] == pytest.approx(
        3640e15 * 86400, rel=0.01
    )
    # 14.8 days on 10,000 boards (Patterson et al. 2021, table 4)
    days = found.described.footprint.seconds.value / 10_000 / 86400
    assert days == pytest.approx(14.8, rel=0.03)


def test_published_hours_tell_the_share_of_the_peak(shipped):
    found = bill(shipped / "llama-2-7b.toml")
    flop = found.described.phases[0].flop(found.network)
    share = flop / (184_320 * 3600 * 3.12e14)
    assert found.utilisation.value == pytest.approx(share)
    assert found.described.footprint.seconds.value == pytest.approx(184_320 * 3600)


@pytest.mark.parametrize("of", ["devices", "equipment", "facility"])
def test_what_was_published_is_held_against_what_it_covers(of):
    site = {"host_frac": 0.5, "pue": 1.2}
    found = billed(site=site, published={"kwh": 1.0, "of": of, "source": "nobody"})
    factor = {"devices": 1.0, "equipment": 1.5, "facility": 1.5 * 1.2}[of]
    kwh = found.described.costs["fit"].joules.value / 3.6e6
    assert found.published.value == pytest.approx(factor * kwh)


def test_phases_share_published_hours_by_their_operations():
    whole = {"items": 1000, "validation": 500}
    found = billed(
        data=whole,
        training={"validations": 2},
        device={"name": "a100", "hours": 8.0},
    )
    fit, validation = (c.seconds.value for c in found.described.costs.values())
    assert fit + validation == pytest.approx(8 * 3600)
    assert fit / validation == pytest.approx(3 * 1000 / 1000)


def test_choosing_is_told_beside_training_on_all_the_data():
    selection = {"rounds": 3, "initial": 100, "per_round": 50}
    found = billed(selection=selection, training={"epochs": 3})
    passes = 3 * 3 * (100 + 150 + 200) + (900 + 850)
    assert found.over_whole == pytest.approx(passes / (3 * 3 * 1000))
    shared = 3 * 3 * 200 + (3 * 3 * 250 + 1750) / 10
    assert found.chosen.shared(10) / found.whole.shared(10) == pytest.approx(
        shared / 9000
    )


def test_a_warm_start_is_cheaper():
    selection = {"rounds": 3, "initial": 100, "per_round": 50}
    scratch = billed(selection=selection).over_whole
    warm = billed(selection={**selection, "start": "warm"}).over_whole
    assert warm < scratch


def test_joules_by_phase_have_kinds_and_intervals():
    cost = billed().described.costs["fit"].joules
    assert cost.kind is Kind.ASSUMED
    measured = {"value": 0.3, "kind": "measured", "source": "somebody"}
    told = billed(device={"name": "a100", "utilisation": measured})
    cost = told.described.costs["fit"].joules
    assert cost.kind is Kind.MODELLED_ANALYTIC
    low, high = cost.interval
    assert low / cost.value == pytest.approx(0.5)
    assert high / cost.value == pytest.approx(4 / 3)


def test_a_life_of_answers_is_billed_by_forward_passes():
    device = {"name": "a100", "utilisation": 0.1}
    found = billed(device=device, life={"queries": 3000})
    assert found.answers.joules.value == pytest.approx(
        found.described.footprint.joules.value
    )


def test_a_named_model_may_read_longer_sequences():
    model = {"kind": "named", "name": "bert-base"}
    short, long = (billed(model={**model, "sequence": s}).network for s in (128, 512))
    assert long.training[BLOCKS] == 4 * short.training[BLOCKS]
    assert long.training[ATTENTION] == 16 * short.training[ATTENTION]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"model": {**PLAIN["model"], "heads": 7}},
            "`model.heads` must divide the width of 64, got 7",
        ),
        (
            {"model": {**PLAIN["model"], "heads": 0}},
            "`model.heads` must be int >= 1, got 0",
        ),
        (
            {"model": {"kind": "gpt"}},
            "`model.kind` must be one of 'named', 'transformer'",
        ),
        (
            {"model": {"kind": "named", "name": "gpt-9"}},
            "`model.name` must be one of 'bert-base'",
        ),
        (
            {"model": {"kind": "named", "name": "resnet-50", "sequence": 9}},
            "`model.sequence` must be left out for resnet-50",
        ),
        ({"model": 3}, "`model.kind` must be one of"),
        (
            {"training": {"steps": 100, "batch": 32}},
            "`training.steps` must be at most 31, for there are 1,000 items",
        ),
        ({"device": {"name": "nope"}}, "`device.name` must be one of 'laptop-cpu'"),
        (
            {"device": {"name": "a100", "utilisation": 1.2}},
            "`device.utilisation` must be > 0 and at most 1, got 1.2",
        ),
        (
            {"device": {"name": "a100", "utilisation": {"value": 0.9, "high": 1.2}}},
            "`device.utilisation` must be > 0 and at most 1, got 1.2",
        ),
        (
            {"device": {"name": "a100", "utilisation": 0.3, "hours": 3.0}},
            "`device.utilisation` must be left out where `device.hours`",
        ),
        (
            {"device": {"name": "a100", "utilisation": "measured"}},
            "`device.utilisation` must be",
        ),
        (
            {"device": {"name": "v100"}, "training": {"precision": "bfloat16"}},
            "`training.precision` must be one that v100 has",
        ),
        ({"device": {"name": "a100", "count": 0}}, "`device.count` must be"),
        ({"site": {"pue": 0.5}}, "`site.pue` must be >= 1, got 0.5"),
        ({"site": {"grid_region": "XX"}}, "`site.grid_region` must be 'WORLD'"),
        ({"data": {"items": 10, "tokens": 5}}, "exactly one of `data.items`"),
        ({"data": {"items": -10}}, "`data.items` must be"),
        ({"date": {}}, "`date` is not a field of a workload"),
        (
            {"selection": {"rounds": 99, "initial": 9, "per_round": 50}},
            "`selection.rounds` must choose at most the 1,000 items",
        ),
        (
            {"selection": {"rounds": 2, "initial": 9}},
            "`selection.per_round` must be given",
        ),
        (
            {
                "model": {"kind": "parameters", "parameters": 1e9},
                "device": {"name": "a100", "utilisation": "roofline"},
            },
            "`device.utilisation` must be a number for a model of which only",
        ),
    ],
)
def test_a_bad_description_is_refused_in_one_line(tables, message):
    with pytest.raises(ValueError, match="`") as caught:
        billed(**tables)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


MODULE = """
from flax import nnx

def build(rngs):
    return nnx.Sequential(nnx.Linear(20, 30, rngs=rngs), nnx.Linear(30, 5, rngs=rngs))
"""


@pytest.fixture
def module(tmp_path):
    (tmp_path / "net.py").write_text(MODULE)
    table = {"kind": "network", "source": "./net.py:build", "inputs": [{"shape": [20]}]}

    def made(**tables):
        raw = {**PLAIN, "model": table, **tables}
        return bill(convert(raw, tmp_path))

    return made


def test_a_module_of_ones_own_is_counted_where_its_file_stands(module):
    found = module()
    assert found.network.forward["products"] == 2 * (20 * 30 + 30 * 5)
    assert found.network.parameters == 20 * 30 + 30 + 30 * 5 + 5
    # its numbers are float32, which this device multiplies as TF32
    assert found.precision == "tf32"


@pytest.mark.parametrize("kind", ["module", "transformer"])
def test_a_roofline_is_the_profiles_own_rule(module, kind):
    device = {"name": "a100", "utilisation": "roofline"}
    told = {"device": device, "training": {"batch": 50, "epochs": 2}}
    found = module(**told) if kind == "module" else billed(**told)
    steps = 2 * 1000 / 50
    once = found.profile.unit_cost(found.network.units[0])
    cost = found.described.costs["fit"]
    assert cost.seconds.value == pytest.approx(steps * once.seconds.value)
    assert cost.joules.value == pytest.approx(steps * once.joules.value)
    assert cost.joules.kind is Kind.MODELLED_ANALYTIC
    assert 0.0 < found.utilisation.value < 1.0


def test_what_is_only_scored_takes_a_pass_forward_by_roofline():
    device = {"name": "a100", "utilisation": "roofline"}
    data = {"items": 1000, "validation": 500}
    found = billed(device=device, data=data, training={"batch": 50, "validations": 1})
    once = found.profile.unit_cost(found.network.units[1])
    cost = found.described.costs["validation"]
    assert cost.seconds.value == pytest.approx(10 * once.seconds.value)
    assert found.network.units[1] != found.network.units[0]


def test_float32_by_roofline_is_no_tf32():
    device = {"name": "a100", "utilisation": "roofline"}
    units = {}
    for precision in ("float32", "tf32"):
        training = {"batch": 50, "precision": precision}
        units[precision] = billed(device=device, training=training).network.units[0]
    assert set(units["float32"].matrix_flops) == {"float32 highest"}
    assert set(units["tf32"].matrix_flops) == {"float32 default"}


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({}, "`training.batch` must be given where `device.utilisation` is 'roofline'"),
        (
            {"batch": 8, "precision": "bfloat16"},
            "`training.precision` must be left out for a module",
        ),
    ],
)
def test_a_roofline_needs_a_step_and_the_modules_own_types(module, training, message):
    device = {"name": "a100", "utilisation": "roofline"}
    with pytest.raises(ValueError, match="`training") as caught:
        module(device=device, training=training)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("./none.py:build", "Part file must be readable"),
        ("./net.py:nothing", "`source` must name a function of"),
        ("./net", "`source` must be 'FILE.py:NAME'"),
    ],
)
def test_code_that_is_not_there_is_refused(module, source, message):
    table = {"kind": "network", "source": source, "inputs": [{"shape": [20]}]}
    with pytest.raises(ValueError, match=message):
        module(model=table)


def test_the_shipped_module_can_be_billed(shipped):
    found = bill(shipped / "small_vit.toml")
    assert found.chosen is not None
    assert found.over_whole > 1.0
    assert found.chosen.shared(3) < found.whole.shared(1)


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Workload file must be readable"):
        load(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_text("name = ")
    with pytest.raises(ValueError, match=r"odd.toml' must be TOML"):
        load(tmp_path / "odd.toml")


def test_a_workload_needs_no_folder_around_it(shipped, tmp_path):
    shutil.copy(shipped / "bert-base.toml", tmp_path)
    alone = bill(tmp_path / "bert-base.toml")
    beside = bill(shipped / "bert-base.toml")
    assert alone.described.footprint.joules == beside.described.footprint.joules
