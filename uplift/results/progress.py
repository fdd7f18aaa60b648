"""How long work tells where it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called at each step of long work; what it does with that is the caller's business."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take the code of the step that begins, and how many of how many are done."""
        ...


def silent(step: str, done: int, total: int) -> None:
    """Ignore progress."""
    del step, done, total
