"""A finished study in the words of other tools."""

import csv
import hashlib
import io
import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile
from hitl_sim.exchange import FORMATS, Finished, export
from hitl_sim.exchange.codecarbon import COLUMNS
from hitl_sim.record import COLUMN_WORDS, LABEL_SCHEMA, RECORD_SCHEMA, REPLAY_SCHEMA
from hitl_sim.unit import J_PER_KWH

DEVICE = "laptop-cpu"
PUE = 1.3


@pytest.fixture(scope="module")
def finished_with(synthetic, tmp_path_factory):
    """Return a function that gives a study in a folder of its own, at some prices."""
    arms = [
        synthetic.NULL,
        synthetic.Arm("lost", steps=[9e9] * 12),
        synthetic.relevance(0.5, "perfect"),
        synthetic.relevance(0.8, "typical"),
    ]
    table, manifest = synthetic.make_study(arms, seed=4)
    folder = tmp_path_factory.mktemp("exchange") / "mine"
    folder.mkdir()
    pq.write_table(table, folder / "results.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest))

    def run(**prices):
        fixed = {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}
        result = analyse(
            read_groups(table),
            manifest,
            load_profile(DEVICE),
            Prices(**fixed | prices),
            fraction=1.0,
            smoothing=1,
            smallest_effect=0.05,
            seed=7,
        )
        return Finished(folder, result, table, manifest)

    return run


@pytest.fixture(scope="module")
def study(finished_with):
    return finished_with(grid_region="US-CA", pue=PUE, device_usd_per_h=0.1)


@pytest.fixture(scope="module")
def unpriced(finished_with):
    """Return a study of which nobody said whose grid it is on."""
    return finished_with()


def read_csv(study):
    text = FORMATS["codecarbon"].write(study)
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_of_codecarbon_are_the_device_bill_of_every_run(study):
    rows = read_csv(study)
    assert tuple(rows[0]) == COLUMNS
    finding = study.result.tasks[0].control
    own = [row for row in rows if row["run_id"].startswith(finding.condition)]
    assert len(own) == finding.num_runs
    kwh = np.array([float(row["energy_consumed"]) for row in own])
    rates = study.result.pricing.rates
    expected = finding.cost_sample.spent * rates.pue.value / J_PER_KWH
    np.testing.assert_allclose(kwh, expected, rtol=1e-9)
    carbon = np.array([float(row["emissions"]) for row in own])
    np.testing.assert_allclose(carbon, kwh * rates.intensity.value, rtol=1e-9)
    assert {row["pue"] for row in own} == {str(PUE)}
    assert {(row["country_iso_code"], row["region"]) for row in own} == {("US", "CA")}


def test_what_nobody_knows_is_empty_in_codecarbon(study):
    row = read_csv(study)[0]
    for name in ("timestamp", "gpu_energy", "cpu_energy", "ram_energy", "cpu_model"):
        assert row[name] == ""
    assert "0.0" not in (row["emissions"], row["energy_consumed"], row["duration"])


def test_a_grid_that_nobody_named_leaves_emissions_empty(unpriced):
    rows = read_csv(unpriced)
    assert {row["emissions"] for row in rows} == {""}
    assert all(float(row["energy_consumed"]) > 0.0 for row in rows)


def metrics(study):
    text = FORMATS["openmetrics"].write(study)
    return {one.name: one for one in text_string_to_metric_families(text)}


def test_metrics_are_read_by_another_parser_and_are_the_findings(study):
    found = metrics(study)
    assert found["hitl_sim_device_joules"].unit == "joules"
    by_place = {
        (s.labels["task"], s.labels["condition"], s.labels.get("bound", "")): s.value
        for s in found["hitl_sim_energy_ratio"].samples
    }
    for task, finding in study.findings():
        ratio = finding.ratio
        ends = {"": ratio.value, "low": ratio.low, "high": ratio.high}
        for bound, value in ends.items():
            told = by_place.get((task.label, finding.label, bound), math.nan)
            assert told == value or (math.isnan(told) and math.isnan(value))


def test_every_metric_says_its_kind_and_nothing_unknown_is_told(study, unpriced):
    for family in metrics(study).values():
        for one in family.samples:
            assert "kind" in one.labels or family.name.endswith("runs")
    assert metrics(unpriced)["hitl_sim_bill_kgco2e"].samples == []


def test_names_with_quotes_and_lines_stay_one_label(study):
    odd = Finished(study.folder.parent / 'a"b\\c', *list(vars(study).values())[1:])
    found = metrics(odd)["hitl_sim_runs"].samples[0]
    assert found.labels["study"] == 'a"b\\c'


def test_croissant_describes_every_column_and_hashes_every_file(study):
    told = json.loads(FORMATS["croissant"].write(study))
    (runs,) = told["recordSet"]
    names = [one["source"]["extract"]["column"] for one in runs["field"]]
    assert names == study.records.schema.names
    for one in told["distribution"]:
        raw = (study.folder / one["contentUrl"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(raw).hexdigest()
    types = {one["name"]: (one["dataType"], "repeated" in one) for one in runs["field"]}
    assert types["step"] == ("sc:Integer", True)
    assert types["requester_s"] == ("sc:Float", False)
    assert types["arm"] == ("sc:Text", False)
    ids = [one["@id"] for one in (*told["distribution"], runs, *runs["field"])]
    assert len(set(ids)) == len(ids)
    assert "No person took part" in told["rai:dataAnnotationProtocol"]


def test_every_column_of_a_record_is_told_in_words():
    names = {*RECORD_SCHEMA.names, *REPLAY_SCHEMA.names, *LABEL_SCHEMA.names}
    assert set(COLUMN_WORDS) == names
    assert all(words.endswith(".") for words in COLUMN_WORDS.values())


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_written_where_it_is_expected_and_the_same_every_time(
    study, name, tmp_path
):
    path = export(study, name)
    assert path == study.folder / FORMATS[name].file
    again = export(study, name, tmp_path / "again")
    assert again.read_bytes() == path.read_bytes()
    path.unlink()


def test_a_format_that_is_not_there_is_refused_before_anything_is_written(study):
    before = sorted(study.folder.iterdir())
    with pytest.raises(ValueError, match="`format` must be one of 'codecarbon'"):
        export(study, "wandb")
    assert sorted(study.folder.iterdir()) == before


def test_a_study_that_is_not_done_has_no_croissant(study, tmp_path):
    other = Finished(tmp_path, study.result, study.records, study.manifest)
    with pytest.raises(ValueError, match=r"must hold results\.parquet"):
        export(other, "croissant")
    assert list(tmp_path.iterdir()) == []
