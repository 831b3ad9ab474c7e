"""The quickstart in PyTorch: `python examples/any_loop/in_torch.py [OUT]`."""

import problem
import protocol
import torch
from torch import nn


class Learner:
    """One hidden layer, trained by Adam."""

    def __init__(self, seed):
        """Draw the weights as flax does: normal, of variance 1 / inputs."""
        torch.manual_seed(seed)
        self.model = nn.Sequential(
            nn.Linear(problem.FEATURES, problem.HIDDEN),
            nn.ReLU(),
            nn.Linear(problem.HIDDEN, problem.CLASSES),
        )
        for layer in self.model[::2]:
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
            nn.init.zeros_(layer.bias)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=problem.RATE)

    def step(self, x, y):
        """Take one step on a batch."""
        self.optimiser.zero_grad()
        logits = self.model(torch.as_tensor(x, dtype=torch.float32))
        loss = nn.functional.cross_entropy(logits, torch.as_tensor(y))
        loss.backward()
        self.optimiser.step()
        return loss

    def accuracy(self, x, y):
        """Return the share of items that are named right."""
        with torch.no_grad():
            named = self.model(torch.as_tensor(x, dtype=torch.float32)).argmax(dim=1)
        return (named == torch.as_tensor(y)).float().mean()


if __name__ == "__main__":
    protocol.main("results/in_torch", Learner)
