from __future__ import annotations

import json
from typing import TYPE_CHECKING

from uplift.spec.schema import shipped_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome


def test_schema_is_the_shipped_one(invoke: Callable[..., Outcome]) -> None:
    printed = invoke("schema")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out == shipped_schema()
    assert "experiment" in json.loads(printed.out)["properties"]
