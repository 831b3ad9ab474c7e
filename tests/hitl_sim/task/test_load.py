import subprocess
import sys

import numpy as np
import pytest

from hitl_sim.task import load_task


@pytest.fixture(scope="module", params=["digits", "docstrings"])
def task(request):
    return load_task(request.param)


def test_the_host_facts_agree_with_the_arrays(task):
    info, data = task
    assert data.features.shape == (info.num_items, info.num_features)
    assert np.array_equal(np.unique(data.labels), np.arange(info.num_classes))
    assert len(info.class_names) == info.num_classes
    assert len(data.groups) == len(data.importance) == info.num_groups
    assert np.array_equal(np.sort(data.groups, axis=None), np.arange(info.num_features))
    types = [leaf.dtype.name for leaf in data]
    assert types == ["float32", "int32", "float32", "int32", "float32"]


def test_importance_is_standardised_and_says_where_it_comes_from(task):
    info, data = task
    assert data.importance.mean() == pytest.approx(0.0, abs=1e-4)
    assert data.importance.std() == pytest.approx(1.0, abs=1e-4)
    assert "trained on clean data" in info.importance_source


def test_loading_again_gives_the_same_content_hash(task):
    assert load_task(task[0].name)[0].content_hash == task[0].content_hash


def test_other_groups_are_other_content():
    hashes = {load_task("digits", num_groups=g)[0].content_hash for g in (4, 16)}
    assert len(hashes) == 2


def test_digits_are_images_of_ink_between_zero_and_one():
    info, data = load_task("digits")
    assert (info.num_items, info.num_features, info.num_classes) == (1797, 64, 10)
    assert (data.features.min(), data.features.max()) == (0.0, 1.0)
    assert data.groups.shape == (16, 4)


def test_important_patches_of_digits_lie_in_the_middle():
    info, data = load_task("digits")
    top = np.argsort(-data.importance)[:4]
    bottom = np.argsort(data.importance)[:4]
    assert all(
        "columns 2-3" in n or "columns 4-5" in n
        for n in (info.group_names[g] for g in top)
    )
    assert all(
        "columns 0-1" in n or "columns 6-7" in n
        for n in (info.group_names[g] for g in bottom)
    )


def test_loading_starts_no_backend():
    code = (
        "from hitl_sim.task import load_task\n"
        "from jax._src import xla_bridge\n"
        "load_task('digits')\n"
        "assert not xla_bridge.backends_are_initialized()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("source", ["digit", "mine.xlsx", ""])
def test_an_unknown_task_is_refused_with_the_choices(source):
    with pytest.raises(
        ValueError, match=f"'digits', 'docstrings', 'planted', .*'{source}'"
    ):
        load_task(source)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"existing file, got .*none\.csv"):
        load_task(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_column": "y"}, "`label_column` must be left out .* got 'y'"),
        ({"text_column": "t"}, "`text_column` must be left out .* got 't'"),
        ({"num_features": 0}, "`num_features` must be >= 1, got 0"),
        ({"num_groups": 0}, "`num_groups` must be >= 1, got 0"),
        ({"num_groups": 5}, "`num_groups` must be one of 1, 4, 16, 64"),
        ({"representation": "tokens"}, "`representation` must be left out .* 'tokens'"),
        ({"length": 9}, "`length` must be left out .* got 9"),
        ({"image_size": 9}, "`image_size` must be left out .* got 9"),
        ({"informative_groups": 2}, "`informative_groups` must be left out .* got 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_task("digits", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"representation": "bag"}, "one of 'tfidf', 'hashed', 'tokens', got 'bag'"),
        ({"length": 9}, "`length` must be left out unless .* 'tokens', got 9"),
        ({"representation": "tokens", "length": 0}, "`length` must be >= 1, got 0"),
    ],
)
def test_representations_of_text_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        load_task("docstrings", **options)


def test_a_table_without_text_has_no_representation(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("x,label\n1,0\n2,1\n")
    with pytest.raises(ValueError, match="left out without `text_column`"):
        load_task(path, representation="hashed")


def test_docstrings_as_tokens_are_the_sentences_in_order():
    info, data = load_task("docstrings", num_features=64, representation="tokens")
    assert (info.vocabulary, info.num_features, info.num_items) == (66, 32, 3600)
    assert info.num_groups == len(data.groups) == 32
    assert data.features.max() == 65
    # function words, left out of the weights, are the commonest here
    assert any("the" in name.split(", ") for name in info.group_names)


def test_items_of_a_source_that_never_changes_are_called_by_their_numbers(task):
    info, _ = task
    assert info.item_ids == tuple(str(row) for row in range(info.num_items))
