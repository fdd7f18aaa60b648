"""Four or eight numbers added at once: numba adds them one by one, the processor need not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Adder = Callable[[NDArray[np.float32], int, NDArray[np.float32], int], None]


def _make_adder(lanes: int) -> Adder:
    """Return a compiled ``target.flat[at : at + lanes] += source.flat[start : start + lanes]``; C arrays, unchecked."""

    @intrinsic
    def add_lanes(typing: Any, target: Any, at: Any, source: Any, start: Any) -> Any:  # noqa: ANN401
        del typing

        def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401
            places = []
            for kind, array, place in ((0, given[0], given[1]), (2, given[2], given[3])):
                parts = cgutils.create_struct_proxy(signature.args[kind])(context, builder, array)  # type: ignore[no-untyped-call]
                vector = ir.VectorType(context.get_data_type(signature.args[kind].dtype), lanes)
                places.append(builder.bitcast(builder.gep(parts.data, [place]), vector.as_pointer()))
            both = [builder.load(place, align=4) for place in places]
            builder.store(builder.fadd(*both), places[0], align=4)
            return context.get_dummy_value()

        return types.void(target, at, source, start), build

    return cast("Adder", add_lanes)


add_four = _make_adder(4)
add_eight = _make_adder(8)
