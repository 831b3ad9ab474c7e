import importlib.util
import re
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hitl_sim.task import docstrings as docstring
from hitl_sim.task.docstrings import LIBRARIES, docstrings


@pytest.fixture(scope="module")
def loaded():
    """The task, and the sentences that went into its word weights."""
    texts = []
    weigh = docstring.represent

    def spy(candidates, *args, **options):
        texts.extend(candidates)
        return weigh(candidates, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docstring, "represent", spy)
        raw = docstrings()
    return raw, texts


@pytest.fixture
def raw(loaded):
    return loaded[0]


@pytest.fixture
def texts(loaded):
    return loaded[1]


def test_no_sentence_names_a_library(texts):
    names = re.compile(
        r"numpy|scipy|matplotlib|sklearn|scikit|pyplot|\bnp\b|\bplt\b", re.IGNORECASE
    )
    assert len(texts) == 4000
    assert [text for text in texts if names.search(text)] == []


def test_no_sentence_occurs_twice(texts):
    assert len({re.sub(r"[^a-z]+", " ", text.lower()) for text in texts}) == len(texts)


def test_every_library_has_equally_many_sentences(raw):
    assert np.bincount(raw.labels).tolist() == [900] * 4
    assert list(raw.class_names) == ["numpy", "scipy", "matplotlib", "scikit-learn"]


def test_every_sentence_holds_a_frequent_word_and_has_length_one(raw):
    np.testing.assert_allclose(np.linalg.norm(raw.features, axis=1), 1.0, atol=1e-5)


def test_the_median_sentence_has_size_one(raw):
    assert np.median(raw.size) == 1.0
    assert raw.size.min() > 0


def test_thirty_two_groups_hold_every_word_once(raw):
    assert raw.groups.shape == (32, 8)
    assert np.array_equal(np.sort(raw.groups, axis=None), np.arange(256))
    assert len(raw.group_names) == 32


def test_a_linear_model_learns_far_above_chance(raw):
    model = LogisticRegression(max_iter=500).fit(raw.features[:1000], raw.labels[:1000])
    accuracy = model.score(raw.features[1000:], raw.labels[1000:])
    assert 0.55 < accuracy < 0.9


def test_the_source_names_the_versions(raw):
    assert f"numpy {np.__version__}" in raw.source


def test_docstrings_of_classes_and_methods_are_read_and_inner_functions_are_not(
    tmp_path,
):
    path = tmp_path / "toy.py"
    path.write_text(
        '"""Module."""\nclass A:\n  """Class."""\n  def f(self):\n    """Method."""\n'
        '    def g():\n      """Inner."""\nasync def h():\n  """Async."""\nx = "text"\n'
    )
    found = list(docstring._docstrings(path))
    assert found == ["Module.", "Class.", "Method.", "Async."]


def test_sources_are_read_in_an_order_that_ignores_the_folder(tmp_path, monkeypatch):
    def order_in(root):
        for name in (
            "a/x.py",
            "b/y.py",
            "z.py",
            "tests/t.py",
            "test_z.py",
            "version.py",
        ):
            path = root / "toy" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (root / "toy" / "__init__.py").write_text("raise ImportError\n")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(root)
            importlib.invalidate_caches()
            found = docstring._source_files("toy")
        return [path.relative_to(root / "toy").as_posix() for path in found]

    first = order_in(tmp_path / "one")
    assert sorted(first) == ["__init__.py", "a/x.py", "b/y.py", "z.py"]
    assert order_in(tmp_path / "two") == first
    assert "toy" not in sys.modules


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(LIBRARIES, "no_such_library", "no-such-library")
    with pytest.raises(ValueError, match="'no-such-library' must be installed"):
        docstrings()
