"""The quickstart in plain NumPy: `python examples/any_loop/in_numpy.py [OUT]`."""

import itertools

import numpy as np
import problem
import protocol


class Learner:
    """One hidden layer, trained by Adam."""

    def __init__(self, seed):
        """Draw the weights as flax does: normal, of variance 1 / inputs."""
        rng = np.random.default_rng(seed)
        sizes = problem.FEATURES, problem.HIDDEN, problem.CLASSES
        self.weights = []
        for wide, narrow in itertools.pairwise(sizes):
            drawn = rng.normal(size=(wide, narrow)) / np.sqrt(wide)
            self.weights += [drawn, np.zeros(narrow)]
        self.adam = problem.Adam(problem.RATE)

    def forward(self, x):
        """Return the hidden layer and the logits."""
        first, shift, second, bias = self.weights
        hidden = np.maximum(x @ first + shift, 0.0)
        return hidden, hidden @ second + bias

    def step(self, x, y):
        """Take one step on a batch."""
        hidden, logits = self.forward(x)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        wrong = odds / odds.sum(axis=1, keepdims=True) - np.eye(problem.CLASSES)[y]
        wrong /= len(x)
        back = (wrong @ self.weights[2].T) * (hidden > 0.0)
        gradients = [x.T @ back, back.sum(axis=0), hidden.T @ wrong, wrong.sum(axis=0)]
        self.weights = self.adam.step(self.weights, gradients)
        return self.weights

    def accuracy(self, x, y):
        """Return the share of items that are named right."""
        return (self.forward(x)[1].argmax(axis=1) == y).mean()


if __name__ == "__main__":
    protocol.main("results/in_numpy", Learner)
