"""Waiting until outputs are really computed, whatever library computes them.

Programs on an accelerator return before they finish; what is timed without waiting for
their outputs is how long it takes to ask for them.
"""

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Tree = TypeVar("Tree")


def wait_on(outputs: Tree) -> Tree:
    """Wait for arrays of JAX and tensors of PyTorch, and return the outputs.

    Args:
        outputs: arrays, or lists, tuples, mappings and dataclasses of them; anything
            else, such as a number, is there already.
    """
    jax = sys.modules.get("jax")
    if jax is not None and hasattr(jax, "block_until_ready"):
        jax.block_until_ready(outputs)
        jax.effects_barrier()
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "Tensor"):
        _wait_on_torch(torch, outputs)
    return outputs


def _wait_on_torch(torch: Any, outputs: object) -> None:
    """Wait for all that was asked of each device that holds a tensor."""
    seen = {}
    for leaf in _leaves(outputs):
        if isinstance(leaf, torch.Tensor):
            seen[str(leaf.device)] = leaf.device
    for device in seen.values():
        backend = getattr(torch, device.type, None)
        wait = getattr(backend, "synchronize", None)
        if device.type != "cpu" and wait is not None:
            # MPS has one device and takes no argument
            wait() if device.type == "mps" else wait(device)


def _leaves(tree: object) -> Iterator[object]:
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from _leaves(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _leaves(value)
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        for field in dataclasses.fields(tree):
            yield from _leaves(getattr(tree, field.name))
    else:
        yield tree
