"""A conversation as the body of Converse and ConverseStream."""

from typing import Any, Final

import orjson

from adapters.protocols.anthropic.sampling import check_defaults, is_fixed
from adapters.protocols.anthropic.schema import closed
from adapters.protocols.bedrock.families import claude, is_nova
from adapters.protocols.bedrock.messages import write_messages, write_system
from adapters.protocols.bedrock.thinking import Asked, thinking_of
from adapters.protocols.bedrock.tools import write_tools
from adapters.protocols.canonical.conversation import Conversation

TEMPERATURE_MAX: Final = 1

_CARRIED: Final = frozenset({"temperature", "top_p", "top_k", "service_tier"})
_TIERS: Final = frozenset({"flex", "priority"})
_STANDARD: Final = frozenset({None, "auto", "default", "standard", "standard_only"})


def write_request(conversation: Conversation, model: str, *, output_cap: int) -> dict[str, Any]:
    """Write the request's fields; the model and whether it streams are said in the address.

    Raises UnsupportedParameterError by the name that the caller gave the field.
    """
    conversation.check_options(_CARRIED)
    asked = thinking_of(conversation, model, output_cap)
    tools = write_tools(conversation, model, thinks=asked.thinks)
    sampling, more = _sampling(conversation, model, asked)
    fields: dict[str, Any] = {
        "messages": write_messages(conversation, model),
        "inferenceConfig": {"maxTokens": output_cap, **sampling},
        **tools,
        **_output(conversation, asked),
        **_tier(conversation),
    }
    if system := write_system(conversation, model):
        fields["system"] = system
    if extra := {**tools.get("additionalModelRequestFields", {}), **asked.fields, **more}:
        fields["additionalModelRequestFields"] = extra
    return fields


def _sampling(
    conversation: Conversation, model: str, asked: Asked
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write how it samples: among Converse's fields, and beside them."""
    abilities = claude(model)
    fixed = abilities is not None and is_fixed(abilities, asked.fields)
    config: dict[str, Any] = {"stopSequences": list(conversation.stop)} if conversation.stop else {}
    if fixed:
        check_defaults(conversation)
        return config, {}
    options = conversation.options
    if (temperature := options.get("temperature")) is not None:
        if temperature > TEMPERATURE_MAX:
            conversation.refuse("temperature", f"goes up to {TEMPERATURE_MAX} with this model")
        config["temperature"] = temperature
    if (top_p := options.get("top_p")) is not None:
        config["topP"] = top_p
    return config, _top_k(conversation, model)


def _top_k(conversation: Conversation, model: str) -> dict[str, Any]:
    """Write what Converse has no field for in the vendor's own words."""
    top_k = conversation.options.get("top_k")
    if top_k is None:
        return {}
    if claude(model) is not None:
        return {"top_k": top_k}
    if not is_nova(model):
        conversation.refuse("top_k")
    return {"inferenceConfig": {"topK": top_k}}


def _output(conversation: Conversation, asked: Asked) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if asked.effort is not None:
        config["effort"] = asked.effort
    form = conversation.format
    if form is not None and form.schema is None:
        conversation.refuse("format", "must be a schema for this model's provider")
    if form is not None and form.schema is not None:
        described = {"description": form.description} if form.description else {}
        schema = {
            "schema": orjson.dumps(closed(form.schema)).decode(),
            "name": form.name,
            **described,
        }
        config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    return {"outputConfig": config} if config else {}


def _tier(conversation: Conversation) -> dict[str, Any]:
    tier = conversation.options.get("service_tier")
    if tier in _STANDARD:
        return {}
    if tier not in _TIERS:
        conversation.refuse("service_tier")
    return {"serviceTier": {"type": tier}}
