"""Active learning on pictures and sentences by one tool; started as `active_worker.py`.

The same networks as ours: two convolutions of stride 2, or one block of self-attention
that normalises first. Each round trains from scratch, on items drawn at random.
"""

import functools
import os

# one thread for XLA, which takes as many as this says
os.environ["NPROC"] = "1"

import numpy as np
from active_worker import answer_jobs, draw_seed, loop

STEPS, BATCH, RATE = 200, 64, 1e-3
CHANNELS, SIDE = (16, 32), 28
WIDTH, HEADS = 32, 4


def read(path):
    """Features and classes of every item; words are numbered."""
    with np.load(path) as arrays:
        is_text = int(arrays["vocabulary"]) > 0
        features = arrays["features"].astype(np.int64 if is_text else np.float32)
        return features, arrays["labels"].astype(np.int64)


def batches(rng, num):
    """Draw the items of every step."""
    return rng.integers(0, num, (STEPS, BATCH))


@functools.cache
def torch_network(work, shape, classes, is_compiled):
    """Build a network in torch once; every fit draws its weights anew."""
    import torch
    from torch import nn

    torch.set_num_threads(1)

    class Sentences(nn.Module):
        """Vectors of words and places, one block, and the mean over words."""

        def __init__(self):
            super().__init__()
            vocabulary, length = shape
            self.words = nn.Embedding(vocabulary, WIDTH)
            self.places = nn.Parameter(torch.empty(length, WIDTH))
            self.block = nn.TransformerEncoderLayer(
                WIDTH, HEADS, 4 * WIDTH, 0.0, batch_first=True, norm_first=True
            )
            self.last = nn.LayerNorm(WIDTH)
            self.head = nn.Linear(WIDTH, classes)

        def forward(self, ids):
            is_there = ids != 0
            h = self.words(ids) * is_there[..., None] + self.places
            h = self.last(self.block(h, src_key_padding_mask=~is_there))
            weight = is_there[..., None].to(h.dtype)
            return self.head((h * weight).sum(1) / weight.sum(1).clamp(min=1.0))

    class Pictures(nn.Module):
        """Two convolutions and a dense layer."""

        def __init__(self):
            super().__init__()
            first, second = CHANNELS
            self.layers = nn.Sequential(
                nn.Conv2d(1, first, 3, stride=2, padding=1),
                nn.ReLU(),
                nn.Conv2d(first, second, 3, stride=2, padding=1),
                nn.ReLU(),
                nn.Flatten(),
                nn.Linear(second * (SIDE // 4) ** 2, classes),
            )

        def forward(self, x):
            return self.layers(x.reshape(-1, 1, SIDE, SIDE))

    network = Pictures() if work == "pictures" else Sentences()
    called = torch.compile(network, dynamic=False) if is_compiled else network
    return network, called


def start_torch(network):
    """Draw weights: He-normal filters, Glorot-uniform matrices, words as ours."""
    from torch import nn

    for name, weight in network.named_parameters():
        if weight.ndim == 4:
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
        elif "words" in name or "places" in name:
            nn.init.normal_(weight, std=WIDTH**-0.5)
        elif weight.ndim == 2:
            nn.init.xavier_uniform_(weight)
        else:
            nn.init.constant_(weight, float("norm" in name or "last" in name))
            if name.endswith("bias"):
                nn.init.zeros_(weight)


def by_torch(task, work, is_compiled=False):
    """A plain torch loop with its fused Adam."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(draw_seed(task))
    shape = (int(task.x.max()) + 1, task.x.shape[1])
    network, called = torch_network(work, shape, task.classes, is_compiled)

    def fit(rng, x, y):
        start_torch(network)
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        optimiser = torch.optim.Adam(network.parameters(), RATE, fused=True)
        network.train()
        for rows in torch.from_numpy(batches(rng, len(y))):
            optimiser.zero_grad(set_to_none=True)
            cross_entropy(called(x[rows]), y[rows]).backward()
            optimiser.step()
        network.eval()

        @torch.no_grad()
        def predict(items):
            return network(torch.from_numpy(items)).softmax(dim=1).numpy()

        return predict

    return loop(task, fit)


@functools.cache
def flax_network(work, shape, classes):
    """Build a network in flax once, with one compiled step and one prediction."""
    import jax
    import jax.numpy as jnp
    import optax
    from flax import linen as nn

    class Pictures(nn.Module):
        """Two convolutions and a dense layer."""

        @nn.compact
        def __call__(self, x):
            h = x.reshape(-1, SIDE, SIDE, 1)
            for channels in CHANNELS:
                start = nn.initializers.he_normal()
                h = nn.relu(nn.Conv(channels, (3, 3), (2, 2), kernel_init=start)(h))
            start = nn.initializers.glorot_uniform()
            return nn.Dense(classes, kernel_init=start)(h.reshape(len(h), -1))

    class Sentences(nn.Module):
        """Vectors of words and places, one block, and the mean over words."""

        @nn.compact
        def __call__(self, ids):
            vocabulary, length = shape
            is_there = ids != 0
            draw = nn.initializers.normal(WIDTH**-0.5)
            words = nn.Embed(vocabulary, WIDTH, embedding_init=draw)(ids)
            places = self.param("places", draw, (length, WIDTH))
            h = words * is_there[..., None] + places
            mask = is_there[:, None, None, :]
            h += nn.MultiHeadDotProductAttention(HEADS)(nn.LayerNorm()(h), mask=mask)
            rise = nn.relu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(h)))
            h = nn.LayerNorm()(h + nn.Dense(WIDTH)(rise))
            weight = is_there[..., None].astype(h.dtype)
            total = (h * weight).sum(1)
            return nn.Dense(classes)(total / jnp.maximum(weight.sum(1), 1.0))

    network = Pictures() if work == "pictures" else Sentences()
    optimiser = optax.adam(RATE)

    @jax.jit
    def begin(key, x):
        params = network.init(key, x)
        return params, optimiser.init(params)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, state, x, y):
        def loss(params):
            logits = network.apply(params, x)
            return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

        change, state = optimiser.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, change), state

    @jax.jit
    def predict(params, x):
        return jax.nn.softmax(network.apply(params, x))

    return begin, step, predict


def by_flax(task, work):
    """A plain loop over a compiled step, as flax's documentation writes it."""
    import jax

    shape = (int(task.x.max()) + 1, task.x.shape[1])
    begin, step, predict = flax_network(work, shape, task.classes)
    # one shape of prediction for all rounds, or each would be compiled
    size = len(task.test_y)

    def fit(rng, x, y):
        params, state = begin(jax.random.key(draw_seed(task)), x[:BATCH])
        for rows in batches(rng, len(y)):
            params, state = step(params, state, x[rows], y[rows])

        def predicted(items):
            parts = []
            for i in range(0, len(items), size):
                part = items[i : i + size]
                blank = np.zeros((size - len(part), *part.shape[1:]), part.dtype)
                parts.append(
                    predict(params, np.concatenate([part, blank]))[: len(part)]
                )
            return np.concatenate(parts)

        return predicted

    return loop(task, fit)


TOOLS = {
    "torch": by_torch,
    "torch, compiled": functools.partial(by_torch, is_compiled=True),
    "flax by hand": by_flax,
}


if __name__ == "__main__":
    answer_jobs(TOOLS, read)
