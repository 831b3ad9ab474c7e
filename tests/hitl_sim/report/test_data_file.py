"""The numbers of a report as JSON: documented, short, each text once."""

import json
import math
import re
from pathlib import Path

import pytest

from hitl_sim.report.data_file import SHORT, report_data, write_data
from hitl_sim.report.words import tell

PAGE = Path(__file__).parents[3] / "docs" / "report_json.md"
MOST_BYTES = 6000
"""Of one condition, so that 500 are below 3 MB."""


@pytest.fixture(scope="module")
def data(crowded, weighed):
    found = report_data(crowded, tell(crowded, weighed), weighed)
    return json.loads(write_data(found))


def test_a_number_has_its_value_its_intervals_and_what_it_rests_on(crowded, data):
    task, first = data["tasks"][0], crowded.tasks[0]
    spent = task["upper_bound"]["joules"]
    assert math.isclose(spent["value"], first.control.joules.value, rel_tol=1e-5)
    assert math.isclose(spent["low"], first.control.joules.low, rel_tol=1e-5)
    columns = data["basis_columns"]
    basis = dict(zip(columns, data["bases"][spent["basis"]], strict=True))
    assert (basis["unit"], basis["kind"]) == ("J", "modelled_analytic")
    sources = [data["sources"][place] for place in basis["sources"]]
    assert sources[0].startswith("analytic model")


def test_infinite_numbers_are_texts(data):
    lost = next(f for f in data["tasks"][0]["findings"] if f["arm"] == "lost")
    assert lost["rho"]["value"] == lost["rho"]["high"] == "inf"


def test_a_ledger_holds_what_the_analysis_billed(crowded, data):
    finding, told = crowded.tasks[0].findings[0], data["tasks"][0]["findings"][0]
    found = {}
    for line, *number in told["ledger"]:
        row = dict(zip(SHORT, number, strict=False))
        found[tuple(data["ledger_lines"][line].values())] = row
    for line in finding.ledger.lines:
        if line.joules is None or line.joules.value is None:
            continue
        row = found[line.name, line.purpose, "joules"]
        assert math.isclose(row["value"], line.joules.value, rel_tol=1e-5)
        low = row.get("constants_low", row["value"])
        if line.joules.interval is not None:
            assert math.isclose(low, line.joules.interval[0], rel_tol=1e-5)


def test_no_text_of_a_source_or_a_basis_stands_twice(data):
    for name in ("sources", "bases", "ledger_lines"):
        texts = [json.dumps(one) for one in data[name]]
        assert texts
        assert len(set(texts)) == len(texts)


def test_five_hundred_conditions_stay_below_three_megabytes(crowded, weighed, data):
    """A task has what grows with no condition; the rest is shared by its findings."""
    task = data["tasks"][0]
    shared = {"by_target", "attainment", "control"}
    own = {name: value for name, value in task.items() if name not in shared}
    num = len(task["findings"])
    spent = len(json.dumps([own, data["bases"]], separators=(",", ":")))
    assert spent / num < MOST_BYTES


def test_every_field_is_documented(data):
    text = PAGE.read_text(encoding="utf-8")
    known = set(re.findall(r"`([a-z_0-9]+)`", text))

    def names(value):
        if isinstance(value, dict):
            for name, each in value.items():
                yield name
                yield from names(each)
        elif isinstance(value, list):
            for each in value:
                yield from names(each)

    free = {"settings", "parameters", "words", "failed", "plan_changes", "stopping"}
    checked = {name: value for name, value in data.items() if name not in free}
    for task in checked["tasks"]:
        for finding in (task["control"], *task["findings"]):
            finding.pop("settings", None)
            finding.pop("parameters", None)
    unknown = set(names(checked)) - known
    assert not unknown
