"""Data and arms that cannot be: one line that names the field, and nothing written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from hitl_sim.cli import app

STUDY = """
question = "Does it refuse?"
seed = 1
replicates = 2
smallest_effect = 0.05
device = "laptop-cpu"

[task.mine]
source = "{source}"
pool = 40
validation = 20
test = 20
{task}

[network]
kind = "{network}"

[prices]
boundary = "workstation"
label_cost = "sunk"
waiting = "held"
electricity_usd_per_kwh = 0.17
pue = 1.0
device_usd_per_h = 0.0
grid_region = "WORLD"
life_queries = 1e6

[[arm]]
name = "control"
kind = "whole_pool"
role = "control"

[[arm]]
name = "tried"
{arm}
"""
TEXT = 'num_features = 8\ntext_column = "text"'


def refusal(folder, source="digits", task="", network="linear", arm=None, more=""):
    """Run a study; return its one line of error without the marks of the terminal."""
    arm = arm or 'kind = "random_share"\nshare = 0.5'
    file, out = folder / "study.toml", folder / "out"
    study = STUDY.format(source=source, task=task, network=network, arm=arm)
    file.write_text(study + more)
    result = CliRunner().invoke(app, ["run", str(file), "--out", str(out)])
    assert result.exit_code == 2
    assert not out.exists()
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()
    return lines[0]


@pytest.mark.parametrize(
    "kind", ["random_share", "machine_share", "relevance", "importance"]
)
def test_a_kept_share_of_0_is_refused(tmp_path, kind):
    found = refusal(tmp_path, arm=f'kind = "{kind}"\nshare = 0.0')
    assert "`arm[1].share` must be float > 0.0, got 0.0." in found


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0, 1], [2, 3]], "every feature from 0 to 5 exactly once, got 4 entries"),
        (
            [[0, 1], [2, 3], [3, 5]],
            "every feature from 0 to 5 exactly once, got 6 entries",
        ),
    ],
)
def test_groups_that_do_not_cover_the_features_are_refused(tmp_path, groups, message):
    path = tmp_path / "mine.npz"
    features = np.random.default_rng(0).normal(size=(100, 6))
    np.savez(path, features=features, labels=np.arange(100) % 2, groups=groups)
    found = refusal(tmp_path, path)
    assert "[task.mine]" in found
    assert f"mine.npz, array 'groups': must hold {message}" in found
    assert found.count(str(path)) == 1


@pytest.mark.parametrize(
    ("network", "arm", "message"),
    [
        (
            "text_cnn",
            'kind = "relevance"\nquestions = 10',
            "`task.mine.representation` must be 'tfidf' or 'hashed' with the arm "
            "'tried'",
        ),
        (
            "text_cnn",
            'kind = "importance"',
            "`network.kind` must be one of 'linear', 'mlp' with the arm 'tried'",
        ),
    ],
    ids=["compares ids of words", "takes ids of words away"],
)
def test_an_arm_that_needs_what_the_task_lacks_is_refused(
    tmp_path, network, arm, message
):
    tokens = 'representation = "tokens"'
    assert message in refusal(tmp_path, "docstrings", tokens, network, arm)


def test_a_pool_that_the_data_cannot_fill_is_named_as_the_study_names_it(tmp_path):
    found = refusal(
        tmp_path, more='[[axis]]\nfield = "task.pool"\nvalues = [40, 9000]\n'
    )
    assert found.endswith(
        "`task.mine.pool + task.mine.validation + task.mine.test` must be <= 1797 (the "
        "items of task 'digits'), got 9000 + 20 + 20 = 9040."
    )


def write_table(path: Path, encoding="utf-8", header="label,text") -> Path:
    words = ["café noir", "plain words", "other things", "nothing more"]
    rows = [f"{i % 2},{words[i % 4]} {'xyz'[i % 3] * 3}" for i in range(100)]
    path.write_bytes("\n".join([header, *rows]).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("latin-1", "column 'text': must be text in UTF-8, got byte 0xe9 in row 1"),
        (
            "utf-16-le",
            "must be text in UTF-8, got byte 0x00 at position 1, as in UTF-16",
        ),
    ],
)
def test_another_encoding_is_refused(tmp_path, encoding, message):
    path = write_table(tmp_path / "mine.csv", encoding)
    found = refusal(tmp_path, path, TEXT)
    assert message in found
    assert found.count(str(path)) == 1


@pytest.mark.parametrize(
    ("header", "field"), [("kind,text", "label"), ("label,words", "text")]
)
def test_a_missing_column_is_refused(tmp_path, header, field):
    path = write_table(tmp_path / "mine.csv", header=header)
    found = refusal(tmp_path, path, TEXT)
    assert f"`{field}_column` must be one of the columns" in found
    assert f"got '{field}'" in found


@pytest.mark.parametrize("kept_bytes", [0, 60])
def test_a_folder_with_a_broken_image_is_refused(tmp_path, kept_bytes):
    rng = np.random.default_rng(0)
    for number in range(100):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    found = refusal(tmp_path, tmp_path / "images")
    assert f"{path}: must be a whole image, got: " in found


def test_how_a_table_was_read_is_told_before_the_run(tmp_path):
    rows = "".join(f"{i % 7},5;{'yYn'[i % 3]}\n" for i in range(90))
    (tmp_path / "mine.csv").write_text("x;label\n" + rows)
    arm = 'kind = "random_share"'
    study = STUDY.format(source="mine.csv", task="", network="linear", arm=arm)
    file = tmp_path / "study.toml"
    file.write_text(study)
    result = CliRunner().invoke(
        app, ["run", str(file), "--dry-run"], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert "note: task 'mine': cells are separated by ';', not by ','." in told
    assert "note: task 'mine': numbers have a decimal comma." in told
    assert "note: task 'mine': the classes 'Y', 'y' differ only in case" in told
