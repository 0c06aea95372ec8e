"""Answers about a customer's API keys."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Items, Money, Page, Time
from api.openapi.answers.models import ReasonAnswer

KeyId = Annotated[str, Field(examples=["key_019afe4cbb0f7c3f8f0ad2f9e4ab0000"])]
Window = Literal["none", "day", "month"]
PermissionName = Literal["inference", "manage"]


class ModelScopeAnswer(Answer):
    """Which models the key may call, ready to be drawn."""

    mode: Annotated[
        Literal["automatic", "single", "selected"],
        Field(description="Automatic: every model that the customer may call, now and later."),
    ]
    model_ids: list[str]


class KeyQuotaAnswer(Answer):
    """How much the key may spend in each window of UTC; `none` never begins anew."""

    amount: Money
    window: Window


class KeyUsageAnswer(Answer):
    """What counts towards the quota in its present window, calls that are still open included."""

    window: Annotated[str, Field(examples=["2026-11"])]
    spent: Money
    held: Money
    remaining: Annotated[Money | None, Field(description="None without a quota.")]
    resets_at: Annotated[Time | None, Field(description="None if it never does.")]
    currency: str


class KeyLimitsAnswer(Answer):
    """How much a minute and how many at once it may call; none is no limit.

    Each key counts for itself. Only the customer's own limits, which the operator sets, bound all
    of its keys together.
    """

    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_calls: int | None


class KeyAnswer(Answer):
    """A key; its secret is never shown again."""

    api_key_id: KeyId
    name: Annotated[str | None, Field(description="None where it was erased.")]
    display: Annotated[str, Field(description="How the secret begins.", examples=["tb_0000Xy12"])]
    status: Literal["active", "disabled", "expired"]
    model_scope: ModelScopeAnswer
    allowed_model_ids: list[str]
    permissions: list[PermissionName]
    quota: KeyQuotaAnswer | None
    usage: KeyUsageAnswer
    tags: dict[str, str]
    limits: KeyLimitsAnswer
    expires_at: Time | None
    created_at: Time
    disabled_at: Time | None
    last_used_at: Annotated[Time | None, Field(description="When it last began a call.")]


class KeysAnswer(Page[KeyAnswer]):
    """Keys, the newest first."""


class ShownKeyAnswer(KeyAnswer):
    """A key with a secret that is in this answer and nowhere else."""

    api_key: Annotated[str, Field(description="The secret, for the only time.")]


class RotatedKeyAnswer(ShownKeyAnswer):
    """A key with its new secret, and until when the one before lives."""

    previous_secret_ends_at: Time


class ModelAccessAnswer(Answer):
    """Whether the smallest call of a model would be made with the key now, or why not."""

    model: str
    type: Literal["model", "alias", "auto"]
    callable: bool
    blocking_reasons: list[ReasonAnswer]


class KeyAccessAnswer(Items[ModelAccessAnswer]):
    """Every model that the customer is shown, in the catalogue's order."""

    api_key_id: KeyId
