"""Loading the real data sets, where they lie beside the repository."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hitl_sim.task import load_task

DATA = Path(__file__).parents[4] / "shared" / "data"
FASHION = DATA / "fashion_mnist" / "t10k-images-idx3-ubyte.gz"
SPAM = DATA / "text_tasks" / "sms_spam.csv.gz"
CIFAR = DATA / "cifar10_test" / "cifar10_test_jpeg.npz"


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"no {path.name} here")


@needs(FASHION)
def test_fashion_mnist_as_it_ships_is_ten_classes_of_grey_images(tmp_path):
    # some thousand of them: the reference importance takes seconds for all
    small = tmp_path / FASHION.name
    images = gzip.decompress(FASHION.read_bytes())[: 16 + 1000 * 784]
    small.write_bytes(gzip.compress(images[:4] + b"\0\0\3\xe8" + images[8:]))
    labels = FASHION.with_name("t10k-labels-idx1-ubyte.gz")
    content = gzip.decompress(labels.read_bytes())[: 8 + 1000]
    packed = gzip.compress(content[:4] + b"\0\0\3\xe8" + content[8:])
    (tmp_path / labels.name).write_bytes(packed)
    info, data = load_task(small)
    assert (info.shape, info.num_classes, info.num_groups) == ((28, 28, 1), 10, 16)
    # dresses and trousers leave the corners empty: less ink than in the middle
    assert data.features.reshape(-1, 28, 28)[:, :3, :3].mean() < 0.05


@needs(SPAM)
@pytest.mark.parametrize("representation", ["tfidf", "hashed", "tokens"])
def test_spam_loads_in_every_representation(representation):
    info, data = load_task(
        SPAM, text_column="text", num_features=128, representation=representation
    )
    assert (info.num_items, info.class_names) == (5574, ("ham", "spam"))
    assert np.bincount(data.labels).tolist() == [4827, 747]
    assert info.vocabulary == (130 if representation == "tokens" else None)


@needs(CIFAR)
def test_cifar_images_in_folders_have_three_channels(tmp_path):
    archive = np.load(CIFAR)
    for i in range(40):
        name = str(archive["classes"][archive["labels"][i] % 2])
        (tmp_path / name).mkdir(exist_ok=True)
        start, end = archive["offsets"][i : i + 2]
        content = archive["jpeg"][start:end].tobytes()
        Image.open(io.BytesIO(content)).save(tmp_path / name / f"{i}.png")
    info, data = load_task(tmp_path, num_groups=16)
    assert info.shape == (32, 32, 3)
    assert 0.2 < data.features.mean() < 0.8
