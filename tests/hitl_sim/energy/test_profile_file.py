import json
import tomllib

import msgspec
import pytest

from hitl_sim.energy import Kind, WorkUnit, load_profile, profile_file, save_profile
from hitl_sim.energy.profile import Constant, MeasuredCost, RegimeCost
from hitl_sim.energy.profile_file import profile_names

STEP = WorkUnit("train", "train", {"float32": 7.4e5}, 3.6e5, 32)


@pytest.fixture
def content():
    return msgspec.to_builtins(load_profile("laptop-cpu")) | {"name": "mine"}


def saved(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    return str(path)


def test_the_promised_devices_are_shipped():
    assert set(profile_names()) >= {
        "laptop-cpu",
        "server-cpu",
        "rtx-class",
        "a100",
        "h100",
        "h200",
        "jetson-class",
        *("l4", "l40s", "t4", "v100", "h100-pcie", "b200", "rtx-3090", "rtx-5090"),
        *("mi300x", "tpu-v4", "apple-m1", "apple-m4", "raspberry-pi-5", "orin-nano"),
        *("epyc-9654", "xeon-8592"),
    }


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_number_is_sourced_modelled_or_assumed_and_usable(name):
    profile = load_profile(name)
    assert profile.name == name
    for constant in profile.constants.values():
        assert constant.kind in {"modelled_analytic", "assumed"}
        is_reasoned = (
            constant.source.startswith("Assumed: ") or "(20" in constant.source
        )
        assert is_reasoned or constant.source.startswith("Half the float32")
    assert profile.idle_w.value < profile.launch_w.value < profile.active_w.value
    low, high = profile.unit_cost(STEP).joules.interval
    assert 0 < low < high < 300 * low


def test_datasheet_peaks_are_what_vendors_state():
    a100, h100 = load_profile("a100"), load_profile("h100")
    assert a100.peak_flop_per_s["bfloat16"].value == 312e12
    assert h100.peak_flop_per_s["bfloat16"].value == pytest.approx(989e12, rel=1e-3)
    assert (a100.active_w.high, h100.active_w.high) == (400.0, 700.0)


@pytest.mark.parametrize(
    ("name", "int8", "bfloat16"),
    [
        ("a100", 624e12, 312e12),
        ("h100", 1979e12, 989e12),
        ("l4", 242e12, 121e12),
        ("l40s", 733e12, 362e12),
        ("h100-pcie", 1513e12, 756e12),
        ("b200", 4500e12, 2250e12),
        ("mi300x", 2615e12, 1307e12),
        ("jetson-class", 85e12, 42.5e12),
        ("rtx-5090", 838e12, 209.5e12),
    ],
)
def test_rates_of_few_bits_are_dense(name, int8, bfloat16):
    """Half of what vendors print with sparsity."""
    peaks = load_profile(name).peak_flop_per_s
    assert peaks["int8"].value == pytest.approx(int8, rel=5e-3)
    assert peaks["bfloat16"].value == pytest.approx(bfloat16, rel=5e-3)
    assert peaks["int8"].low == peaks["float32"].value


def test_products_of_a_type_are_told_beside_float32_ones():
    h100 = load_profile("h100")
    assert h100.product_speed("int8") == pytest.approx(4.0, rel=1e-3)
    assert h100.product_speed("float8_e5m2") == h100.product_speed("int8")
    assert load_profile("laptop-cpu").product_speed("int8") is None
    assert load_profile("v100").product_speed("int8") == pytest.approx(4.0, rel=2e-3)


def test_what_was_published_of_the_laptop_still_names_its_profile():
    assert load_profile("laptop-cpu").label == "laptop-cpu@ada2209e1a24349f"


def test_an_h200_is_an_h100_with_faster_memory():
    h100, h200 = load_profile("h100"), load_profile("h200")
    assert h200.bandwidth_b_per_s.value / h100.bandwidth_b_per_s.value == pytest.approx(
        1.43, rel=0.01
    )
    peaks = [{k: v.ends for k, v in p.peak_flop_per_s.items()} for p in (h100, h200)]
    assert peaks[0] == peaks[1]


def test_an_idle_number_of_a_small_module_lies_below_its_least_power_mode():
    module = load_profile("jetson-class")
    assert module.scope == "module"
    assert module.idle_w.high <= module.active_w.low


def test_a_json_file_of_ones_own_is_read(tmp_path, content):
    assert load_profile(saved(tmp_path, content)).name == "mine"


def test_a_toml_file_may_hold_measured_costs(tmp_path):
    shipped = profile_file.importlib.resources.files("hitl_sim.energy")
    text = (shipped / "data" / "devices.toml").read_text()
    first = text.split("[[device]]")[1].replace("[device.", "[")
    measured = "".join(
        f'\n[unit."train".{field}]\nvalue = {value}\nlow = {value}\nhigh = {value}\n'
        'kind = "measured_counter"\nsource = "10,000 steps"\n'
        for field, value in (("seconds", 4e-5), ("joules", 6e-4))
    )
    path = tmp_path / "mine.toml"
    path.write_text(first + measured)
    assert "unit" in tomllib.loads(path.read_text())
    joules = load_profile(str(path)).unit_cost(STEP).joules
    assert (joules.value, joules.kind) == (6e-4, Kind.MEASURED_COUNTER)


def measured(value):
    return Constant(value, value / 2, value * 2, "measured_counter", 'a "clock"\n')


def test_a_saved_profile_is_read_back_as_it_was(tmp_path):
    cost = MeasuredCost(
        measured(1e-5), saturated=RegimeCost(measured(5e-6), measured(1e-4))
    )
    units = {"train:64-10:b32": cost, "score": MeasuredCost(measured(2e-7))}
    profile = msgspec.structs.replace(load_profile("a100"), unit=units, name="mine")
    path = tmp_path / "mine.toml"
    path.write_text(save_profile(profile, "Written by hand.\n\nTwice."))
    assert path.read_text().startswith("# Written by hand.\n#\n# Twice.\n")
    again = load_profile(str(path))
    assert again == profile
    assert again.hash == profile.hash


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_byte_order_mark_before_a_file_is_no_part_of_it(tmp_path, content, suffix):
    profile = load_profile("a100")
    text = json.dumps(content) if suffix == "json" else save_profile(profile)
    path = tmp_path / f"mine.{suffix}"
    path.write_text(text, encoding="utf-8-sig")
    assert load_profile(str(path)).active_w.value > 0


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"one of 'laptop-cpu', .*, got 'toaster'"):
        load_profile("toaster")


def test_a_missing_or_broken_file_is_named(tmp_path):
    missing = str(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"can be read, got '.*none.toml': No such"):
        load_profile(missing)
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(ValueError, match=r"a valid .toml file, got '.*broken.toml'"):
        load_profile(str(broken))


def changed(content, path, value):
    *parents, last = path.split(".")
    table = content
    for parent in parents:
        table = table[parent]
    table[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "idle_w.value",
            "hot",
            r"`idle_w.value` in '.*' must be valid, got 'hot': Expected",
        ),
        ("scope", "moon", r"`scope` in '.*' must be valid, got 'moon'"),
        ("idle_w.kind", "hoped", r"`idle_w.kind` in '.*' must be valid, got 'hoped'"),
        (
            "idle_w.low",
            -1.0,
            r"`idle_w` in '.*' must be valid: `low`, `value`, `high` must",
        ),
        ("idel_w", 3.0, r"mine.json.*unknown field `idel_w`"),
        (
            "peak_flop_per_s.float32.high",
            1.0,
            r"`peak_flop_per_s.float32` in '.*' must be valid: `low`, `value`, `high`",
        ),
    ],
)
def test_bad_fields_are_named_with_their_value(tmp_path, content, path, value, message):
    with pytest.raises(ValueError, match=message):
        load_profile(saved(tmp_path, changed(content, path, value)))


def test_a_missing_field_is_named(tmp_path, content):
    del content["active_w"]
    with pytest.raises(ValueError, match="missing required field `active_w`"):
        load_profile(saved(tmp_path, content))
