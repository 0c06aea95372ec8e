"""Answers about the context configuration."""

from typing import Annotated

from pydantic import Field

from api.document.answer import Answer
from api.openapi.answers.balance import CustomerId


class ContextRulesAnswer(Answer):
    """What each setting does, in words."""

    window: str
    memory: str
    cache: str


class ContextConfigAnswer(Answer):
    """How much of a long conversation goes upstream, and what is kept of calls."""

    customer_id: CustomerId
    window_tokens: Annotated[
        int | None, Field(description="Above this, the oldest turns are left out; null: never.")
    ]
    memory_days: Annotated[
        int | None,
        Field(description="Conversations unused for so long are archived; null: never."),
    ]
    cache_seconds: Annotated[
        int | None, Field(description="How long an answer may be given again; null: never.")
    ]
    rules: ContextRulesAnswer
