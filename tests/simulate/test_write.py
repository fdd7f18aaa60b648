from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.errors import DataError, MissingFileError, UsageError
from uplift.simulate import Market, make_market, make_market_for, read_market, write_campaign, write_market
from uplift.simulate.population import ACCOUNT_TYPES
from uplift.spec import load_spec

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def small() -> Market:
    return make_market(n_customers=400, seed=3)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_folder_holds_the_tables_of_the_market(small: Market, tmp_path: Path) -> None:
    files = write_market(small, tmp_path / "m")
    assert [path.name for path in files] == [
        *("spec.yaml", "会员.parquet", "订单.parquet", "退款.parquet", "券.parquet", "触达.parquet"),
        *("market.json", "truth.parquet"),
    ]
    written = pd.read_parquet(tmp_path / "m" / "订单.parquet")
    pd.testing.assert_frame_equal(written, small.orders, check_dtype=False)
    assert load_spec(tmp_path / "m" / "spec.yaml") == small.spec
    assert "truth" not in (tmp_path / "m" / "spec.yaml").read_text(encoding="utf-8")


def test_a_market_is_made_again_from_its_folder(small: Market, tmp_path: Path) -> None:
    write_market(small, tmp_path)
    again = read_market(tmp_path)
    pd.testing.assert_frame_equal(again.orders, small.orders)
    pd.testing.assert_frame_equal(again.truth, small.truth)
    write_market(again, tmp_path / "again")
    first = {name: data for name, data in _bytes(tmp_path).items() if not name.startswith("again")}
    assert first == _bytes(tmp_path / "again")


def test_a_campaign_adds_its_rows_and_may_be_run_again(small: Market, tmp_path: Path) -> None:
    write_market(small, tmp_path)
    unit = np.array(small.customers["会员ID"])
    arm = np.where(np.arange(len(unit)) % 2, "small", "control")
    file = tmp_path / "arms.csv"
    file.write_text("unit_id,arm\n" + "".join(f"{u},{a}\n" for u, a in zip(unit, arm, strict=True)), encoding="utf-8")
    files = write_campaign(tmp_path, file)
    assert [path.name for path in files] == [
        "会员.parquet",
        "订单.parquet",
        "退款.parquet",
        "券.parquet",
        "触达.parquet",
    ]
    campaign = small.run(dict(zip(unit, arm, strict=True)))
    for name, before, added in (
        ("订单", small.orders, campaign.orders),
        ("券", small.coupons, campaign.coupons),
        ("触达", small.contacts, campaign.contacts),
        ("退款", small.refunds, campaign.refunds),
    ):
        whole = pd.concat([before, added], ignore_index=True)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), whole, check_dtype=False)
    first = _bytes(tmp_path)
    write_campaign(tmp_path, file)
    assert _bytes(tmp_path) == first


def test_the_tables_of_any_spec_are_written_as_it_reads_them(like_spec: Path, tmp_path: Path) -> None:
    spec = load_spec(like_spec)
    market = make_market_for(spec, n_customers=300, seed=1)
    write_market(market, tmp_path)
    units = pd.read_excel(tmp_path / "会员.xlsx", sheet_name="会员", header=1, dtype={"会员ID": str})
    assert units["会员ID"].tolist() == market.customers["会员ID"].tolist()
    assert set(units["大区"]) == {"A", "B", "C"}
    assert {"金", "银"} < set(units["会员等级"]) <= {"金", "银", "其他"}
    assert set(units["黑名单"]) <= {"是", "其他"}
    assert set(units["账号类型"]) <= set(ACCOUNT_TYPES)
    paths = sorted((tmp_path / "订单").iterdir())
    orders = pd.concat([pd.read_csv(path, encoding="gb18030", dtype=str) for path in paths])
    assert paths[-1].name == "2026.csv"
    assert set(orders["订单状态"]) == {"已完成", "已取消"}
    rates = pd.read_excel(tmp_path / "毛利率.xlsx").set_index(["平台", "类目"])["毛利率"]
    assert len(rates) == 12
    assert rates["京东", "水果"] == 0.25
    assert pd.read_csv(tmp_path / "退款.csv", dtype=str).columns.tolist() == [
        "订单号",
        "退款成功时间",
        "退款金额",
        "会员ID",
    ]
    with gzip.open(tmp_path / "券.csv.gz") as stream:
        assert stream.readline().decode().startswith('"会员ID","活动编码"')
    assert pd.read_parquet(tmp_path / "触达.parquet")["送达"].all()
    assert (tmp_path / "spec.yaml").read_text(encoding="utf-8") == like_spec.read_text(encoding="utf-8")


def test_a_missing_or_broken_market_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"market.json: no such file; make the market first"):
        read_market(tmp_path)
    for content in ("{", "[]", json.dumps({"schema_version": 9}), json.dumps({"schema_version": 1, "seed": "x"})):
        (tmp_path / "market.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"market.json: is no market of this version; make it again"):
            read_market(tmp_path)


def test_files_outside_the_folder_and_unknown_kinds_are_refused(like_spec: Path, tmp_path: Path) -> None:
    text = like_spec.read_text(encoding="utf-8")
    for name, told in (("../会员.xlsx", "leads out of"), ("会员.ods", "is not written to this kind of file")):
        like_spec.write_text(text.replace("会员.xlsx", name), encoding="utf-8")
        market = make_market_for(load_spec(like_spec), n_customers=5)
        with pytest.raises(UsageError, match=told):
            write_market(market, tmp_path / "out")
