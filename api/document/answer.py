"""What answers look like: the envelope, and the base of what is in it."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

D = TypeVar("D")


class Answer(BaseModel):
    """A documented object: exactly these fields, no others."""

    # Thousands of processes never show the reference, and none should wait for its schemas.
    model_config = ConfigDict(extra="forbid", defer_build=True, serialize_by_alias=True)


I = TypeVar("I", bound=Answer)  # noqa: E741  # an item


class Envelope(Answer, Generic[D]):
    """The same five fields around every answer."""

    request_id: Annotated[str, Field(examples=["req_019afe4cbb0f7c3f8f0ad2f9e4ab0000"])]
    success: Literal[True]
    data: D
    code: None
    message: None


class Refusal(Answer):
    """The same five fields around every refusal; `code` never changes its meaning."""

    request_id: Annotated[str, Field(examples=["req_019afe4cbb0f7c3f8f0ad2f9e4ab0000"])]
    success: Literal[False]
    data: None
    code: str
    message: str


class Page(Answer, Generic[I]):
    """Some items, and the cursor of the next page if there is one."""

    items: list[I]
    next_cursor: str | None


class Items(Answer, Generic[I]):
    """All items there are."""

    items: list[I]


Money = Annotated[str, Field(pattern=r"^-?\d+\.\d{2,9}$", examples=["12.50"])]
"""A decimal string in the wallet's currency."""
Decimal = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["0.0000375"])]
"""A decimal string with all of its places."""
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time in UTC, as in RFC 3339."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
"""A day such as 2026-11-20."""
Month = Annotated[str, Field(pattern=r"^\d{4}-\d\d$", examples=["2026-11"])]
"""A month such as 2026-11."""
