"""What was said besides the fields that a conversion knows: refused by its place, never dropped."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import BaseModel

from domain.errors import UnsupportedParameterError

NO_PLACE: Final = "cannot be carried to this model's provider"


def refuse_others(holder: Mapping[str, Any], known: Collection[str], path: str) -> None:
    """Raise UnsupportedParameterError for the first field of an object that is not known."""
    for name, value in holder.items():
        if name not in known and not says_nothing(value):
            raise UnsupportedParameterError(f"{path}.{name}", NO_PLACE)


def says_nothing(value: object) -> bool:
    """Tell what means no more than leaving the field out; zero may mean something."""
    return value is None or value is False or value in ("", [], {})


def refuse_extras(model: BaseModel, path: str, known: Collection[str] = ()) -> None:
    """Raise UnsupportedParameterError for the first field that an open model has no name for."""
    refuse_others(model.model_extra or {}, known, path)
