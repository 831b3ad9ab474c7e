import pickle

import numpy as np
import pytest

from hitl_sim.task import load_task

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(2.0, 3.0, size=(40, 4))
LABELS = np.arange(40) % 2


@pytest.fixture
def save(tmp_path):
    def write(**arrays):
        path = tmp_path / "mine.npz"
        np.savez(path, **{"features": FEATURES, "labels": LABELS, **arrays})
        return path

    return write


def refused(path, message, **options):
    with pytest.raises(ValueError, match=message) as caught:
        load_task(path, **options)
    assert "mine.npz" in str(caught.value)


def test_features_are_standardised_and_labels_kept(save):
    info, data = load_task(save())
    np.testing.assert_allclose(data.features.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(data.features.std(axis=0), 1.0, atol=1e-6)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert "standardised" in info.source
    assert (info.name, info.kind, info.num_groups) == ("mine", "table", 4)


def test_groups_names_and_size_of_the_file_are_used(save):
    info, data = load_task(
        save(
            groups=np.array([1, 0, 1, 0]),
            group_names=np.array(["even", "odd"]),
            size=np.repeat([2.0, 6.0, 4.0, 4.0], 10),
        )
    )
    assert data.groups.tolist() == [[1, 3], [0, 2]]
    assert info.group_names == ("even", "odd")
    np.testing.assert_allclose(data.size[[0, 10, 20]], [0.5, 1.5, 1.0])


def test_pickled_objects_are_refused_and_not_run(save, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = save(labels=np.array([Trap()] * 40, dtype=object))
    refused(path, "'labels': must be a plain array .* got pickled objects")
    assert not (tmp_path / "ran").exists()


def test_a_bare_pickle_named_npz_is_refused(tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(pickle.dumps({"features": FEATURES}))
    refused(path, "must be a .npz file of arrays")


def test_a_damaged_array_is_refused_by_name(save):
    path = save()
    content = bytearray(path.read_bytes())
    content[300:320] = b"\0" * 20
    path.write_bytes(bytes(content))
    refused(path, "array 'features': must be a plain array .* got unreadable bytes")


def test_a_feature_that_is_not_a_number_is_named_by_row_and_column(save):
    features = FEATURES.copy()
    features[17, 2] = np.nan
    refused(save(features=features), "got nan in row 18 .* column 'feature 2'")


def test_a_missing_and_an_unknown_array_are_named(save, tmp_path):
    refused(save(lables=LABELS), "got an unknown 'lables'")
    np.savez(tmp_path / "mine.npz", features=FEATURES)
    refused(tmp_path / "mine.npz", "got no 'labels'")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": LABELS * 2}, "none of class 1"),
        ({"labels": LABELS[:39]}, "one label for each of 40 items, got 39"),
        (
            {"features": FEATURES.astype(str)},
            "'features': must be numbers, got type <U",
        ),
        ({"features": FEATURES[0]}, r"\[items, features\]"),
        ({"groups": np.array([0, 0, 0, 1])}, "same number of features"),
        ({"group_names": np.array(["a"])}, "must be 4 strings"),
        ({"size": np.ones(39)}, "must be 40 numbers"),
        ({"size": np.zeros(40)}, "must be finite and > 0, got 0.0 in row 1"),
    ],
)
def test_arrays_that_make_no_task_are_refused(save, arrays, message):
    refused(save(**arrays), message)


def test_a_number_of_groups_beside_the_groups_of_the_file_is_refused(save):
    refused(save(groups=np.arange(4)), "`num_groups` must be left out", num_groups=2)


IMAGES = RNG.integers(0, 256, (40, 8, 6, 3), dtype=np.uint8)


@pytest.fixture
def save_as(tmp_path):
    def write(**arrays):
        path = tmp_path / "mine.npz"
        np.savez(path, **{"labels": LABELS, **arrays})
        return path

    return write


def test_images_keep_their_shape_and_lie_between_zero_and_one(save_as):
    info, data = load_task(save_as(images=IMAGES))
    assert (info.kind, info.shape, info.num_features) == ("image", (8, 6, 3), 144)
    np.testing.assert_allclose(
        data.features[3].reshape(8, 6, 3), IMAGES[3] / 255.0, rtol=1e-6
    )
    assert info.num_groups == 12


def test_images_without_channels_have_one(save_as):
    assert load_task(save_as(images=IMAGES[..., 0]))[0].shape == (8, 6, 1)


def test_images_of_one_content_and_another_shape_are_another_task(save_as):
    hashes = {
        load_task(save_as(images=IMAGES.reshape(40, *shape)))[0].content_hash
        for shape in ((8, 6, 3), (6, 8, 3))
    }
    assert len(hashes) == 2


def test_embeddings_are_standardised_and_said_to_be_made_before(save_as):
    info, data = load_task(save_as(embeddings=FEATURES.astype(np.float32)))
    np.testing.assert_allclose(data.features.std(axis=0), 1.0, atol=1e-5)
    assert info.kind == "embedding"
    assert "on no arm's bill" in info.source


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES / 255.0}, "'images': must be uint8 .* got float64"),
        ({"images": IMAGES[0, 0]}, r"'images': must be uint8 .* shape \(6, 3\)"),
        ({"images": IMAGES[:39]}, "one label for each of 39 images, got 40"),
        ({"images": IMAGES, "size": np.ones(40)}, "got an unknown 'size'"),
        ({"images": IMAGES, "features": FEATURES}, "both 'features' and 'images'"),
        ({"embeddings": IMAGES[:, 0, 0]}, "'embeddings': must be floats, got .* uint8"),
        ({"embeddings": np.full((40, 2), np.inf)}, "got inf .* column 'dimension 0'"),
    ],
)
def test_images_and_embeddings_that_make_no_task_are_refused(save_as, arrays, message):
    refused(save_as(**arrays), message)


def test_patches_that_do_not_fit_an_image_are_refused(save_as):
    message = r"one of 12, 48 for images of 8 x 6 pixels, got 16"
    with pytest.raises(ValueError, match=message):
        load_task(save_as(images=IMAGES), num_groups=16)


def test_an_array_of_ids_names_the_items(save):
    info, _ = load_task(save(item=np.array([f"i{k}" for k in range(40)])))
    assert info.item_ids[-1] == "i39"
    assert info.content_hash == load_task(save())[0].content_hash


def test_pictures_may_have_ids_too(tmp_path):
    pictures = RNG.integers(0, 256, (40, 4, 4)).astype(np.uint8)
    path = tmp_path / "mine.npz"
    np.savez(path, images=pictures, labels=LABELS, item=np.arange(40) + 7)
    assert load_task(path)[0].item_ids[0] == "7"


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (np.arange(39), "one id for each of 40 items, got 39"),
        (np.arange(40) // 2, "must name every item once, got '0' in rows 1 and 2"),
        (np.arange(40) / 2, "must be strings or whole numbers"),
    ],
)
def test_ids_that_do_not_fit_are_refused(save, ids, words):
    refused(save(item=ids), words)
