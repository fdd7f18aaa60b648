"""Coupons: what was redeemed, when, on which order, and what of its face is ours to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros
from uplift.data.parse import parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.data.engine import Engine, Table


@dataclass(frozen=True, slots=True)
class CouponsRole:
    """Redemptions in the engine.

    Parameters
    ----------
    redemptions
        One row per redeemed coupon: ``code`` of its unit (null when unknown), ``order_id`` (may be
        null), ``us``, ``face`` and ``ours`` in millionths, ``own`` for a coupon of this campaign.
    by_order
        The same, added up by order: ``order_id``, ``face``, ``ours``, ``own``.
    n_rows
        Coupons issued.
    """

    redemptions: Table
    by_order: Table
    n_rows: int


def read_coupons_role(engine: Engine, role: RoleTable, index: Table, codes: Sequence[str]) -> CouponsRole:
    """Read redemptions; a coupon that was never redeemed costs nothing and is left out.

    Raises
    ------
    DataError
        When a redeemed coupon has no face, a face below 0, or our share lies outside [0, 1].
    """
    fields = {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]), is_required=key in {"id", "face"})
        for key, read in _READERS.items()
        if key in role.roles
    }
    redeemed = fields["redeemed"].parsed
    used = redeemed.value.notnull()
    n_rows = check_fields(engine, role, [field for key, field in fields.items() if key != "redeemed"], rows=used)
    check_fields(engine, role, [Field("redeemed", role.roles["redeemed"], redeemed, is_required=False)])
    face = fields["face"].parsed.value
    share = fields["our_share"].parsed.value.fill_null(1.0) if "our_share" in fields else 1.0
    table = role.table.select(
        unit_id=fields["id"].parsed.value,
        order_id=fields["order_id"].parsed.value,
        us=micros(redeemed.value),
        face=to_micro(face),
        ours=to_micro(face * share),
        share=0.0 + share,
        own=parse_text(role.raw, role.roles["campaign"]).isin(list(codes)).fill_null(False),  # noqa: FBT003 - Ibis
    )
    used_rows = table.filter(table.us.notnull())
    joined = used_rows.left_join(index, "unit_id").select("code", "order_id", "us", "face", "ours", "share", "own")
    redemptions = engine.keep(joined, "redemptions")
    _check_amounts(engine, redemptions, role)
    on_order = redemptions.filter(redemptions.order_id.notnull())
    by_order = on_order.group_by("order_id").aggregate(
        face=on_order.face.sum().cast("int64"), ours=on_order.ours.sum().cast("int64"), own=on_order.own.any()
    )
    return CouponsRole(redemptions, by_order, n_rows)


_READERS = {
    "id": parse_id,
    "redeemed": parse_time,
    "order_id": parse_id,
    "face": parse_number,
    "our_share": parse_number,
}


def _check_amounts(engine: Engine, redemptions: Table, role: RoleTable) -> None:
    found = engine.fetch(
        redemptions.aggregate(
            low=redemptions.face.min(), least=redemptions["share"].min(), most=redemptions["share"].max()
        )
    ).to_pylist()[0]
    if found["low"] is not None and found["low"] < 0:
        message = f"data.coupons.face of {role.raw.name}: the least face is {found['low'] / 1e6}, must be 0 or more"
        raise DataError(message)
    if found["least"] is not None and not 0 <= found["least"] <= found["most"] <= 1:
        odd = found["least"] if found["least"] < 0 else found["most"]
        message = f"data.coupons.our_share of {role.raw.name}: got {odd}, must lie in [0, 1]; write 0.5 or 50%"
        raise DataError(message)
