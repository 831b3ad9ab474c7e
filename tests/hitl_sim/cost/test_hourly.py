import re

import numpy as np
import pytest

from hitl_sim.cost import Prices, price_rates, read_carbon
from hitl_sim.cost.hourly import read_hourly

DAY = [100.0 + 10.0 * hour for hour in range(24)]


def write(tmp_path, header, rows):
    path = tmp_path / "grid.csv"
    lines = [header, *(f"{time},{value}" for time, value in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def day(tmp_path):
    return write(tmp_path, "hour,g_per_kwh", enumerate(DAY))


def test_an_hourly_file_is_its_mean_and_the_range_of_its_hours(day):
    hourly = read_hourly(day)
    mean, low, high = hourly.ends
    assert mean == pytest.approx(np.mean(DAY) / 1000)
    assert (low, high) == pytest.approx(np.quantile(DAY, (0.025, 0.975)) / 1000)
    assert "grid.csv" in hourly.source
    assert "24 rows (all hours)" in hourly.source


@pytest.mark.parametrize(
    ("hours", "mean"),
    [((9, 17), np.mean(DAY[9:17])), ((22, 2), np.mean(DAY[22:] + DAY[:2]))],
)
def test_only_the_hours_of_work_count(day, hours, mean):
    assert read_hourly(day, hours).ends[0] == pytest.approx(mean / 1000)


def test_stamps_and_kilograms_are_read_too(tmp_path):
    stamps = [f"2026-01-0{day}T{hour:02}:00" for day in (1, 2) for hour in (3, 15)]
    values = [0.1, 0.2, 0.3, 0.4]
    path = write(tmp_path, " time , kgco2e_per_kwh", zip(stamps, values, strict=True))
    assert read_hourly(path).ends[0] == pytest.approx(0.25)
    assert read_hourly(path, (12, 18)).ends[0] == pytest.approx(0.3)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_columns_may_be_separated_as_spreadsheets_do(day, delimiter):
    whole = read_hourly(day).ends
    day.write_text(day.read_text().replace(",", delimiter))
    assert read_hourly(day).ends == whole


def test_a_study_reads_the_file_once_and_keeps_the_numbers(day, monkeypatch, tmp_path):
    given = {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}
    prices = Prices(**given, carbon_file="grid.csv", carbon_hours=(9, 17))
    kept = read_carbon(prices, tmp_path)
    assert (kept.carbon_file, kept.carbon_hours) == (None, None)
    monkeypatch.chdir(tmp_path)
    before = price_rates(prices).intensity
    day.unlink()
    assert price_rates(kept).intensity == before
    assert before.interval[0] < before.value < before.interval[1]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("when,g_per_kwh", "0,1", "must have one of the columns 'hour' or 'time'"),
        ("hour,carbon", "0,1", "and one of 'g_per_kwh' or 'kgco2e_per_kwh', got hour"),
        ("hour,g_per_kwh", "24,1", r"`hour` must be .* 0 to 23, got '24' in row 2"),
        ("time,g_per_kwh", "noon,1", r"`time` must be ISO 8601, got 'noon' in row 2"),
        ("hour,g_per_kwh", "1,-5", r"`g_per_kwh` must be a number >= 0, got '-5'"),
        ("hour,g_per_kwh", "1,", r"must be a number >= 0, got '' in row 2"),
        ("hour,g_per_kwh", "1", r"must be a number >= 0, got None in row 2"),
        ("hour,g_per_kwh", "1,2\n1,3", "must name each hour once, got '1' again"),
    ],
)
def test_a_file_that_is_not_hourly_is_named(tmp_path, header, row, message):
    path = tmp_path / "grid.csv"
    path.write_text(f"{header}\n{row}\n")
    with pytest.raises(ValueError, match=message):
        read_hourly(path)


def test_a_missing_file_and_hours_that_it_lacks_are_named(tmp_path):
    missing = tmp_path / "none.csv"
    with pytest.raises(ValueError, match=f"got '{re.escape(str(missing))}': No such"):
        read_hourly(missing)
    path = write(tmp_path, "hour,g_per_kwh", [(3, 100)])
    with pytest.raises(ValueError, match=r"`prices.carbon_hours` must hold hours that"):
        read_hourly(path, (9, 17))
