"""Where long work is, on standard error, once it has taken two seconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import TYPE_CHECKING

import typer

from uplift.cli.console import has_color, has_terminal
from uplift.cli.steps import name_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from uplift.cli.settings import Settings

PATIENCE = 2.0
"""Seconds of silence."""


@dataclass(slots=True)
class Meter:
    """Progress that stays silent for a while, then shows a bar, or lines where there is no terminal.

    Parameters
    ----------
    settings
        How the command speaks.
    """

    settings: Settings
    _step: str = ""
    _done: int = 0
    _total: int = 1
    _shown: bool = False
    _bar: Bar | None = None
    _task: TaskID | None = None
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take the step that begins, and how many of how many are done."""
        with self._lock:
            self._step, self._done, self._total = name_step(step), done, total
            if self._shown:
                self._draw()

    def show(self) -> None:
        """End the silence."""
        with self._lock:
            self._shown = True
            if has_terminal(self.settings):
                self._open()
            self._draw()

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            self._shown = False
            if self._bar is not None:
                self._bar.stop()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not has_color(self.settings), highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(self._step, total=self._total)
        self._bar.start()

    def _draw(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=self._step, completed=self._done, total=self._total)
        elif self._step:
            typer.echo(f"[{self._done}/{self._total}] {self._step}", err=True)


@contextmanager
def metered(settings: Settings, *, patience: float = PATIENCE) -> Iterator[Meter]:
    """Give a progress callback for the block.

    Parameters
    ----------
    settings
        How the command speaks; quiet keeps the meter silent.
    patience
        Seconds before anything is shown.
    """
    meter = Meter(settings)
    timer = Timer(patience, meter.show)
    timer.daemon = True
    if not settings.quiet:
        timer.start()
    try:
        yield meter
    finally:
        timer.cancel()
        meter.close()
