"""The whole spec: what was written, and by properties what it comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from uplift.spec.arms import Arm, Contrast
from uplift.spec.assignment import Assignment
from uplift.spec.audience import DEFAULT_STRATA, Eligible, Segment, Strata
from uplift.spec.base import Section, not_built
from uplift.spec.budget import Budget
from uplift.spec.calendar import Calendar
from uplift.spec.campaign import Campaign, all_codes
from uplift.spec.condition import All, Among
from uplift.spec.experiment import Experiment
from uplift.spec.fields import Id
from uplift.spec.outcomes import Outcomes
from uplift.spec.source import SourceMap
from uplift.spec.tables import Data


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a spec came from; it never makes two specs unequal."""

    source: SourceMap = field(default_factory=SourceMap, compare=False)
    base_dir: Path = field(default_factory=Path, compare=False)
    text: str = field(default="", compare=False)


def _engine(value: object) -> object:
    name = next(iter(value), "") if isinstance(value, Mapping) else value
    if name in {"spark", "postgres"}:
        what = f"engine '{name}'"
        raise not_built(what)
    return value


class ExperimentSpec(Section):
    """A spec that has the right shape; attributes are named as the keys of the file."""

    not_built: ClassVar[tuple[str, ...]] = (
        "labels",
        "privacy",
        "analysis",
        "enrol",
        "buckets",
        "caps",
        "capacity",
    )

    version: Literal[1]
    experiment: Experiment
    campaign: Campaign = Campaign()
    engine: Annotated[Literal["duckdb"], BeforeValidator(_engine)] = "duckdb"
    data: Data
    eligible: Eligible = Eligible()
    strata: Strata = Strata()
    """As written; when omitted, lifecycle by value tier if there are orders, else one stratum."""
    segments: Mapping[Id, Segment] = {}
    arms: Annotated[tuple[Arm, ...], Field(min_length=2)]
    contrasts: tuple[Contrast, ...] = ()
    assignment: Assignment = Assignment()
    outcomes: Outcomes = Outcomes()
    calendar: Calendar = Calendar()
    budget: Budget = Budget()

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @model_validator(mode="before")
    @classmethod
    def _default_strata(cls, value: object) -> object:
        if not isinstance(value, Mapping) or "strata" in value:
            return value
        data = value.get("data")
        has_orders = isinstance(data, Mapping) and data.get("orders") is not None
        return {**value, "strata": DEFAULT_STRATA} if has_orders else value

    def model_post_init(self, context: object, /) -> None:
        """Tell the assignment the experiment's id, from which the seed is made when none is given."""
        super().model_post_init(context)
        object.__setattr__(self, "assignment", self.assignment.for_experiment(self.experiment.id))

    def with_origin(self, origin: Origin) -> ExperimentSpec:
        """Return the same spec that knows where it came from."""
        spec = self.model_copy()
        spec._origin = origin  # noqa: SLF001 - its own attribute, on its copy
        return spec

    @property
    def source(self) -> SourceMap:
        """Places in the file, for errors of later rooms."""
        return self._origin.source

    @property
    def base_dir(self) -> Path:
        """Folder to which table paths are relative."""
        return self._origin.base_dir

    @property
    def text(self) -> str:
        """The spec as written."""
        return self._origin.text

    @property
    def zone(self) -> ZoneInfo:
        """Zone of every window."""
        return self.experiment.zone

    @property
    def control_arm(self) -> Arm:
        """The arm with ``control: true``, else the one with the id ``control``."""
        return next(arm for arm in self.arms if arm.control or self._is_control_by_name(arm))

    @property
    def treatment_arms(self) -> tuple[Arm, ...]:
        """The other arms, in the order written."""
        control = self.control_arm.id
        return tuple(arm for arm in self.arms if arm.id != control)

    @property
    def exact_shares(self) -> dict[str, Fraction]:
        """Arm id to its share of the units outside the holdout; an omitted one is an equal part of the rest."""
        given = [arm.share for arm in self.arms if arm.share is not None]
        n_open = len(self.arms) - len(given)
        rest = (1 - sum(given, Fraction(0))) / n_open if n_open else Fraction(0)
        return {arm.id: rest if arm.share is None else arm.share for arm in self.arms}

    @property
    def shares(self) -> dict[str, float]:
        """``exact_shares`` as floats."""
        return {arm: float(share) for arm, share in self.exact_shares.items()}

    @property
    def campaign_codes(self) -> tuple[str, ...]:
        """All codes of the campaign; default the experiment's id."""
        return all_codes(self.campaign.codes) or (self.experiment.id,)

    @property
    def codes_by_arm(self) -> dict[str, tuple[str, ...]]:
        """Treatment arm to its codes; a plain list of codes belongs to every one of them."""
        codes = self.campaign.codes
        if isinstance(codes, Mapping):
            return dict(codes)
        return {arm.id: self.campaign_codes for arm in self.treatment_arms}

    @property
    def home_platforms(self) -> tuple[str, ...]:
        """Platforms on which the campaign runs: those that eligible.where names; empty when it names none."""
        orders, where = self.data.orders, self.eligible.where
        if orders is None or orders.platform is None or where is None:
            return ()
        parts = where.parts if isinstance(where, All) else (where,)
        named = [part for part in parts if isinstance(part, Among) and part.key in {orders.platform, "platform"}]
        return tuple(str(value) for part in named[:1] for value in part.values)

    def _is_control_by_name(self, arm: Arm) -> bool:
        return arm.id == "control" and not any(other.control for other in self.arms)


def written(mapping: Mapping[str, object]) -> str:
    """Return a mapping as the text of a spec (JSON, which YAML reads)."""
    return json.dumps(mapping, ensure_ascii=False, indent=2, default=str) + "\n"
