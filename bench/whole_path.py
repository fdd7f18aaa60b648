"""The whole path at size: YAML to HTML on simulated tables, wall time and peak memory of each stage.

The market is made in parts of 100,000 customers (about ten orders a customer and year, for two years and a quarter) and
written to Parquet, which is not counted; then every stage is the command that a user runs, in a process of its own.
Target: 1 M customers under 60 s and 4 GB on two cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

import uplift

if TYPE_CHECKING:
    from collections.abc import Sequence

SPEC = Path(__file__).resolve().parents[1] / "experiments" / "fresh-grocery-coupon" / "spec.yaml"
TABLES = {"customers": "会员", "orders": "订单", "refunds": "退款", "coupons": "券", "contacts": "触达"}
IDS = ("会员ID", "订单号", "核销订单号")
PART = 100_000
FULL_SIZE = 1_000_000
TARGET_SECONDS, TARGET_GIGABYTES = 60.0, 4.0
UPLIFT = str(Path(sys.executable).parent / "uplift")


@dataclass(frozen=True, slots=True)
class Stage:
    """One command with its wall time, processor time and peak resident memory."""

    name: str
    seconds: float
    processor: float
    gigabytes: float


def run_stage(name: str, command: Sequence[str]) -> Stage:
    """Run a command to its end; stop the benchmark when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{name}: exits {child.returncode}: {' '.join(command)}")
    return Stage(name, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9)


def write_part(folder: Path, part: int, n_customers: int, *, drawn: bool) -> None:
    """Write one part of the market: the world before, or once arms are drawn what the campaign adds to it."""
    market = uplift.simulate.make_market("fresh_grocery", n_customers=n_customers, seed=part)
    prefix = f"{part:02d}"
    source: object = market
    if drawn:
        table = pd.read_parquet(folder / "design" / "assignment", columns=["unit_id", "arm"])
        mine = table[table["unit_id"].str.startswith(prefix)]
        source = market.run({"unit_id": mine["unit_id"].str.slice(len(prefix)).tolist(), "arm": mine["arm"].tolist()})
    for name, file in TABLES.items():
        if drawn and name == "customers":
            continue
        frame = getattr(source, name)
        marked = {column: prefix + frame[column] for column in IDS if column in frame}
        place = folder / file
        place.mkdir(parents=True, exist_ok=True)
        frame.assign(**marked).to_parquet(place / f"{'after' if drawn else 'before'}-{prefix}.parquet", index=False)


def write_world(folder: Path, n_customers: int, *, drawn: bool) -> None:
    """Write all parts, one process after the other, so that memory stays small."""
    for part, start in enumerate(range(0, n_customers, PART)):
        size = min(PART, n_customers - start)
        words = [sys.executable, __file__, "--customers", str(size), "--folder", str(folder), "--part", str(part)]
        subprocess.run([*words, "--drawn"] if drawn else words, check=True)
    text = SPEC.read_text(encoding="utf-8")
    for file in TABLES.values():
        text = text.replace(f"{file}.parquet", f'"{file}/*.parquet"')
    (folder / "spec.yaml").write_text(text, encoding="utf-8")


def measure(folder: Path, n_customers: int) -> list[Stage]:
    """Simulate, design, simulate the campaign, analyse and report; return the counted stages."""
    write_world(folder, n_customers, drawn=False)
    spec, design, result = (str(folder / name) for name in ("spec.yaml", "design", "result"))
    stages = [run_stage("design", [UPLIFT, "-q", "design", spec, "--out", design])]
    write_world(folder, n_customers, drawn=True)
    stages.append(run_stage("analyze", [UPLIFT, "-q", "analyze", spec, "--design", design, "--out", result]))
    stages.append(run_stage("report", [UPLIFT, "-q", "report", result]))
    return stages


def show(folder: Path, stages: Sequence[Stage], n_customers: int) -> int:
    """Print the table; return 1 when the target is missed."""
    from pyarrow import dataset

    rows = {name: dataset.dataset(folder / file).count_rows() for name, file in TABLES.items()}
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()), f"on {os.cpu_count()} cores")
    wall, processor = sum(one.seconds for one in stages), sum(one.processor for one in stages)
    total = Stage("total", wall, processor, max(one.gigabytes for one in stages))
    for one in (*stages, total):
        print(f"{one.name:<10}{one.seconds:>8.1f} s{one.processor:>8.1f} s CPU{one.gigabytes:>8.2f} GB")
    if n_customers < FULL_SIZE:
        print(f"the target of {TARGET_SECONDS:.0f} s and {TARGET_GIGABYTES:.0f} GB is for {FULL_SIZE:,} customers")
        return 0
    met = total.seconds <= TARGET_SECONDS and total.gigabytes <= TARGET_GIGABYTES
    print(f"target {TARGET_SECONDS:.0f} s, {TARGET_GIGABYTES:.0f} GB: {'met' if met else 'missed'}")
    return 0 if met else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark, or write one part of its market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=FULL_SIZE)
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a folder that is removed)")
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--drawn", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part is not None:
        write_part(given.folder, given.part, given.customers, drawn=given.drawn)
        return 0
    folder = given.folder or Path(tempfile.mkdtemp(prefix="uplift-bench-"))
    try:
        return show(folder, measure(folder, given.customers), given.customers)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
