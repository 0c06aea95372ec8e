"""Answers about the security policy, and about what is kept of calls by it."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Time
from api.openapi.answers.api_keys import ModelScopeAnswer
from api.openapi.answers.balance import CustomerId


class ContentRuleAnswer(Answer):
    """A term that refuses a call or is masked in it."""

    id: Annotated[str, Field(examples=["project-names"])]
    term: Annotated[str, Field(examples=["Project Falcon"])]
    action: Literal["block", "mask"]


class LoggingAnswer(Answer):
    """Whether calls' words are kept."""

    enabled: bool


class SecurityRulesAnswer(Answer):
    """What each setting does, in words."""

    content_rules: str
    masks: str
    logging: str
    model_scope: str


class SecurityPolicyAnswer(Answer):
    """What is refused and masked of a customer's calls, and what is kept of them."""

    customer_id: CustomerId
    content_rules: list[ContentRuleAnswer]
    masks: Annotated[
        list[Literal["api_key", "card", "email", "iban", "phone"]],
        Field(description="Kinds of data that never go upstream."),
    ]
    logging: LoggingAnswer
    retention_days: Annotated[int, Field(description="How long what is kept lives.")]
    model_scope: ModelScopeAnswer
    rules: SecurityRulesAnswer


class CallContentAnswer(Answer):
    """What was kept of a call."""

    request_id: Annotated[str, Field(examples=["req_019afe4cbb0f7c3f8f0ad2f9e4ab4be0"])]
    kept_at: Time
    prompt: Annotated[str, Field(description="The request's body, masked as it went upstream.")]
    answer: Annotated[str, Field(description="The answer as it came, before values were put back.")]
    truncated: Annotated[bool, Field(description="Whether either was longer than what is kept.")]
