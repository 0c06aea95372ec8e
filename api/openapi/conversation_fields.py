"""What a customer may say of a conversation, and how its texts are kept: so that they can go."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Final, Self
from uuid import UUID

import orjson
from pydantic import Field, model_validator

from adapters.ledger.texts import ErasableTexts, Naming
from api.admin.body import Fields
from api.admin.fields import Name
from api.admin.texts import erase_now, kept
from api.errors import InvalidFieldError
from api.gateway import Gateway
from domain.conversation import Label
from domain.errors import ModelNotFoundError
from projections.read_conversations import METADATA, TITLE

PAIRS_MAX: Final = 16
KEY_MAX: Final = 64
VALUE_MAX: Final = 512

Key = Annotated[str, Field(min_length=1, max_length=KEY_MAX)]
Value = Annotated[str, Field(max_length=VALUE_MAX)]
Metadata = Annotated[dict[Key, Value], Field(max_length=PAIRS_MAX)]

_NAMES: Final = {TITLE: "title", METADATA: "metadata"}

Changes = dict[str, str | None]
"""Fields of a `Label`."""


class ConversationFields(Fields):
    """What a conversation is called; `metadata` holds up to 16 pairs of the customer's own."""

    title: Name | None = None
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    metadata: Metadata | None = None


class ConversationChangeFields(ConversationFields):
    """What to change; what is left out stays, null takes away."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self


@asynccontextmanager
async def keeping(
    gateway: Gateway, conversation_id: UUID, fields: ConversationFields
) -> AsyncGenerator[Changes]:
    """Keep each given text under an id of its own, so that a refusal leaves the old ones.

    Raises InvalidFieldError for a model that is none of the catalog's.
    """
    given, changes = fields.model_fields_set, Changes()
    if "model" in given:
        _check_known(gateway, fields.model)
        changes["model"] = fields.model
    async with AsyncExitStack() as stack:
        if "title" in given:
            changes |= await _kept(stack, gateway, conversation_id, TITLE, fields.title)
        if "metadata" in given:
            written = orjson.dumps(fields.metadata).decode() if fields.metadata else None
            changes |= await _kept(stack, gateway, conversation_id, METADATA, written)
        yield changes


async def _kept(
    stack: AsyncExitStack, gateway: Gateway, conversation_id: UUID, kind: str, body: str | None
) -> Changes:
    name = _NAMES[kind]
    naming = Naming(conversation_id, f"{name}_id")
    if body is None:
        await gateway.texts.due(kind, naming)
        return {f"{name}_id": None, f"{name}_hash": None}
    text_id = gateway.mint()
    text_hash = await stack.enter_async_context(kept(gateway.texts, text_id, kind, body, naming))
    return {f"{name}_id": text_id.hex, f"{name}_hash": text_hash}


async def forget(texts: ErasableTexts, before: Label, changes: Mapping[str, str | None]) -> None:
    """Erase the texts that a change has replaced."""
    for text_id, name, kind in (
        (before.title_id, "title_id", TITLE),
        (before.metadata_id, "metadata_id", METADATA),
    ):
        if text_id is not None and name in changes:
            await erase_now(texts, UUID(text_id), kind)


def read_metadata(written: str | None) -> dict[str, str]:
    """Read what was kept."""
    pairs: dict[str, str] = orjson.loads(written) if written else {}
    return pairs


def _check_known(gateway: Gateway, model: str | None) -> None:
    catalog = gateway.catalog
    try:
        if model is not None:
            catalog.choose(model, {known.kind for known in catalog.models.values()})
    except ModelNotFoundError as error:
        raise InvalidFieldError(str(error), "model") from None
