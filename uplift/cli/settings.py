"""Options that every command takes, wherever on the line they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = frozenset({"--json", "--no-color", "--quiet", "-q", "--verbose", "-v"})
VALUED = frozenset({"--lang"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How a command speaks.

    Parameters
    ----------
    as_json
        Data as one JSON object instead of lines.
    language
        ``en`` or ``zh`` for reports and verdicts; None: the experiment's own.
    color
        Whether terminal colours are wanted.
    quiet
        No words but errors.
    verbose
        Tracebacks with errors.
    """

    as_json: bool = False
    language: str | None = None
    color: bool = True
    quiet: bool = False
    verbose: bool = False


def hoist(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the common options first, where the parser looks for them.

    Parameters
    ----------
    arguments
        The command line without the program; what stands after ``--`` is left alone.

    Returns
    -------
    list of str
    """
    common: list[str] = []
    own: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*common, *own, word, *rest]
        if word in FLAGS or word.partition("=")[0] in VALUED:
            common.append(word)
            if word in VALUED and rest:
                common.append(rest.pop(0))
        else:
            own.append(word)
    return [*common, *own]
