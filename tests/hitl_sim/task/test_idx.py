import gzip

import numpy as np
import pytest

from hitl_sim.task import load_task

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 6, 4), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.tobytes()


@pytest.fixture
def save(tmp_path):
    def write(images=None, labels=None, end="-ubyte.gz"):
        pack = gzip.compress if end.endswith(".gz") else bytes
        path = tmp_path / f"train-images-idx3{end}"
        path.write_bytes(pack(images or idx(IMAGES)))
        beside = tmp_path / f"train-labels-idx1{end}"
        beside.write_bytes(pack(labels or idx(LABELS)))
        return path

    return write


@pytest.mark.parametrize("end", ["-ubyte.gz", "-ubyte", ".ubyte"])
def test_images_find_their_labels_and_are_scaled(save, end):
    info, data = load_task(save(end=end))
    np.testing.assert_allclose(data.features, IMAGES.reshape(12, -1) / 255.0, rtol=1e-6)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert (info.name, info.kind, info.shape) == ("train", "image", (6, 4, 1))


def test_images_without_labels_beside_them_are_refused(save):
    path = save()
    (path.parent / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"got no file 'train-labels-idx1-ubyte.gz'"):
        load_task(path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"images": idx(IMAGES)[:-5]}, r"must hold 288 bytes .* got 283"),
        ({"images": idx(LABELS)}, "3 axes, got the first bytes '00 00 08 01'"),
        ({"labels": idx(LABELS[:9])}, "one label for each of 12 images, got 9"),
        ({"labels": idx(LABELS * 2)}, "none of class 1"),
    ],
)
def test_damaged_files_are_refused_by_path(save, files, message):
    with pytest.raises(ValueError, match=rf"train-.*{message}"):
        load_task(save(**files))


def test_a_file_that_is_no_gzip_is_refused(save):
    path = save()
    path.write_bytes(b"not packed")
    with pytest.raises(ValueError, match="must be readable, got: Not a gzipped file"):
        load_task(path)
