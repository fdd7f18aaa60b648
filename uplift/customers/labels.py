"""Labels: life × value × preference × risk of each customer, with names in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.axes import NONE_LEVEL, UNKNOWN_LEVEL, Axis
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LABEL_AXES = ("life", "value", "preference", "risk")
RISKS = ("low", "mid", "high", UNKNOWN_LEVEL)
_RISK_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "low": {"zh": "低风险", "en": "low risk"},
        "mid": {"zh": "中风险", "en": "some risk"},
        "high": {"zh": "高风险", "en": "high risk"},
        UNKNOWN_LEVEL: {"zh": "风险未知", "en": "risk unknown"},
    }
)
_PREFERENCE_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "price": {"zh": "价格敏感", "en": "price-sensitive"},
        "content": {"zh": "内容偏好", "en": "content"},
        NONE_LEVEL: {"zh": "无明显偏好", "en": "no clear preference"},
    }
)
_CATEGORY = "category:"
_BETWEEN: Mapping[str, str] = MappingProxyType({"zh": "·", "en": " · "})


@dataclass(frozen=True, slots=True)
class PreferenceRule:
    """When a preference is clear.

    Parameters
    ----------
    price_share
        Price-sensitive: at least this share of the spend was on discounted orders.
    content_monthly
        Content: at least so many content events a month.
    category_share
        A category: at least this share of the spend was on it.
    """

    price_share: float = 0.5
    content_monthly: float = 4.0
    category_share: float = 0.5


@dataclass(frozen=True, slots=True)
class RiskRule:
    """Borders of the bands of P(alive): low risk from ``low_alive``, high risk below ``high_alive``."""

    low_alive: float = 0.7
    high_alive: float = 0.4


def classify_preference(
    *,
    price_sensitivity: NDArray[np.float64] | None = None,
    content_engagement: NDArray[np.float64] | None = None,
    category: NDArray[np.object_] | None = None,
    category_share: NDArray[np.float64] | None = None,
    rule: PreferenceRule | None = None,
) -> Axis:
    """Give each unit its clearest preference: price, then content, then its favourite category.

    Parameters
    ----------
    price_sensitivity : ndarray of float, shape (n,)
        Share of the spend on discounted orders; NaN without an order. None where it is not known.
    content_engagement : ndarray of float, shape (n,)
        Content events a month.
    category : ndarray of object (str), shape (n,)
        Favourite category; None without an order.
    category_share : ndarray of float, shape (n,)
        Its share of the spend; None: every favourite is clear.
    rule
        When a preference is clear.

    Returns
    -------
    Axis
        ``preference``: ``price``, ``content``, ``category:<name>`` by code point, ``none``.

    Raises
    ------
    DataError
        When nothing is given, or a share without the category.
    """
    given = rule or PreferenceRule()
    if category is None and category_share is not None:
        message = "category_share: of which category? give category as well"
        raise DataError(message)
    known = [each for each in (price_sensitivity, content_engagement, category) if each is not None]
    if not known:
        message = (
            "classify_preference: give price_sensitivity, content_engagement or category; there is nothing to read"
        )
        raise DataError(message)
    masks: dict[str, NDArray[np.bool_]] = {}
    if price_sensitivity is not None:
        masks["price"] = np.asarray(price_sensitivity >= given.price_share)
    if content_engagement is not None:
        masks["content"] = np.asarray(content_engagement >= given.content_monthly)
    if category is not None:
        every = np.ones(len(category), np.bool_)
        clear = every if category_share is None else category_share >= given.category_share
        for each in sorted({name for name in category[clear].tolist() if name is not None}):
            masks[f"{_CATEGORY}{each}"] = np.asarray((category == each) & clear)
    levels = (*masks, NONE_LEVEL)
    codes = np.select(list(masks.values()), list(range(len(masks))), len(masks)) if masks else np.zeros(len(known[0]))
    return Axis("preference", levels, {level: _preference_name(level) for level in levels}, codes.astype(np.int64))


def _preference_name(level: str) -> Mapping[str, str]:
    if not level.startswith(_CATEGORY):
        return _PREFERENCE_NAMES[level]
    name = level.removeprefix(_CATEGORY)
    return {"zh": f"偏好{name}", "en": f"likes {name}"}


def classify_risk(
    alive: NDArray[np.float64], *, complaints: NDArray[np.float64] | None = None, rule: RiskRule | None = None
) -> Axis:
    """Give each unit its risk of leaving: the band of P(alive), one band up after a complaint.

    Parameters
    ----------
    alive : ndarray of float, shape (n,)
        Chance to be there still; NaN without an order, 1 where the model cannot tell: both are ``unknown``.
    complaints : ndarray of float, shape (n,)
        Complaints of late; None where they are not known.
    rule
        The bands.

    Returns
    -------
    Axis
        ``risk``: ``low``, ``mid``, ``high``, ``unknown``. It is a prediction, and says nothing of who would
        answer an offer.
    """
    given = rule or RiskRule()
    band = np.where(alive >= given.low_alive, 0, np.where(alive < given.high_alive, 2, 1))
    if complaints is not None:
        band = np.minimum(band + (np.nan_to_num(complaints) > 0), 2)
    codes = np.where(alive < 1, band, 3)
    frozen = {"low_alive": given.low_alive, "high_alive": given.high_alive}
    return Axis("risk", RISKS, _RISK_NAMES, codes.astype(np.int64), rule=frozen)


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A combination of labels that occurs.

    Parameters
    ----------
    id
        Levels joined by ``|``, in the order life, value, preference, risk.
    parts
        Axis of the label to its level.
    names
        The names joined, by language.
    n_units
        Units that bear it.
    """

    id: str
    parts: Mapping[str, str]
    names: Mapping[str, str]
    n_units: int


@dataclass(frozen=True, slots=True, eq=False)
class LabelSet:
    """Four labels of each of ``n`` units.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        The units.
    axes
        ``life``, ``value``, ``preference`` and ``risk`` to the axis, each over the same units.
    """

    unit_id: NDArray[np.object_]
    axes: Mapping[str, Axis]

    def __post_init__(self) -> None:
        for name, axis in self.axes.items():
            if len(axis.codes) != len(self.unit_id):
                message = f"{name}: labels of {len(axis.codes)} units, must be {len(self.unit_id)}: one per unit"
                raise DataError(message)

    @property
    def ids(self) -> NDArray[np.object_]:
        """Joined label of each unit, shape (n,)."""
        found, place = self._combinations()
        texts = ["|".join(self._parts(row).values()) for row in found]
        return np.array(texts, dtype=object)[place]

    def count(self) -> tuple[LabelCount, ...]:
        """Return the combinations that occur, in the order of the levels."""
        found, place = self._combinations()
        n_units = np.bincount(place, minlength=len(found)).tolist()
        return tuple(self._count(row, n) for row, n in zip(found, n_units, strict=True))

    def _combinations(self) -> tuple[list[tuple[int, ...]], NDArray[np.intp]]:
        shape = tuple(len(axis.levels) for axis in self.axes.values())
        flat = np.ravel_multi_index([axis.codes for axis in self.axes.values()], shape)
        present, place = np.unique(flat, return_inverse=True)
        rows = np.column_stack(np.unravel_index(present, shape)).tolist()
        return [tuple(row) for row in rows], place

    def _parts(self, row: tuple[int, ...]) -> dict[str, str]:
        return {name: axis.levels[code] for (name, axis), code in zip(self.axes.items(), row, strict=True)}

    def _count(self, row: tuple[int, ...], n_units: int) -> LabelCount:
        parts = self._parts(row)
        names = {
            language: mark.join(
                self.axes[name].names.get(level, {}).get(language, level) for name, level in parts.items()
            )
            for language, mark in _BETWEEN.items()
        }
        return LabelCount("|".join(parts.values()), parts, names, n_units)


def label_customers(unit_id: NDArray[np.object_], *, life: Axis, value: Axis, preference: Axis, risk: Axis) -> LabelSet:
    """Put the four labels of each unit together.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        The units.
    life, value, preference, risk
        Stage, value tier (or potential), :func:`classify_preference` and :func:`classify_risk` of the same units.

    Returns
    -------
    LabelSet

    Raises
    ------
    DataError
        When an axis is not of the same number of units.
    """
    return LabelSet(unit_id, dict(zip(LABEL_AXES, (life, value, preference, risk), strict=True)))
