"""The lock: digests of what was settled before launch, and the check that it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from uplift.errors import LockError
from uplift.results import CheckResult
from uplift.results.codec import decode, digest, dump_canonical, load_json
from uplift.spec import ExperimentSpec, protocol

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE = "lock.json"
PROTOCOL = "protocol"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One link of the chain.

    Parameters
    ----------
    kind
        ``design`` for what a design wrote.
    part
        ``protocol``, or the file relative to the design's folder.
    n
        Units in the part; 0 where it has none.
    digest
        SHA-256 of its bytes (of the canonical JSON of the protocol).
    previous
        SHA-256 of the canonical JSON of the entry before; empty for the first.
    """

    kind: Literal["design", "append", "step", "erase"]
    part: str
    n: int
    digest: str
    previous: str


@dataclass(frozen=True, slots=True)
class Lock:
    """What was locked. It holds no clock time: the same design gives the same lock.

    Parameters
    ----------
    protocol
        The locked part of the spec as plain data.
    chain
        Digests, each entry holding the one before.
    """

    protocol: Mapping[str, object]
    chain: tuple[LockEntry, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the last entry, and so of everything before it."""
        return digest(dump_canonical(self.chain[-1]))

    def of(self, part: str) -> LockEntry:
        """Return the entry of a part."""
        return next(entry for entry in self.chain if entry.part == part)

    @classmethod
    def load(cls, folder: Path) -> Lock:
        """Read ``lock.json`` of a design's folder.

        Raises
        ------
        LockError
            When it is missing, or its entries do not hold each other.
        """
        path = folder / LOCK_FILE
        if not path.is_file():
            message = f"{path}: no such file; give the folder that 'uplift design' wrote, or design again"
            raise LockError(message)
        lock = decode(cls, load_json(path))
        if not lock.chain or [entry.previous for entry in lock.chain] != [*_links(lock.chain)]:
            message = f"{path}: the chain of digests is broken, so the file was edited; {_WAY_OUT}"
            raise LockError(message)
        return lock


_WAY_OUT = "restore the design folder as it was written, or design a new experiment"


def _links(chain: tuple[LockEntry, ...]) -> Iterator[str]:
    yield ""
    for entry in chain[:-1]:
        yield digest(dump_canonical(entry))


def seal(spec: ExperimentSpec, files: Mapping[str, bytes], *, units: Mapping[str, int]) -> Lock:
    """Lock the protocol of a spec and the files of its design.

    Parameters
    ----------
    spec
        The spec as designed.
    files
        File relative to the design's folder, and its bytes, in the order of the chain.
    units
        File to its number of units.

    Returns
    -------
    Lock
    """
    locked = protocol(spec)
    parts = {PROTOCOL: dump_canonical(locked), **files}
    chain: list[LockEntry] = []
    for part, data in parts.items():
        previous = digest(dump_canonical(chain[-1])) if chain else ""
        chain.append(LockEntry("design", part, units.get(part, 0), digest(data), previous))
    return Lock(locked, tuple(chain))


def verify_files(folder: Path, lock: Lock) -> None:
    """Hash the stored files and hold them against the lock; nothing is computed anew.

    Parameters
    ----------
    folder
        Of the design.
    lock
        Its lock.

    Raises
    ------
    LockError
        When a file is missing or was changed; names all of them.
    """
    wrong = []
    for entry in lock.chain:
        if entry.part == PROTOCOL:
            continue
        path = folder / entry.part
        if not path.is_file():
            wrong.append(f"{entry.part} is missing")
        elif digest(path.read_bytes()) != entry.digest:
            wrong.append(f"{entry.part} was changed")
    if wrong:
        message = f"{folder}: {'; '.join(wrong)} since the lock; {_WAY_OUT}"
        raise LockError(message)


def verify_lock(lock: Lock, spec: ExperimentSpec) -> CheckResult:
    """Hold the protocol of a spec against the lock.

    Data locations, roles that came later, titles, names and the budget's total are operations and
    may change.

    Parameters
    ----------
    lock
        Of the design.
    spec
        The spec to analyse by.

    Returns
    -------
    CheckResult
        ``lock``, ``pass``, with the digest.

    Raises
    ------
    LockError
        When the stored protocol was edited, or the spec's differs: says which keys, before and after.
    """
    if digest(dump_canonical(lock.protocol)) != lock.of(PROTOCOL).digest:
        message = f"{LOCK_FILE}: the stored protocol does not have its own digest, so it was edited; {_WAY_OUT}"
        raise LockError(message)
    now = protocol(spec)
    if dump_canonical(now) != dump_canonical(lock.protocol):
        changes = list(_changes(lock.protocol, now))
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        message = (
            f"the protocol changed after the lock: {'; '.join(changes[:_SHOWN])}{more}; "
            "write it back as it was, or design a new experiment"
        )
        raise LockError(message)
    return CheckResult("lock", "pass", facts={"digest": lock.digest, "n_parts": len(lock.chain)})


def _changes(before: object, after: object, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*map(str, before), *map(str, after)}):
            yield from _changes(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif _is_list(before, after):
        for n, (one, other) in enumerate(zip(before, after, strict=True)):  # type: ignore[call-overload]
            yield from _changes(one, other, f"{path}[{n}]")
    elif dump_canonical(before) != dump_canonical(after):
        yield f"{path} was {_shown(before)}, is {_shown(after)}"


def _is_list(before: object, after: object) -> bool:
    return isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after)


def _shown(value: object) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:117]}..."
