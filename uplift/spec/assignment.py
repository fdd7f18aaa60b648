"""``assignment``: drawn by us within strata, or recorded by another system."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from uplift.spec.base import Section, not_built
from uplift.spec.fields import Share, Text, read_whole

_LATER = ("hash", "rerandomized", "pairs", "bandit", "observed")
HOLDOUT_SALT = "holdout"


def _method(value: object) -> object:
    if value in _LATER:
        what = f"method '{value}'"
        raise not_built(what)
    return value


class Holdout(Section):
    """A share kept out of every campaign that uses the same salt."""

    share: Share
    salt: Text = HOLDOUT_SALT


def _holdout_form(value: object) -> str:
    return "tag:full" if isinstance(value, (Mapping, Holdout)) else "tag:share"


_Holdout = Annotated[
    Annotated[Share, Tag("tag:share")] | Annotated[Holdout, Tag("tag:full")], Discriminator(_holdout_form)
]


class Assignment(Section):
    """How units come to their arms."""

    not_built: ClassVar[tuple[str, ...]] = (
        *("treated", "rule", "compare"),
        *("learn_from", "least_share", "forget_per_week", "fixed_batches"),
    )

    method: Annotated[Literal["blocked", "recorded"], BeforeValidator(_method)] = "blocked"
    seed: Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(read_whole)] | None = None
    holdout: _Holdout | None = None
    arm: Text | None = None
    """Column of units that holds the arm of a recorded trial."""

    _experiment_id: str = PrivateAttr(default="")

    def for_experiment(self, experiment_id: str) -> Assignment:
        """Return the same assignment that knows the id from which its default seed is made."""
        assignment = self.model_copy()
        assignment._experiment_id = experiment_id  # noqa: SLF001 - its own attribute, on its copy
        return assignment

    @property
    def seed_value(self) -> int:
        """The seed as written, else the first 32 bits of sha256 of the experiment's id."""
        if self.seed is not None:
            return self.seed
        return int(hashlib.sha256(self._experiment_id.encode()).hexdigest()[:8], 16)

    @property
    def holdout_share(self) -> Fraction:
        """Share kept out; 0 when none."""
        if isinstance(self.holdout, Holdout):
            return self.holdout.share
        return self.holdout or Fraction(0)

    @property
    def holdout_salt(self) -> str:
        """Salt of the holdout's hash, the same for a whole programme."""
        return self.holdout.salt if isinstance(self.holdout, Holdout) else HOLDOUT_SALT
