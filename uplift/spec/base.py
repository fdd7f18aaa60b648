"""What every section of the spec is: frozen, and closed to keys that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A mapping of the spec; attributes are named as the keys of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    not_built: ClassVar[tuple[str, ...]] = ()
    """Keys of the contract that are refused by name in this release."""

    @classmethod
    def entries(cls) -> dict[str, FieldInfo]:
        """Return every key as the file spells it, with what may stand there."""
        return {entry.alias or name: entry for name, entry in cls.model_fields.items()}


def refusal(code: str, message: str, *, at: Sequence[str | int] = ()) -> PydanticCustomError:
    """Build the error of one field; the loader turns it into a Problem with its place.

    Parameters
    ----------
    code
        Stable kind of problem.
    message
        What was got, what is allowed, what to do.
    at
        Where below the field, when the field holds a structure of its own.

    Returns
    -------
    PydanticCustomError
        To be raised by a validator.
    """
    return refusals([(tuple(at), code, message)])


def refusals(parts: Sequence[tuple[tuple[str | int, ...], str, str]]) -> PydanticCustomError:
    """Build one error that carries several problems below a field, as (path, code, message)."""
    return PydanticCustomError("refused", "refused", {"parts": list(parts)})


def not_built(what: str) -> PydanticCustomError:
    """Build the refusal of a value that belongs to the contract but does not run yet."""
    return refusal("not_built", f"{what} is not built yet in this release; remove it")
