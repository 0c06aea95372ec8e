"""Answers about usage and spend, in groups."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from api.document.answer import Answer, Day, Money, Month
from api.openapi.answers.balance import KeyId

TAGGED: Final = ConfigDict(
    extra="allow", json_schema_extra={"additionalProperties": {"type": ["string", "null"]}}
)


class SpentAnswer(Answer):
    """What calls came to."""

    calls: int
    charges: int
    releases: int
    input_tokens: int
    output_tokens: int
    amount: Money
    corrected: Annotated[Money, Field(description="What corrections gave back.")]
    total: Money


class UsedAnswer(SpentAnswer):
    """What was used, by component."""

    tokens: Annotated[dict[str, int], Field(examples=[{"input": 1200, "output": 340}])]
    tool_requests: dict[str, int]


class SelectionAnswer(Answer):
    """Which usage a report is of: days of UTC, or a booked month."""

    currency: str
    from_: Annotated[Day | None, Field(alias="from")]
    to: Day | None
    month: Month | None
    days_of: Annotated[str, Field(examples=["UTC"])]


class GroupAnswer(Answer):
    """What a group has in common; a tag is there under its own name."""

    day: Day | None = None
    model: str | None = None
    api_key_id: KeyId | None = None


class UsageGroupAnswer(GroupAnswer, UsedAnswer):
    """One group's usage; tags it is grouped by are fields named `tag:<name>`."""

    model_config = TAGGED


class CostGroupAnswer(GroupAnswer, SpentAnswer):
    """One group's spend; tags it is grouped by are fields named `tag:<name>`."""

    model_config = TAGGED


class UsageAnswer(SelectionAnswer):
    """Usage in groups."""

    group_by: list[str]
    totals: UsedAnswer
    items: list[UsageGroupAnswer]


class CostAnswer(SelectionAnswer):
    """Spend in groups."""

    group_by: list[str]
    totals: SpentAnswer
    items: list[CostGroupAnswer]


class SpanAnswer(SpentAnswer):
    """The spend of some days, or of a booked month."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    month: Month | None = None
    days_of: str


class ModelSpendAnswer(SpentAnswer):
    """What a model came to."""

    model: str
    average: Annotated[Money | None, Field(description="For a charged call; none without one.")]


class OverviewAnswer(Answer):
    """The spend at a glance."""

    currency: str
    today: SpanAnswer
    yesterday: SpanAnswer
    this_month: SpanAnswer
    last_month: SpanAnswer
    last_30_days: SpanAnswer
    average_per_charge: Money | None
    top_models: list[ModelSpendAnswer]


class DaySpendAnswer(SpentAnswer):
    """What a day came to."""

    day: Day


class TrendAnswer(SelectionAnswer):
    """The spend of each day, also of those without any."""

    items: list[DaySpendAnswer]


class ModelsSpendAnswer(SelectionAnswer):
    """What each model came to, the dearest first."""

    totals: SpentAnswer
    items: list[ModelSpendAnswer]


class ModelTotalsAnswer(UsedAnswer):
    """What one model came to in all."""

    average: Money | None


class KeySpendAnswer(SpentAnswer):
    """What a key came to."""

    api_key_id: KeyId


class OneModelSpendAnswer(SelectionAnswer):
    """What one model came to, by day and by key."""

    model: str
    totals: ModelTotalsAnswer
    api_keys: list[KeySpendAnswer]
    days: list[DaySpendAnswer]
