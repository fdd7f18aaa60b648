"""Units of any frame, and what estimators take from them: exact sums, or columns in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import label_text, label_texts, numbers, to_numpy
from uplift.data.attributes import type_text
from uplift.data.cluster import Clusters, find_clusters
from uplift.data.engine import Engine
from uplift.data.fold import draw_folds
from uplift.data.grid import find_grid
from uplift.data.parse import parse_id
from uplift.data.sample import make_frame
from uplift.data.sources import RawTable, read_frame
from uplift.data.sums import sum_moments
from uplift.errors import DataError
from uplift.stats.moments import BlockPlan, CellKeys, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.stats.frame import UnitFrame
    from uplift.stats.moments import Moments, Role

Label = str | int | bool
UNKNOWN = "unknown"
"""Label of a stratum level or batch that is missing."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns of a frame play which part.

    Parameters
    ----------
    unit_id
        Column of ids; None numbers the rows from 1.
    arm
        Column of the assigned arm.
    control_arm
        Its value for the control.
    strata
        Columns inside whose levels units were assigned; none means one stratum.
    batch
        Column of the run of draws with equal shares.
    cluster
        Column of what was assigned together; its rows are added up before anything.
    propensity
        Column of the probability of the treatment, or, for several arms, one column an arm: the
        control first, then the others in order of their labels. Only estimators on unit rows use it.
    weight
        Column of weights. Only estimators on unit rows use it.
    """

    unit_id: str | None
    arm: str
    control_arm: Label
    strata: tuple[str, ...] = ()
    batch: str | None = None
    cluster: str | None = None
    propensity: str | tuple[str, ...] | None = None
    weight: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that plays a part, each once."""
        alone = (self.unit_id, self.arm, *self.strata, self.batch, self.cluster, *self.propensities, self.weight)
        return tuple(dict.fromkeys(name for name in alone if name is not None))

    @property
    def propensities(self) -> tuple[str, ...]:
        """Columns of propensities, possibly none."""
        if self.propensity is None:
            return ()
        return (self.propensity,) if isinstance(self.propensity, str) else self.propensity


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Units with their arms and strata; their other columns stay where they are until asked for.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Sorted by code point.
    keys
        Stratum, batch, arm and fold per unit; the control is the first arm.
    roles
        Which columns play which part.
    rows : ndarray of intp, shape (n,)
        Row of each unit in the frame.
    clusters
        Which units were assigned together; None means each by itself.
    raw, engine
        Where the rows are.
    """

    unit_id: NDArray[np.object_]
    keys: CellKeys
    roles: Roles
    rows: NDArray[np.intp]
    clusters: Clusters | None
    raw: RawTable
    engine: Engine

    def __len__(self) -> int:
        return len(self.unit_id)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that play no part: outcomes and covariates to choose from."""
        return tuple(name for name in self.raw.columns if name not in self.roles.columns)

    def column(self, name: str) -> Array:
        """Return one column in the order of ``unit_id``, shape (n,), as the frame holds it.

        Raises
        ------
        MissingColumnError
            When the frame has no such column.
        """
        self.raw.require([name])
        column: Array = to_numpy(self.engine.fetch(self.raw.table.select(name))[name])[self.rows]
        return column

    def moments(self, outcomes: Sequence[str], covariates: Sequence[str] = ()) -> Moments:
        """Sum columns, products and third powers per stratum, batch, arm and fold, exactly.

        Each column is put on the coarsest grid 1, .1, .01, ... that holds all its values; with a
        cluster, rows are added up by cluster first, and ``size`` is its number of units.

        Parameters
        ----------
        outcomes
            Numeric columns, without missing values.
        covariates
            Numeric columns known before assignment, without missing values.

        Returns
        -------
        Moments
            One block, ``outcomes``.

        Raises
        ------
        MissingColumnError
            When a column is not there.
        DataError
            When a value is missing, infinite or no number, or units carry weights.
        """
        self._check_names((*outcomes, *covariates))
        rows = {"size": np.ones(len(self), np.int64)}
        columns = [Column("size", "size")]
        for name in (*outcomes, *covariates):
            role: Role = "outcome" if name in outcomes else "covariate"
            values = numbers(self.column(name), f"{role} '{name}'")
            gridded = find_grid(values, largest_sum=self._reach(values))
            columns.append(Column(name, role, gridded.step))
            rows[name] = gridded.values
        keys = self.keys
        if self.clusters is not None:
            keys = self.clusters.keys
            rows = {name: self.clusters.add_up(values) for name, values in rows.items()}
        return sum_moments(rows, keys=keys, blocks=[BlockPlan("outcomes", tuple(columns))])

    def frame(self, max_units: int | None = None) -> UnitFrame:
        """Return the units in memory, with every column that plays no part.

        Parameters
        ----------
        max_units
            Above it a hash-ordered sample within stratum and arm is taken; the weight of a unit is
            multiplied by one over its sampling rate.

        Returns
        -------
        UnitFrame

        Raises
        ------
        DataError
            When propensities or weights are not usable, or ``max_units`` is too small for the cells.
        """
        return make_frame(self, max_units)

    def _check_names(self, names: Sequence[str]) -> None:
        if self.roles.weight is not None:
            message = (
                f"roles.weight == '{self.roles.weight}': sums know no weights; "
                "take the weighted units from Units.frame(), or leave the weight out"
            )
            raise DataError(message)
        self.raw.require(names)
        twice = next((name for name in names if list(names).count(name) > 1), None)
        if twice is not None or "size" in names:
            message = f"column '{twice or 'size'}' {'stands twice' if twice else 'has a reserved name'}; rename it"
            raise DataError(message)

    def _reach(self, values: NDArray[np.float64]) -> float | None:
        if self.clusters is None:
            return None
        return float(np.bincount(self.clusters.code, np.abs(values)).max(initial=0.0))


def read_units(frame: object, roles: Roles) -> Units:
    """Read who the units of a trial are, and what they were assigned to.

    Parameters
    ----------
    frame
        A pandas or polars frame, an Arrow table, a DuckDB relation, an Ibis table, or the path of a
        Parquet, CSV or workbook file. It is not changed.
    roles
        Which columns play which part.

    Returns
    -------
    Units
        Sorted by id; the control is the first arm, the others stand in order of their labels. The
        stratum of a unit is its levels joined by ``|``, or ``all``.

    Raises
    ------
    MissingColumnError
        When a column of ``roles`` is not there.
    DataError
        When ids are missing, floats or not unique, an arm is missing, the control arm is not among
        the arms, or a stratum has one arm only.

    Examples
    --------
    >>> import pandas as pd
    >>> trial = pd.DataFrame({"id": ["a", "b", "c", "d"], "arm": [0, 1, 0, 1], "spend": [1.0, 2.5, 0.0, 4.0]})
    >>> units = read_units(trial, Roles("id", "arm", control_arm=0))
    >>> units.keys.arms
    ('0', '1')
    >>> units.moments(["spend"]).block().n.tolist()
    [1, 1, 1, 1]
    """
    engine = Engine()
    raw = read_frame(engine, frame, "frame")
    raw.require(roles.columns)
    raw = type_text(engine, raw, keep=() if roles.unit_id is None else (roles.unit_id,))
    unit_id, rows = _ids(engine, raw, roles.unit_id)
    others = [name for name in roles.columns if name != roles.unit_id]
    found = engine.fetch(raw.table.select(*others))
    labels = {name: label_texts(to_numpy(found[name])[rows]) for name in others}
    keys = _keys(labels, roles)
    clusters = None
    if roles.cluster is not None:
        clusters = find_clusters(labels[roles.cluster], keys, f"cluster column '{roles.cluster}'")
        keys = replace(keys, fold=clusters.keys.fold[clusters.code])
    else:
        keys = draw_folds(keys, unit_id)
    return Units(unit_id, keys, roles, rows, clusters, raw, engine)


def _ids(engine: Engine, raw: RawTable, name: str | None) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    if name is None:
        n_rows = engine.fetch(raw.table.aggregate(n=raw.table.count()))["n"][0].as_py()
        ids = np.array([str(number) for number in range(1, n_rows + 1)], dtype=object)
    else:
        parsed = parse_id(raw, name)
        found = engine.fetch(raw.table.select(id=parsed.value, written=parsed.written, bad=parsed.bad))
        ids = to_numpy(found["id"])
        bad = np.flatnonzero(to_numpy(found["bad"]))
        if len(bad):
            shown = found["written"][int(bad[0])].as_py()
            message = f"{raw.name}: id column '{name}': {len(bad)} ids are not whole, first: '{shown}'; {parsed.remedy}"
            raise DataError(message)
        n_missing = sum(one is None for one in ids)
        if n_missing:
            message = f"{raw.name}: id column '{name}': {n_missing} of {len(ids)} ids are missing; every unit needs one"
            raise DataError(message)
    if not len(ids):
        message = f"{raw.name}: has no rows; at least two units are needed"
        raise DataError(message)
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    twice = np.flatnonzero(ids[1:] == ids[:-1])
    if len(twice):
        message = (
            f"{raw.name}: id '{ids[twice[0]]}' stands twice; {len(twice)} rows repeat an id, and a unit is one row"
        )
        raise DataError(message)
    return ids, order


def _keys(labels: dict[str, Array], roles: Roles) -> CellKeys:
    arms, arm = _arms(labels[roles.arm], roles)
    n = len(arm)
    parts = [np.where(_missing(labels[name]), UNKNOWN, labels[name]) for name in roles.strata]
    joined = np.array(["|".join(levels) for levels in zip(*parts, strict=True)], object) if parts else np.full(n, "all")
    strata, stratum = np.unique(joined.astype(object), return_inverse=True)
    batch_label = np.full(n, "0", object)
    if roles.batch is not None:
        batch_label = np.where(_missing(labels[roles.batch]), UNKNOWN, labels[roles.batch])
    batches, batch = np.unique(batch_label.astype(object), return_inverse=True)
    keys = CellKeys(tuple(strata), tuple(batches), arms, stratum, batch, arm, np.zeros(n, np.int64))
    _check_arms(keys, roles)
    return keys


def _missing(labels: Array) -> NDArray[np.bool_]:
    return np.array([label is None for label in labels], dtype=bool)


def _arms(labels: Array, roles: Roles) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    missing = int(_missing(labels).sum())
    if missing:
        message = f"arm column '{roles.arm}': {missing} of {len(labels)} units have no arm; leave them out of the frame"
        raise DataError(message)
    control = label_text(roles.control_arm)
    present = sorted(set(labels))
    if control not in present:
        message = f"control_arm == '{control}', must be one of the arms in column '{roles.arm}': {', '.join(present)}"
        raise DataError(message)
    arms = (control, *(arm for arm in present if arm != control))
    code = {arm: position for position, arm in enumerate(arms)}
    return arms, np.array([code[label] for label in labels], np.int64)


def _check_arms(keys: CellKeys, roles: Roles) -> None:
    n_arms = len(keys.arms)
    present = np.zeros((len(keys.strata), n_arms), bool)
    present[keys.stratum, keys.arm] = True
    single = np.flatnonzero(present.sum(1) < 2)
    if len(single):
        stratum = keys.strata[single[0]]
        arm = keys.arms[int(np.argmax(present[single[0]]))]
        message = (
            f"stratum '{stratum}' holds one arm only ('{arm}'), and {len(single)} of {len(keys.strata)} strata are so; "
            f"a contrast needs two: merge strata, or leave a column out of strata == {roles.strata}"
        )
        raise DataError(message)
