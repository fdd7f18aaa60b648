"""The same work on each of many items, on a few threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads: None is 1, -1 all processors, -2 all but one.

    Raises
    ------
    EstimationError
        When ``n_jobs`` is 0.
    """
    if n_jobs == 0:
        message = "n_jobs == 0, must be a number of threads, or -1 for all processors"
        raise EstimationError(message)
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max((os.cpu_count() or 1) + 1 + n_jobs, 1)


def run_all(
    work: Callable[[Item], Answer],
    items: Sequence[Item],
    *,
    n_jobs: int,
    after: Callable[[int], None] | None = None,
) -> list[Answer]:
    """Return the answers in the order of the items; ``after`` is told how many are done, from the calling thread."""
    if n_jobs == 1 or len(items) < 2:
        return [_tell(work(item), after, number) for number, item in enumerate(items, start=1)]
    pool = ThreadPoolExecutor(n_jobs)
    try:
        return [_tell(answer, after, number) for number, answer in enumerate(pool.map(work, items), start=1)]
    finally:
        pool.shutdown(cancel_futures=True)


def _tell(answer: Answer, after: Callable[[int], None] | None, number: int) -> Answer:
    if after is not None:
        after(number)
    return answer
