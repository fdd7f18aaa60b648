"""Write what docs/reference.md and tests/golden/api.txt say of every public name; ``--check`` compares."""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uplift
from uplift import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference.md"
GOLDEN = ROOT / "tests" / "golden" / "api.txt"
START, END = "<!-- names: written by docs/render.py -->", "<!-- end of names -->"


def public_rooms() -> tuple[str, ...]:
    """Return the rooms that export names, in alphabetical order."""
    folders = sorted(path.parent.name for path in (ROOT / "uplift").glob("*/__init__.py"))
    return tuple(room for room in folders if hasattr(importlib.import_module(f"uplift.{room}"), "__all__"))


def public_names() -> Iterator[tuple[str, str, object]]:
    """Yield module, name and value of everything public: the package, its rooms, the errors."""
    for name in uplift.__all__:
        yield "uplift", name, getattr(uplift, name)
    for room in public_rooms():
        module = importlib.import_module(f"uplift.{room}")
        for name in sorted(module.__all__):
            yield f"uplift.{room}", name, getattr(module, name)
    for name, value in sorted(vars(errors).items()):
        if inspect.isclass(value) and value.__module__ == errors.__name__:
            yield "uplift.errors", name, value


def summary(value: object) -> str:
    """Return the first sentence of a name's docstring; of a plain value its kind."""
    if not (inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value)):
        return f"A constant ({type(value).__name__})."
    text = inspect.getdoc(value) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def signature(value: object) -> str:
    """Return how a name is called; empty for what cannot be."""
    if inspect.isclass(value) and hasattr(value, "model_fields"):
        return f"({', '.join(value.model_fields)})"
    if not (inspect.isclass(value) or inspect.isroutine(value)) or value in vars(errors).values():
        return ""
    return str(inspect.signature(value))


def names_section() -> str:
    """Return the tables of names, one per module."""
    lines, last = [START], ""
    for module, name, value in public_names():
        if module != last:
            lines += ["", f"### {module}", "", "| name | what |", "|---|---|"]
            last = module
        lines.append(f"| `{name}` | {summary(value)} |")
    return "\n".join([*lines, "", END])


def api_text() -> str:
    """Return every public name with its signature, and every public method of a class, one a line."""
    lines = []
    for module, name, value in public_names():
        lines.append(f"{module}.{name}{signature(value)}")
        if inspect.isclass(value) and value.__module__.startswith("uplift"):
            lines += [f"{module}.{name}.{line}" for line in _methods(value)]
    return "\n".join(lines) + "\n"


def _methods(kind: type) -> list[str]:
    found = []
    for name, member in vars(kind).items():
        inner = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        if not name.startswith("_") and inspect.isfunction(inner):
            found.append(f"{name}{signature(inner)}")
    return sorted(found)


def with_names(page: str) -> str:
    """Return the reference page with its section of names as it should be."""
    before, _, rest = page.partition(START)
    return before + names_section() + rest.partition(END)[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    given = parser.parse_args(arguments)
    wanted = {REFERENCE: with_names(REFERENCE.read_text(encoding="utf-8")), GOLDEN: api_text()}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'is not' if given.check else 'brought'} up to date")
        if not given.check:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if stale and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
