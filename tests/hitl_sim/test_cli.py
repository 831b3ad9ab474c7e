"""The commands as a user types them."""

import csv
import json
import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app, studies
from hitl_sim.energy import load_profile
from hitl_sim.results import open_results
from hitl_sim.study import runner

SMOKE = Path(__file__).parents[1] / "experiments" / "smoke.toml"
WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


# hears SIGINT even where the tests run in a shell's background, which ignores it
HEARING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from hitl_sim.cli import main; main()"
)


def call(*args):
    result = CliRunner().invoke(app, [str(a) for a in args], env=WIDE)
    return result.exit_code, re.sub(r"\x1b\[[0-9;]*m", "", result.output)


COMMANDS = [
    "run",
    "report",
    "plot",
    "explore",
    "status",
    "verify",
    "confirm",
    "register",
    "data",
    "equivalents",
    "footprint",
    "bill",
    "project",
    "crowd",
    "assess",
    "rectify",
    "fit-machine",
    "meters",
    "constants",
    "clocks",
    "measure",
    "profile",
    "audit",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    code, text = call(command, "--help")
    assert code == 0
    assert "Usage:" in text
    code, overview = call("--help")
    assert code == 0
    assert command in overview


def test_the_first_panel_can_be_read_at_a_glance():
    commands = [c for c in app.registered_commands if c.rich_help_panel == "Studies"]
    assert 5 <= len(commands) <= 10


def test_every_constant_is_listed_with_interval_source_year_and_age():
    code, text = call("constants")
    assert code == 0
    line = next(line for line in text.splitlines() if "device.h100.active_w" in line)
    assert line.split() == ["device.h100.active_w", "500", "[250,", "700]", "W", "2023"]
    assert "modelled analytic, board. NVIDIA H100 datasheet (2023): 700 W at" in text
    fp32 = next(
        line for line in text.splitlines() if "45nm.operation.float32.add" in line
    )
    assert fp32.split()[-3:] == ["pJ", "2014", "*"]
    assert "older than 3 years" in text


def test_constants_are_filtered_and_written_for_machines():
    code, text = call("constants", "namibia", "atlantis")
    assert code == 2
    assert "`words` must stand in some constant, got 'namibia atlantis'" in text
    code, text = call("constants", "namibia", "--csv")
    (row,) = csv.DictReader(text.splitlines())
    assert (code, row["name"], row["year"], row["unit"]) == (
        0,
        "NA Namibia.g_per_kwh",
        "2024",
        "g/kWh",
    )
    code, text = call("constants", "h100", "float32 default", "--json")
    tf32 = json.loads(text)[0]
    assert tf32["value"] == tf32["low"] == 494.7e12
    assert (tf32["year"], tf32["scope"]) == (2023, "board")


def test_how_old_is_old_is_an_option():
    (before,), (after,) = (
        json.loads(call("constants", "h100.active_w", "--json", *option)[1])
        for option in ((), ("--older-than", "0"))
    )
    assert not before["is_old"] or before["age_years"] > 3
    assert after["is_old"]


def test_two_forms_of_constants_at_once_are_refused():
    code, text = call("constants", "--csv", "--json")
    assert code == 2
    assert "`--json` and `--csv` must not be given together" in text


def test_a_dry_run_counts_and_names_inert_axes(tmp_path):
    file = tmp_path / "study.toml"
    axis = '\n[[axis]]\nfield = "crowd.repeatability"\nvalues = [0.6, 0.9]\n'
    file.write_text(SMOKE.read_text() + axis)
    code, text = call("run", file, "--out", tmp_path / "out", "--dry-run")
    assert code == 0
    assert "12 conditions, 48 runs, 48 of them still to do, 4 programs" in text
    assert "inert: crowd.repeatability (arm relevance)" in text
    assert not (tmp_path / "out").exists()


def test_a_run_begins_with_what_a_dry_run_says(tmp_path, monkeypatch):
    file, out = tmp_path / "study.toml", tmp_path / "out"
    axis = '\n[[axis]]\nfield = "crowd.repeatability"\nvalues = [0.6, 0.9]\n'
    file.write_text(SMOKE.read_text() + axis)
    _, predicted = call("run", file, "--out", out, "--dry-run")
    assert "16 of 48 runs differ from others along inert axes alone" in predicted
    monkeypatch.setattr(runner.Sweep, "run", lambda *_: ["not today."])
    monkeypatch.setattr(studies, "show_report", lambda *_: None)
    code, text = call("run", file, "--out", out)
    assert code == 3
    assert predicted in text
    assert text.index("inert") < text.index("not today.")


@pytest.mark.study
def test_a_folder_says_how_far_it_is_and_its_bytes_are_computed_again(tmp_path):
    out = tmp_path / "out"
    arms = SMOKE.read_text().split("[[arm]]")
    file = tmp_path / "study.toml"
    file.write_text("[[arm]]".join(arms[:3]))
    code, text = call("run", file, "--out", out, "--dry-run", "--probe", "--workers", 1)
    assert code == 0
    assert "What is left takes" in text
    code, text = call("status", out)
    assert code == 0
    # two chunks, for the first was over at once
    assert "8 of 12 runs are finished" in text
    code, text = call("verify", out, "--workers", 1)
    assert code == 0
    assert "2 of 2 record files (8 runs) were computed again: 2 have the same" in text
    key = pq.read_table(next((out / "records").iterdir())).column("key")[0].as_py()
    code, text = call("verify", out, "--record", key)
    assert code == 0
    assert "was computed again: it has the same bytes." in " ".join(text.split())
    code, text = call("verify", out, "--record", "abc")
    assert code == 2
    assert "`--record` must be the key of a finished run of the study" in text


def test_records_of_another_form_of_the_study_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "finished_keys", lambda out: {"one", "two"})
    _, text = call("run", SMOKE, "--out", tmp_path / "out", "--dry-run")
    assert (
        "2 finished runs in this folder are not part of this form of the study: their "
        "records are kept, and results.parquet leaves them out."
        in " ".join(text.split())
    )


def test_a_limit_that_never_comes_is_refused(tmp_path):
    code, text = call("run", SMOKE, "--out", tmp_path / "out", "--limit", "inf")
    assert code == 2
    assert "`--limit` must be a finite number of seconds, got inf." in text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["status", "verify"])
def test_a_folder_without_a_study_is_refused_by(command, tmp_path):
    code, text = call(command, tmp_path)
    assert code == 2
    assert "must be a folder that `hitl-sim run` made" in text


WRONG = {
    "unknown key": ("seed = 7", 'seed = 7\nmood = "good"', "`mood` is not a field"),
    "probability": ("irrelevant = 0.2", "irrelevant = 1.2", "got 1.2"),
    "no boundary": ('boundary = "workstation"', "", "`prices.boundary` must be given"),
    "no standing": (
        'label_cost = "bought_same_price"',
        "",
        "`prices.label_cost` must be given",
    ),
    "device": ('device = "laptop-cpu"', 'device = "abacus"', "abacus"),
    "data": ('source = "digits"', 'source = "none.npz"', "none.npz"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_bad_input_is_refused_in_one_line_before_any_work(tmp_path, case):
    old, new, message = case
    file, out = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(SMOKE.read_text().replace(old, new))
    code, text = call("run", file, "--out", out)
    assert code == 2
    assert message in text.replace("\n", " ")
    assert "Traceback" not in text
    assert not out.exists()
    # no worker was started for it
    assert not multiprocessing.active_children()


def test_an_unwritable_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    code, text = call("run", SMOKE, "--out", tmp_path / "file" / "out")
    assert code == 2
    assert "must be a folder that can be written" in text


def test_a_comparison_with_nothing_is_refused(tmp_path):
    code, text = call("compare", tmp_path, tmp_path)
    assert code == 2
    assert "no manifest.json" in text.replace("\n", " ")


def test_a_report_of_nothing_is_refused(tmp_path):
    code, text = call("report", tmp_path)
    assert code == 2
    assert "no manifest.json" in text.replace("\n", " ")


def test_afford_needs_one_budget():
    assert call("equivalents")[0] == 2
    assert call("equivalents", "--joules", "1", "--kwh", "1")[0] == 2
    code, text = call("equivalents", "--joules", "-5")
    assert code == 2
    assert "`--joules` must be finite and > 0 J, got -5" in text


ANSWERS = "annotator,item,answer,seconds\n" + "".join(
    f"p{a},q{i},{(a * i) % 2},{1 + i % 3}\n" for a in range(4) for i in range(30)
)
MACHINE = "item,answer,confidence\n" + "".join(
    f"q{i},{i % 2},{0.5 + (i % 7) / 20}\n" for i in range(60)
)
AS_TYPED = {
    "equivalents --kwh -1": "`--kwh` must be finite and > 0 kWh, got -1.",
    "equivalents --kwh nan": "`--kwh` must be finite and > 0 kWh, got nan.",
    "equivalents --kwh 1 --boundary desk": "`--boundary` must be one of",
    "crowd saints": "`NAME` must be one of",
    "crowd lab --figure a.doc": "`--figure` must end in",
    "measure --error -1 --idle-s 0 -- true": "`--error` must be > 0, got -1",
    "measure --meter scales -- true": "`--meter` must be one of",
    "meters --meter 'wall path=x'": "`options.relative_error` must be given",
    "profile new.toml --base abacus": "`--base` must be one of",
    "profile new.toml --base h100 --limit -2": "`--limit` must be finite and > 0 s",
    "fit a.csv --time-unit-s -1": "`--time-unit-s` must be finite and > 0, got -1",
    "fit a.csv --confidence-max inf": "`--confidence-max` must be finite and > 0",
    "fit a.csv --column mood=x": "`--column` must name one of annotator,",
    "fit a.csv --wide item": "`--wide` must be FIELD=PATTERN",
    "fit a.csv --kind mood": "`--kind` must be one of",
    "fit a.csv --kind rating --out a.toml": "`--kind` must be one of label, marks",
    "import a.csv --out a.csv": "`--out` must end in .parquet",
    "validate a.csv --time-unit-s 0": "`--time-unit-s` must be finite and > 0, got 0",
    "validate a.csv --out a.csv": "`--out` must be a folder",
    "assess a.csv --machine m.csv --confidence-max 0": "`--confidence-max` must be",
    "assess a.csv --machine m.csv --answer x": "`--answer` must be NAME=VALUE",
    "assess few.csv --machine m.csv": "`ANSWERS` must hold at least 50 answers",
    "assess a.csv --machine gone.csv": "gone.csv: must be a file, got nothing",
    f"simulate-answers {SMOKE} --out a.parquet --people 9": "`--people` must be in [1",
    f"run {SMOKE} --executor moon": "`--executor` must be one of",
    f"run {SMOKE} --device abacus": "`--device` must be one of",
}


@pytest.mark.parametrize("words", AS_TYPED)
def test_a_refusal_names_the_option_as_it_was_typed(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ANSWERS)
    Path("few.csv").write_text("\n".join(ANSWERS.splitlines()[:50]))
    Path("m.csv").write_text(MACHINE)
    code, text = call(*shlex.split(words))
    assert code == 2
    assert AS_TYPED[words] in " ".join(text.split())


def test_what_was_not_typed_keeps_the_name_that_its_file_has(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(SMOKE.read_text().replace('"laptop-cpu"', '"abacus"'))
    code, text = call("run", file, "--out", tmp_path / "out")
    assert code == 2
    assert "`device` must be one of" in text


WRITING = {
    f"simulate-answers {SMOKE} --people 1 --out kept.parquet": "kept.parquet",
    "import a.csv --out kept.parquet": "kept.parquet",
    "fit a.csv --out kept.toml": "kept.toml",
    "validate a.csv --out kept": "kept/validation.md",
    "crowd lab --figure kept.svg": "kept.svg",
}


@pytest.mark.parametrize("words", WRITING)
def test_no_file_of_people_is_written_over_unasked(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ANSWERS)
    kept = Path(WRITING[words])
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("kept")
    code, text = call(*words.split())
    assert code == 2
    assert f"must be a new file, got '{kept}'. --force" in " ".join(text.split())
    assert kept.read_text() == "kept"


def test_force_writes_over_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ANSWERS)
    Path("kept.parquet").write_text("kept")
    assert call("import", "a.csv", "--out", "kept.parquet", "--force")[0] == 0
    assert Path("kept.parquet").read_bytes().startswith(b"PAR1")


def test_answers_are_never_written_over_by_their_own_import(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ANSWERS)
    assert call("import", "a.csv", "--out", "a.parquet")[0] == 0
    before = Path("a.parquet").read_bytes()
    code, text = call("import", "a.parquet", "--out", "a.parquet", "--force")
    assert code == 2
    assert "another file than the answers" in text
    assert Path("a.parquet").read_bytes() == before


def test_tables_of_every_make_are_imported_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(
        "who,q1.answer,q1.seconds,q2.answer,q2.seconds\np,NA,1,x,2\nq,x,1,NA,2\n"
    )
    words = ["import", "a.csv", "--out", "a.parquet", "--column", "annotator=who"]
    words += ["--wide", "{item}.answer", "--wide", "{item}.seconds"]
    code, text = call(*words)
    assert code == 2  # but one option is left
    code, text = call(*words, "--keep-na")
    assert code == 0
    assert "4 answers (label) of 2 people to 2 items, 0 skips" in " ".join(text.split())
    assert "Options: NA, x." in text


def test_labels_are_assessed_by_real_answers_and_a_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ANSWERS)
    Path("m.csv").write_text(MACHINE)
    code, text = call("assess", "a.csv", "--machine", "m.csv")
    assert code == 0
    told = " ".join(text.split())
    assert "120 real answers (of 4 people) to 30 of 60 items." in told
    # people 1 and 3 say what the machine says, 0 and 2 always say 0
    alone = next(line for line in text.splitlines() if "real answers alone" in line)
    assert "75.0%" in alone
    assert "if the checked items were drawn at random from all items" in told
    assert "so few people judged that the interval has" in told


def test_a_machine_that_was_hardly_seen_to_miss_is_told_to_have_no_weight(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    rows = [f"p{i % 5},q{i},{int(i > 2)}\n" for i in range(100)]
    Path("a.csv").write_text("annotator,item,answer\n" + "".join(rows))
    rows = [f"q{i},1,{0.1 if i in (0, 1) else 0.99}\n" for i in range(400)]
    Path("m.csv").write_text("item,answer,confidence\n" + "".join(rows))
    code, text = call("assess", "a.csv", "--machine", "m.csv")
    assert code == 0
    told = " ".join(text.split())
    assert "no weight: they missed 1 checked items, in effect, and at least 6" in told


def test_afford_answers_from_numbers_alone():
    code, text = call("equivalents", "--kwh", "1", "--boundary", "workstation")
    assert code == 0
    # a workstation of 100 W runs ten hours on one kilowatt hour
    assert "10.0 h" in text
    assert "assumed" in text
    assert call("equivalents", "--kwh", "1", "--boundary", "desk")[0] == 2


def test_crowd_lists_and_sources_its_numbers():
    code, text = call("crowd")
    assert code == 0
    assert all(name in text for name in ("perfect", "careful", "typical", "spammer"))
    code, text = call("crowd", "typical")
    assert code == 0
    assert "repeatability" in text
    assert call("crowd", "saints")[0] == 2


def test_crowd_draws_what_it_does(tmp_path):
    figure = tmp_path / "lab.png"
    code, text = call("crowd", "lab", "--figure", str(figure), "--options", "4")
    assert code == 0
    assert "lab at work: label" in text
    assert figure.stat().st_size > 10_000


def test_crowd_refuses_a_figure_of_nobody_and_a_file_of_no_people(tmp_path):
    assert call("crowd", "--figure", str(tmp_path / "a.png"))[0] == 2
    assert call("crowd", "lab", "--figure", str(tmp_path / "a.doc"))[0] == 2
    path = tmp_path / "people.toml"
    path.write_text("[night]\nsummary = 'x'\nmood.all = 1\n")
    code, text = call("crowd", str(path))
    assert code == 2
    assert "`night.mood` is not a field" in " ".join(text.split())


def test_meters_say_why_nothing_can_be_read():
    code, text = call("meters")
    assert code == 0
    assert "nvml" in text
    assert "rapl" in text


def test_meters_are_calibrated_by_counters_that_can_be_read(tmp_path):
    missing = tmp_path / "plug.csv"
    named = f"wall path={missing} relative_error=0.02 source=plug"
    file = tmp_path / "cpu.json"
    code, text = call("meters", "--meter", named, "--calibrate", str(file))
    assert code == 2
    assert "`--calibrate` must find a counter to learn from" in " ".join(text.split())
    assert not file.exists()


def test_measure_asks_the_meter_that_is_named():
    argv = ("--idle-s", "0", "--", sys.executable, "-c", "pass")
    code, text = call("measure", "--meter", "analytic profile=laptop-cpu", *argv)
    assert code == 0
    assert "laptop-cpu" in text
    assert "modelled" in text


def test_meters_test_themselves():
    code, text = call("meters", "--selftest")
    assert code == 0
    assert "Self-test of the meters" in text
    assert "failed" not in text


def test_clocks_say_what_the_driver_tells_and_what_the_model_saves():
    code, text = call("clocks")
    assert code == 0
    assert "of least energy the model leaves" in " ".join(text.split())
    assert "(assumed)" in text


def test_measure_runs_a_command_and_passes_its_exit_code_on():
    argv = (sys.executable, "-c", "raise SystemExit(5)")
    code, text = call("measure", "--idle-s", "0", "--", *argv)
    assert code == 5
    assert "exit code 5" in text
    code, text = call("measure", "--", "no-such-program-anywhere")
    assert code == 2
    assert "no-such-program-anywhere" in text


def test_measure_models_where_nothing_can_be_read():
    argv = (sys.executable, "-c", "pass")
    code, text = call("measure", "--device", "laptop-cpu", "--idle-s", "0", "--", *argv)
    assert code == 0
    assert "laptop-cpu" in text or "measured" in text


def test_a_profile_is_never_written_over_and_names_its_base(tmp_path):
    out = tmp_path / "mine.toml"
    assert call("profile", out)[0] == 2  # no base
    for args, message in (
        (("--base", "abacus"), "abacus"),
        (("--base", "h100", "--precision", "2"), "`--precision` must be in (0, 1)"),
        (("--base", "server-cpu", "--network", "big"), "widths of hidden layers"),
        (("--base", "server-cpu", "--study", tmp_path), "no study.json"),
        (
            ("--base", "server-cpu", "--study", SMOKE, "--batch", "8"),
            "`--study` must not be given with",
        ),
    ):
        code, text = call("profile", out, *args)
        assert code == 2
        assert message in text.replace("\n", " ")
        assert not out.exists()
    out.write_text("kept")
    code, text = call("profile", out, "--base", "server-cpu")
    assert code == 2
    assert "must be a new file" in text
    assert out.read_text() == "kept"
    code, text = call("profile", tmp_path / "mine.txt", "--base", "server-cpu")
    assert code == 2
    assert "must end in .toml" in text


def test_an_audit_of_nothing_is_refused(tmp_path):
    code, text = call("audit", tmp_path)
    assert code == 2
    assert "no study.json" in text.replace("\n", " ")


def test_help_starts_no_backend():
    code = (
        "import sys; import hitl_sim.cli; "
        "sys.exit(any(m in sys.modules for m in ('jax', 'flax', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.study
def test_a_study_runs_from_file_to_report_and_is_re_billed(tmp_path):
    out = tmp_path / "out"
    code, text = call("run", SMOKE, "--out", out, "--workers", "2")
    assert code == 0
    assert "Joules are modelled" in text
    assert "Upper bound" not in text
    assert str(out / "report.html") in text.replace("\n", "")
    first = (out / "report.html").read_text()
    code, text = call("report", out, "--device", "h100", "--all")
    assert code == 0
    assert "Upper bound" in text
    assert "measured" in text
    assert (out / "report.html").read_text() != first
    assert "h100" in (out / "report.html").read_text()


@pytest.mark.study
def test_runs_with_recorded_people_are_rectified_by_simulated_ones(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    head, *arms = SMOKE.read_text().split("[[axis]]")[0].split("[[arm]]")
    head = head.replace("irrelevant = 0.2", "irrelevant = 0.0")
    head = head.replace("duplicate = 0.1", "duplicate = 0.0")
    text = "[[arm]]".join([head, arms[0], arms[-1]])
    crowd = '[crowd]\npopulation = "typical"\n'
    recorded = f'{crowd}recording = "a.parquet"\npolicy = "refuse"\n'
    for name, replicates, table in (("real", 8, recorded), ("simulated", 12, crowd)):
        study = text.replace("replicates = 4", f"replicates = {replicates}")
        Path(f"{name}.toml").write_text(study + table)
    words = ("simulate-answers", "simulated.toml", "--out", "a.parquet")
    assert call(*words)[0] == 0
    for name in ("real", "simulated"):
        assert call("run", f"{name}.toml", "--out", name, "--workers", "2")[0] == 0
    code, text = call("rectify", "real", "simulated", "--outcome", "people_s")
    assert code == 0
    told = " ".join(text.split())
    assert "margin_labels" in told
    assert "8 runs with real people, 12 with simulated ones" in told
    assert "device_j" not in told
    found = open_results("real").rectify(open_results("simulated"))
    rows = {row["outcome"]: row for row in found.to_pylist()}
    frame = open_results("real").frame().to_pylist()
    own = [row["people_s"] for row in frame if row["arm"] == "margin_labels"]
    assert rows["people_s"]["real"] == pytest.approx(sum(own) / 8)
    assert rows["people_s"]["real_runs"] == 8
    dear = open_results("real").reprice(device="h100")
    joules = dear.rectify(open_results("simulated")).to_pylist()
    simulated = {row["outcome"]: row["simulated"] for row in joules}["device_j"]
    assert simulated != rows["device_j"]["simulated"]
    code, text = call("rectify", "simulated", "real")
    assert code == 2
    assert "`crowd.recording` must be given in simulated" in text
    code, text = call("rectify", "real", "simulated", "--outcome", "mood")
    assert "`--outcome` must be one of" in text


@pytest.mark.study
def test_a_machine_is_profiled_and_its_profile_bills_and_is_audited(tmp_path):
    study, out, mine = tmp_path / "study.toml", tmp_path / "out", tmp_path / "mine.toml"
    head, *arms = SMOKE.read_text().split("[[arm]]")
    study.write_text("[[arm]]".join([head, *arms[:3]]))
    assert call("run", study, "--out", out, "--workers", "2")[0] == 0
    code, text = call(
        "profile", mine, "--base", "laptop-cpu", "--study", out, "--limit", "2"
    )
    assert code == 0
    assert "Seconds are measured. Joules are modelled" in text.replace("\n", " ")
    profile = load_profile(str(mine))
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(profile.unit) == set(manifest["units"])
    assert all(cost.saturated is not None for cost in profile.unit.values())
    code, _ = call("report", out, "--device", mine)
    assert code == 0
    assert "mine@" in (out / "report.html").read_text()
    code, text = call("audit", out, "--n", "3", "--device", mine)
    assert code == 0
    assert "seconds: billed ÷ measured = " in text
    assert "joules: billed ÷ measured is unavailable: " in text
    audit = json.loads((out / "sidecar" / "audit.json").read_text())
    # what is billed by seconds measured here is near what is measured here
    assert 0.3 < audit["seconds"]["value"] < 2.0
    assert audit["seconds"]["kind"] == "measured_counter"


@pytest.mark.study
def test_ctrl_c_while_profiling_leaves_what_was_measured(tmp_path):
    mine = tmp_path / "mine.toml"
    command = ["profile", str(mine), "--base", "laptop-cpu", "--network", "8"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", HEARING, *command),
            *("--batch", "16", "--precision", "1e-9", "--limit", "16"),
        ],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 900
    # workers meet in a folder once every unit was measured alone
    while not list(tmp_path.glob("*/*/0")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in text
    assert "Interrupted: what was measured enough is kept." in text
    assert len(load_profile(str(mine)).unit) == 3


@pytest.mark.study
def test_ctrl_c_leaves_a_study_that_says_how_to_go_on(tmp_path):
    out, file = tmp_path / "out", tmp_path / "long.toml"
    file.write_text(SMOKE.read_text().replace("replicates = 4", "replicates = 400"))
    process = subprocess.Popen(
        [sys.executable, "-c", HEARING, "run", str(file), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 900
    while not list(out.glob("records/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Interrupted" in text
    assert f"hitl-sim run {file}" in text.replace("\n", "")
    assert "Traceback" not in text
    assert list(out.glob("records/*.parquet"))


def test_data_are_looked_over_before_a_study(tmp_path):
    path = tmp_path / "mine.csv"
    rows = [f"{i % 7},{i * 37 % 11},{'NA' if i == 3 else i},{i % 2}" for i in range(60)]
    path.write_text("\n".join(["a,b,c,label", *rows]))
    code, text = call("data", path)
    assert code == 2
    assert "impute = 'median'" in text
    code, text = call("data", path, "--impute", "median", "--categorical", "b")
    assert code == 0
    told = " ".join(text.split())
    assert "60 items of 13 features in 2 classes" in told
    assert "1 missing numbers in 1 of 60 rows" in told
    assert "can have the arms" in told
    assert 'categorical = ["b"]' in told
    code, text = call("data", path, "--impute", "mean")
    assert code == 2
    assert "`--impute` must be one of 'median', 'drop', got 'mean'" in text
