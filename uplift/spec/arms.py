"""``arms`` and ``contrasts``: the conditions and which is set against which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from uplift.spec.base import Section
from uplift.spec.fields import Amount, Columns, Count, Flag, Id, Name, Number, Share, read_text


def _spelling(value: object) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else read_text(value)


class Offer(Section):
    """A coupon: its face value and the order value from which it counts, in the currency."""

    face: Amount
    minimum: Amount = 0.0


class PlanCost(Section):
    """Costs for planning, in the currency: per contact, per redemption, per unit fulfilled."""

    contact: Amount = 0.0
    redemption: Amount = 0.0
    fulfilment: Amount = 0.0


class Arm(Section):
    """One condition; ``share`` is of the units outside the holdout, exact, None when omitted."""

    not_built: ClassVar[tuple[str, ...]] = ("steps", "channel", "grid", "except")

    id: Id
    name: Name | None = None
    share: Share | None = None
    control: Flag = False
    offer: Offer | None = None
    touches: Count | None = None
    plan_cost: PlanCost = PlanCost()
    expect: Mapping[Id, Number] = {}
    """Effect registered beforehand per segment, per unit of the primary outcome."""
    value: Annotated[str, BeforeValidator(_spelling), WithJsonSchema({"type": ["string", "integer"]})] | None = None
    """How the table spells this arm, as text; None when as the id."""

    @property
    def spelling(self) -> str:
        """Text of this arm in a table."""
        return self.value or self.id


class Contrast(Section):
    """The first arm minus the second, overall or in the segments named."""

    not_built: ClassVar[tuple[str, ...]] = ("where",)

    arms: Annotated[tuple[Id, ...], Field(min_length=2, max_length=2)]
    segments: Columns | None = None
    primary: Flag = False
