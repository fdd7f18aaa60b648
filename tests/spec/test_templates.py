from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uplift.errors import UsageError
from uplift.spec import list_templates, load_spec, read_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", list_templates())
def test_template_is_valid_as_it_stands(name: str, tmp_path: Path) -> None:
    text = read_template(name)
    (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    assert load_spec(tmp_path / "spec.yaml").text == text


def test_coupon_reads_every_kind_of_file() -> None:
    assert {kind for kind in (".csv", ".parquet", ".xlsx") if kind in read_template("coupon")} == {
        *(".csv", ".parquet", ".xlsx")
    }


def test_unknown_template() -> None:
    with pytest.raises(UsageError, match="template 'x' is not there; choose one of: coupon, minimal, recorded"):
        read_template("x")
