"""Every number that ships is listed, so that a new file cannot be forgotten."""

import csv
import datetime
import tomllib
from collections import Counter

import pytest

from hitl_sim import constant
from hitl_sim.constant import data_files, shipped_constants
from hitl_sim.cost.carbon import carbon_intensity
from hitl_sim.energy import load_profile

YEARS = {"year", "judged"}


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def leaves(value, key=""):
    """Numbers of nested tables, but for years."""
    if isinstance(value, dict):
        return [n for name, entry in value.items() for n in leaves(entry, name)]
    if isinstance(value, list):
        return [n for entry in value for n in leaves(entry, key)]
    return [float(value)] if is_number(value) and key not in YEARS else []


def numbers_in(name, text):
    """The same for a file, by a way of its own."""
    if name.endswith(".toml"):
        return Counter(leaves(tomllib.loads(text)))
    found = []
    for row in csv.DictReader(text.splitlines()):
        for column, cell in row.items():
            if column not in YEARS and cell.replace(".", "", 1).isdigit():
                found.append(float(cell))
    return Counter(found)


@pytest.mark.parametrize("name", data_files())
def test_every_number_of_every_file_is_listed(name):
    text = data_files()[name].read_text(encoding="utf-8")
    listed = [one for one in shipped_constants() if one.file == name]
    if name.endswith(".csv"):
        found = Counter(float(one.value) for one in listed)
    else:
        ends = [(one.value, one.low, one.high) for one in listed]
        found = Counter(
            float(end) for three in ends for end in three if end is not None
        )
    assert found == numbers_in(name, text)


def test_a_new_file_is_found_without_being_named(tmp_path, monkeypatch):
    folder = tmp_path / "hitl_sim" / "somewhere" / "new"
    folder.mkdir(parents=True)
    notes = data_files()[constant._NOTES].read_text(encoding="utf-8")
    (tmp_path / "hitl_sim" / "data").mkdir()
    (tmp_path / "hitl_sim" / "data" / "shipped.toml").write_text(notes)
    (folder / "odd.toml").write_text("[a.b]\nvalue = 7\nsource = 'Doe (2011)'\nn = 3\n")
    (tmp_path / "oracles").mkdir()
    monkeypatch.setattr(constant.resources, "files", lambda name: tmp_path / name)
    constant._constants.cache_clear()
    constant._notes.cache_clear()
    try:
        found = shipped_constants()
    finally:
        constant._constants.cache_clear()
        constant._notes.cache_clear()
    assert [(one.name, one.value, one.year) for one in found] == [
        ("a.b", 7, 2011),
        ("a.b.n", 3, 2011),
    ]
    assert found[0].file == "hitl_sim/somewhere/new/odd.toml"


def test_every_constant_says_how_it_is_known_where_from_and_when():
    this_year = datetime.datetime.now(tz=datetime.UTC).year
    silent = [
        one
        for one in shipped_constants()
        if not (one.kind and one.scope and len(one.source) > 5)
        or one.year is None
        or not 1900 < one.year <= this_year
    ]
    assert silent == []


def test_every_interval_holds_its_value():
    given = [one for one in shipped_constants() if one.low is not None]
    assert len(given) > 500
    assert [
        one for one in given if not one.low <= (one.value or one.low) <= one.high
    ] == []


def the(words):
    (found,) = (one for one in shipped_constants() if one.name == words)
    return found


def test_what_is_listed_is_what_is_used():
    idle = load_profile("h100").idle_w
    listed = the("device.h100.idle_w")
    assert (listed.value, listed.low, listed.high) == idle.ends
    assert (listed.unit, listed.scope, listed.source) == ("W", "board", idle.source)
    france = carbon_intensity("FR")
    grid = the("FR France.g_per_kwh")
    assert (grid.low, grid.high) == pytest.approx([1000 * n for n in france.interval])
    assert grid.value == pytest.approx(1000 * france.value)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("design.drum3", 2015),
        ("technology.cmos-45nm.level.register", 2014),
        ("technology.cmos-45nm.level.dram", 2016),
        ("device.laptop-cpu.active_w", 2022),
        ("device.laptop-cpu.launch_s", 2026),
        ("wage_usd_per_h", 2023),
        ("FR France.g_per_kwh", 2025),
        ("typical.accuracy.label", 2022),
        ("link.wifi.joules_per_byte", 2012),
        ("run.GPT-3.mwh", 2021),
    ],
)
def test_a_constant_has_the_year_of_its_own_source(name, year):
    assert the(name).year == year


def test_a_filter_wants_all_words():
    found = shipped_constants("H100 Idle")
    assert {one.name for one in found} == {
        "device.h100.idle_w",
        "device.h100.launch_w",
        "device.h100-pcie.idle_w",
        "device.h100-pcie.launch_w",
    }
