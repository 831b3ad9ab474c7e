"""Active learning by one tool, run after run; started by `active_learning.py`.

Reads `{"tool", "work", "seeds"}` line by line and answers with the seconds that the
runs took and their accuracies. One thread; every run draws its own split, as ours do.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import warnings

import numpy as np
from sklearn.datasets import load_digits

warnings.filterwarnings("ignore")

CLASSES = 10
STEPS, RATE, HIDDEN = 100, 1e-2, 128
CROWD = (0.6, 0.8, 0.95)
EM_STEPS = 20
POOL = 1200


def read_digits():
    """Digits as floats between 0 and 1, and their classes."""
    digits = load_digits()
    return (digits.data / 16.0).astype(np.float32), digits.target.astype(np.int64)


class Task:
    """One draw of the split, and people who answer about it."""

    def __init__(self, seed, sizes, data=None):
        """Shuffle items and classes, digits if not given, and cut them."""
        x, y = data or read_digits()
        self.rng, self.sizes = np.random.default_rng(seed), sizes
        self.classes = int(y.max()) + 1
        pool = sizes["pool"]
        held_out = sizes["validation"] + sizes["test"]
        order = self.rng.permutation(len(y))[: pool + held_out]
        x, y = x[order], y[order]
        self.x, self.y = x[:pool], y[:pool]
        self.test_x, self.test_y = x[pool:], y[pool:]

    def start(self):
        """Equally many items of each class."""
        per_class = self.sizes["start"] // self.classes
        return np.concatenate(
            [
                self.rng.choice(np.flatnonzero(self.y == k), per_class, replace=False)
                for k in range(self.classes)
            ]
        )

    def answers(self, items, accuracy=None):
        """Right with this probability, else one of the other classes."""
        accuracy = self.sizes["accuracy"] if accuracy is None else accuracy
        truth = self.y[items]
        wrong = (truth + self.rng.integers(1, self.classes, len(truth))) % self.classes
        return np.where(self.rng.random(len(truth)) < accuracy, truth, wrong)

    def crowd_answers(self, items):
        """One answer of each of three people, `[n, 3]`."""
        return np.stack([self.answers(items, one) for one in CROWD], axis=1)


def loop(task, fit, aggregate=None):
    """The plain loop of a skilled user: an array of items, one of labels."""
    items = task.start()
    labels = task.y[items]
    gold, votes = labels, np.empty((0, len(CROWD)), np.int64)
    is_free = np.ones(len(task.y), bool)
    is_free[items] = False
    curve = []
    rounds, questions = task.sizes["rounds"], task.sizes["questions"]
    for number in range(rounds + 1):
        if aggregate is not None and len(votes):
            labels = np.concatenate([gold, aggregate(votes)])
        predict = fit(task.rng, task.x[items], labels)
        curve.append((predict(task.test_x).argmax(axis=1) == task.test_y).mean())
        if number == rounds:
            break
        free = np.flatnonzero(is_free)
        p = predict(task.x[free])
        entropy = -(p * np.log(p + 1e-12)).sum(axis=1)
        asked = free[np.argpartition(-entropy, questions)[:questions]]
        is_free[asked] = False
        items = np.concatenate([items, asked])
        if aggregate is None:
            labels = np.concatenate([labels, task.answers(asked)])
        else:
            votes = np.concatenate([votes, task.crowd_answers(asked)])
    return curve


def softmax(z):
    """Turn logits into probabilities, in place."""
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def fit_network(rng, x, y):
    """Full-batch Adam on 64-128-10 by hand: one flat vector, updated in place."""
    shapes = [(x.shape[1], HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    params, grads = np.zeros(ends[-1], np.float32), np.empty(ends[-1], np.float32)
    first, second = np.zeros_like(params), np.zeros_like(params)

    def parts(flat):
        pieces = np.split(flat, ends[:-1])
        return [p.reshape(shape) for p, shape in zip(pieces, shapes, strict=True)]

    w1, b1, w2, b2 = parts(params)
    g_w1, g_b1, g_w2, g_b2 = parts(grads)
    for w in (w1, w2):
        bound = np.sqrt(6.0 / sum(w.shape))
        w[:] = rng.uniform(-bound, bound, w.shape)
    rows = np.arange(len(y))
    for step in range(1, STEPS + 1):
        h = x @ w1
        h += b1
        np.maximum(h, 0.0, out=h)
        d = h @ w2
        d += b2
        softmax(d)
        d[rows, y] -= 1.0
        d /= len(y)
        np.matmul(h.T, d, out=g_w2)
        d.sum(axis=0, out=g_b2)
        back = d @ w2.T
        back *= h > 0
        np.matmul(x.T, back, out=g_w1)
        back.sum(axis=0, out=g_b1)
        first *= 0.9
        first += 0.1 * grads
        second *= 0.999
        second += 0.001 * (grads * grads)
        rate = RATE * np.sqrt(1.0 - 0.999**step) / (1.0 - 0.9**step)
        params -= rate * first / (np.sqrt(second) + 1e-8)
    return lambda items: softmax(np.maximum(items @ w1 + b1, 0.0) @ w2 + b2)


def fit_regression(rng, x, y):
    """Multinomial logistic regression by L-BFGS on a loss written by hand."""
    from scipy.optimize import minimize

    del rng
    x = np.hstack([x, np.ones((len(x), 1))]).astype(np.float64)
    target = np.eye(CLASSES)[y]

    def loss(flat):
        w = flat.reshape(-1, CLASSES)
        z = x @ w
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        value = np.log(total).sum() - (z * target).sum() + 0.5 * (w[:-1] ** 2).sum()
        gradient = x.T @ (e / total - target)
        gradient[:-1] += w[:-1]
        return value, gradient.ravel()

    options = {"maxiter": 100, "gtol": 1e-4}
    start = np.zeros(x.shape[1] * CLASSES)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    w = found.x.reshape(-1, CLASSES)
    return lambda items: softmax(items @ w[:-1] + w[-1])


def sklearn_network(seed, batch):
    """Exactly `STEPS` full-batch steps of Adam."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (HIDDEN,),
        solver="adam",
        learning_rate_init=RATE,
        batch_size=batch,
        max_iter=STEPS,
        n_iter_no_change=10**6,
        tol=0.0,
        alpha=0.0,
        shuffle=False,
        random_state=seed,
    )


def dawid_skene(votes):
    """EM on a dense matrix of answers."""
    hot = (votes[:, :, None] == np.arange(CLASSES)).astype(np.float64)
    belief = hot.mean(axis=1)
    for _ in range(EM_STEPS):
        errors = np.einsum("nk,nal->akl", belief, hot) + 1e-2
        errors /= errors.sum(axis=2, keepdims=True)
        evidence = np.einsum("nal,akl->nk", hot, np.log(errors))
        belief = softmax(evidence + np.log(belief.mean(axis=0) + 1e-12))
    return belief.argmax(axis=1)


def crowdkit(votes):
    """The same by crowd-kit."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    n, people = votes.shape
    frame = pd.DataFrame(
        {
            "task": np.repeat(np.arange(n), people),
            "worker": np.tile(np.arange(people), n),
            "label": votes.ravel(),
        }
    )
    found = DawidSkene(n_iter=EM_STEPS, tol=0.0).fit_predict(frame)
    return found.sort_index().to_numpy()


def numpy_loop(task, work):
    """By hand."""
    fit = fit_network if work == "network" else fit_regression
    return loop(task, fit, dawid_skene if work == "crowd" else None)


def crowdkit_loop(task, work):
    """scikit-learn's regression, and crowd-kit for the answers."""
    from sklearn.linear_model import LogisticRegression

    del work

    def fit(rng, x, y):
        del rng
        return LogisticRegression(max_iter=100).fit(x, y).predict_proba

    return loop(task, fit, crowdkit)


def activeml(task, classifier, fit_clf, seed):
    """As scikit-activeml's documentation writes it; `fit_clf=False` saves one fit."""
    from skactiveml.pool import UncertaintySampling
    from skactiveml.utils import MISSING_LABEL

    labels = np.full(len(task.y), MISSING_LABEL)
    start = task.start()
    labels[start] = task.y[start]
    strategy = UncertaintySampling(method="entropy", random_state=seed)
    classifier.fit(task.x, labels)
    curve = [classifier.score(task.test_x, task.test_y)]
    for _ in range(task.sizes["rounds"]):
        asked = strategy.query(
            X=task.x,
            y=labels,
            clf=classifier,
            batch_size=task.sizes["questions"],
            fit_clf=fit_clf,
        )
        labels[asked] = task.answers(asked)
        classifier.fit(task.x, labels)
        curve.append(classifier.score(task.test_x, task.test_y))
    return curve


def activeml_sklearn(task, work, fit_clf=True):
    """With scikit-learn's own network or regression."""
    from skactiveml.classifier import SklearnClassifier
    from sklearn.linear_model import LogisticRegression

    model, seed = LogisticRegression(max_iter=100), draw_seed(task)
    if work == "network":
        model = sklearn_network(seed, POOL)
    classifier = SklearnClassifier(model, classes=range(CLASSES), random_state=seed)
    return activeml(task, classifier, fit_clf, seed)


def draw_seed(task):
    """Draw a seed of the run for a library that wants one."""
    return int(task.rng.integers(2**31))


def activeml_once(task, work):
    """The same without the second fit."""
    return activeml_sklearn(task, work, fit_clf=False)


def activeml_skorch(task, work):
    """With a torch network through skorch, its weights drawn as everybody's are."""
    import torch
    from skactiveml.classifier import SkorchClassifier

    del work
    seed = draw_seed(task)
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    parameters = {
        "optimizer": torch.optim.Adam,
        "lr": RATE,
        "max_epochs": STEPS,
        "batch_size": -1,
        "train_split": None,
        "verbose": 0,
    }
    classifier = SkorchClassifier(
        module=torch_network,
        criterion=torch.nn.CrossEntropyLoss,
        classes=list(range(CLASSES)),
        missing_label=np.nan,
        random_state=seed,
        neural_net_param_dict=parameters,
    )
    return activeml(task, classifier, fit_clf=False, seed=seed)


def torch_network():
    """Dense layers that start Glorot-uniform, biases at zero."""
    from torch import nn

    network = nn.Sequential(
        nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
    )
    for layer in (network[0], network[2]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return network


TOOLS = {
    "numpy by hand": numpy_loop,
    "scikit-activeml + skorch": activeml_skorch,
    "scikit-activeml + scikit-learn": activeml_sklearn,
    "scikit-activeml + scikit-learn, one fit": activeml_once,
    "scikit-learn + crowd-kit": crowdkit_loop,
}


def answer_jobs(tools, read=lambda _: None):
    """Answer jobs until the pipe is closed; `read` returns the data of a job's file."""
    data = None
    for line in sys.stdin:
        job = json.loads(line)
        try:
            data = data or read(job["data"])
            begin = time.perf_counter()
            curves = [
                tools[job["tool"]](Task(seed, job["sizes"], data), job["work"])
                for seed in job["seeds"]
            ]
            answer = {"seconds": time.perf_counter() - begin, "curves": curves}
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer, default=float), flush=True)


if __name__ == "__main__":
    answer_jobs(TOOLS)
