"""Whether the tables hold rows of the campaign at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.parse import parse_text
from uplift.errors import DataError

if TYPE_CHECKING:
    from uplift.data.store import Store
    from uplift.data.warehouse import Warehouse


def find_codes(store: Store, role: str) -> tuple[str, ...]:
    """Return the distinct campaigns of the coupons or contacts, sorted."""
    opened = store.opened.roles[role]
    table = opened.table.select(code=parse_text(opened.raw, opened.roles["campaign"])).distinct()
    found = store.engine.fetch(table)["code"].to_pylist()
    return tuple(sorted(code for code in found if code is not None))


def check_codes(warehouse: Warehouse) -> None:
    """Refuse when no coupon, or no contact, belongs to the campaign.

    Raises
    ------
    DataError
        Listing the codes that the tables hold.
    """
    wanted = warehouse.spec.campaign_codes
    problems = []
    for role in ("coupons", "contacts"):
        if role not in warehouse.roles:
            continue
        seen = warehouse.codes_seen(role)
        if not set(seen) & set(wanted):
            shown = ", ".join(seen[:20]) or "none"
            problems.append(
                f"data.{role}.campaign: no row belongs to this campaign (campaign.codes: {', '.join(wanted)}); "
                f"codes in the table: {shown}{' ...' if len(seen) > 20 else ''}"
            )
    if problems:
        raise DataError("\n".join(problems))
