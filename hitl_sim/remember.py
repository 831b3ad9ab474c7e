"""Answers kept for objects that are passed around but cannot be hashed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The last answers, by the identity of what was asked about.

    The objects are kept with their answer, so that an identity is never another
    object's; they must not be changed afterwards.
    """

    def __init__(self, size: int) -> None:
        """Keep up to `size` answers; >= 1."""
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[tuple[object, ...], Answer]]
        self._kept = OrderedDict()

    def get(
        self,
        objects: tuple[object, ...],
        make: Callable[[], Answer],
        *values: Hashable,
    ) -> Answer:
        """Return the answer about some objects and values, made where it is not kept.

        Args:
            objects: compared by identity.
            make: makes the answer.
            values: compared by value.
        """
        key = (*map(id, objects), *values)
        if key not in self._kept:
            self._kept[key] = objects, make()
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return self._kept[key][1]
