"""The table of what was found: which tasks it shows, and that README has it."""

from types import SimpleNamespace

import found
import pytest


def task(name, **settings):
    own = {f"task.{key}": value for key, value in settings.items()}
    return SimpleNamespace(task=name, control=SimpleNamespace(settings=own))


def study(*tasks):
    table = {"irrelevant": 0.5, "duplicate": 0.1, "wrong_label": 0.0}
    return SimpleNamespace(
        tasks=tasks, study={"task": {one.task: table for one in tasks}}
    )


def test_a_task_is_shown_as_it_was_collected_and_as_corrupted_as_can_be():
    own = [task("digits", irrelevant=share, duplicate=0.0) for share in (0.3, 0.0, 0.5)]
    judged = task("digits", irrelevant=0.5, validation_by="typical")
    other = task("texts")
    shown = list(found.shown(study(*own, judged, other)))
    assert [(one.task, share) for one, share in shown] == [
        ("digits", 0.0),
        ("digits", 0.5),
        ("texts", pytest.approx(0.6)),
    ]


def test_the_readme_has_a_row_of_every_study():
    readme = found.README.read_text(encoding="utf-8")
    table = readme.partition(found.BEGIN)[2].partition(found.END)[0]
    for name in found.STUDIES:
        assert f"[{name}](experiments/{name}.md)" in table
        assert (found.HERE / f"{name}.toml").exists()
