"""A design: plan, assignment and past, with their files and their lock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from uplift.data.files import read_parquet, write_parquet
from uplift.design.assignment import Assignment
from uplift.design.lock import LOCK_FILE, Lock, seal, verify_files, verify_lock
from uplift.design.plan import Plan
from uplift.errors import LockError
from uplift.results import CheckResult, DesignSummary
from uplift.results.codec import decode, dump_canonical, load_json
from uplift.results.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.data import Columns
    from uplift.spec import ExperimentSpec

PLAN_FILE = "plan.json"
ASSIGNMENT_FILE = "assignment/part-000.parquet"
PAST_FILE = "past.parquet"
SUMMARY_FILE = "design.json"
SPEC_FILE = "spec.yaml"


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What was settled and drawn before launch.

    Parameters
    ----------
    plan
        The spec as resolved.
    assignment
        Who was drawn into which arm; sorted by unit id.
    past
        Per assigned unit, in the same order: levels of the axes, flags ``segment:<id>``, covariates, and
        what the residual model needs from before the window.
    summary
        What the design page prints.
    lock
        Digests; None where another system drew.
    spec_text
        The spec as written.
    files
        Locked files by name; empty for a design that was read from its folder.
    """

    plan: Plan
    assignment: Assignment
    past: Columns
    summary: DesignSummary
    lock: Lock | None
    spec_text: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def locked(self) -> bool:
        """Whether the design has a lock."""
        return self.lock is not None

    @property
    def lock_digest(self) -> str:
        """Digest of the lock, empty without one."""
        return "" if self.lock is None else self.lock.digest

    @property
    def assignment_digest(self) -> str:
        """SHA-256 of the assignment file, empty without a lock."""
        return "" if self.lock is None else self.lock.of(ASSIGNMENT_FILE).digest

    def verify(self, spec: ExperimentSpec) -> CheckResult:
        """Hold the protocol of a spec against the lock; files were verified when they were read.

        Parameters
        ----------
        spec
            The spec to analyse by.

        Returns
        -------
        CheckResult
            ``lock``: pass with the digest, or warn where another system drew and there is no lock.

        Raises
        ------
        LockError
            When the protocol changed: says which keys, before and after.
        """
        if self.lock is None:
            return CheckResult("lock", "warn", facts={"scheme": self.plan.scheme})
        return verify_lock(self.lock, spec)

    def save(self, folder: Path | str) -> Path:
        """Write the design into a folder; the lock comes last.

        Parameters
        ----------
        folder
            Made when it is not there. A folder that holds another design is refused: a part is
            never rewritten.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        LockError
            When the folder holds another design.
        DataError
            When it cannot be written.
        """
        home = Path(folder)
        if (home / LOCK_FILE).exists() and Lock.load(home).digest != self.lock_digest:
            message = f"{home}: holds another locked design, which is never rewritten; choose another folder for --out"
            raise LockError(message)
        files = self.files or design_files(self.plan, self.assignment, self.past)
        for name, data in files.items():
            write_atomic(home / name, data)
        write_atomic(home / SPEC_FILE, self.spec_text.encode())
        write_atomic(home / SUMMARY_FILE, dump_canonical(self.summary))
        if self.lock is not None:
            write_atomic(home / LOCK_FILE, dump_canonical(self.lock))
        return home

    @classmethod
    def load(cls, folder: Path | str) -> Design:
        """Read a design and hold its files against its lock.

        Parameters
        ----------
        folder
            That :meth:`save` wrote.

        Returns
        -------
        Design

        Raises
        ------
        LockError
            When the lock or a locked file is missing or was changed.
        DataError
            When a file cannot be read.
        """
        home = Path(folder)
        lock = None if _is_recorded(home) else Lock.load(home)
        if lock is not None:
            verify_files(home, lock)
        plan = Plan.load(home / PLAN_FILE)
        drawn = read_parquet(home / ASSIGNMENT_FILE)
        strata, arms = [stratum.id for stratum in plan.strata], [arm.id for arm in plan.arms]
        return cls(
            plan=plan,
            assignment=Assignment.from_values(drawn.unit_id, drawn.values, strata=strata, arms=arms),
            past=read_parquet(home / PAST_FILE),
            summary=decode(DesignSummary, load_json(home / SUMMARY_FILE)),
            lock=lock,
            spec_text=(home / SPEC_FILE).read_text(encoding="utf-8"),
        )


def _is_recorded(home: Path) -> bool:
    if (home / LOCK_FILE).exists() or not (home / PLAN_FILE).exists():
        return False
    return load_json(home / PLAN_FILE).get("scheme") == "recorded"


def design_files(plan: Plan, assignment: Assignment, past: Columns) -> dict[str, bytes]:
    """Return the files that a lock covers, by name, in the order of its chain.

    Parameters
    ----------
    plan, assignment, past
        Of the design.

    Returns
    -------
    dict
        The same bytes for the same values.
    """
    from uplift.data import Columns

    drawn = Columns(assignment.unit_id, assignment.to_values())
    return {
        PLAN_FILE: dump_canonical(plan),
        ASSIGNMENT_FILE: _parquet(drawn),
        PAST_FILE: _parquet(past),
    }


def _parquet(columns: Columns) -> bytes:
    with tempfile.TemporaryDirectory(prefix="uplift-") as folder:
        path = Path(folder) / "part.parquet"
        write_parquet(columns, path)
        return path.read_bytes()


def lock_files(spec: ExperimentSpec, files: Mapping[str, bytes], assignment: Assignment) -> Lock:
    """Return the lock of a spec and the files of its design."""
    n_units = len(assignment)
    return seal(spec, files, units={ASSIGNMENT_FILE: n_units, PAST_FILE: n_units})
