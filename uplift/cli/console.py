"""Data on standard output, words on standard error."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from uplift.cli.settings import Settings
from uplift.errors import UpliftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INTERRUPTED = 130
"""Exit code of Ctrl-C."""

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]


def settings_of(ctx: typer.Context) -> Settings:
    """Return the common options of this run."""
    return ctx.obj if isinstance(ctx.obj, Settings) else Settings()


def say(settings: Settings, words: str) -> None:
    """Write words for a person to standard error, unless they are not wanted."""
    if not settings.quiet:
        typer.echo(words, err=True)


def emit(settings: Settings, data: Mapping[str, Value]) -> None:
    """Write data to standard output: one JSON object, or a line ``key: value`` for each.

    Parameters
    ----------
    settings
        Says which form.
    data
        Names and values; lists and objects appear in JSON only.
    """
    if settings.as_json:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    for name, value in data.items():
        if value not in (None, "") and not isinstance(value, (list, dict)):
            typer.echo(f"{name}: {json.dumps(value) if isinstance(value, bool) else value}")


def has_terminal(settings: Settings) -> bool:
    """Whether standard error is a terminal that can redraw a line."""
    plain = os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain and not settings.quiet


def has_color(settings: Settings) -> bool:
    """Whether colours may be used: asked for, and neither ``NO_COLOR`` nor ``TERM=dumb`` is set."""
    return settings.color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def door(settings: Settings) -> Iterator[None]:
    """Turn errors that are meant for a user into words and their exit code.

    Raises
    ------
    typer.Exit
        With the code of the error, or 130 after Ctrl-C.
    """
    try:
        yield
    except UpliftError as error:
        if settings.verbose:
            traceback.print_exc()
        typer.echo(_words(error), err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("interrupted; files that were being written are as they were before", err=True)
        raise typer.Exit(INTERRUPTED) from error


def _words(error: UpliftError) -> str:
    """Return the message; problems of a spec carry their place and word ``error`` already."""
    text = str(error)
    return text if hasattr(error, "problems") else f"error: {text}"
