"""What we send to a server of Responses, checked by OpenAI's own types."""

from typing import Any

from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from adapters.protocols.canonical.blocks import Text
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.openai_responses.from_conversation import write_request

PARAMS: Any = TypeAdapter(ResponseCreateParamsNonStreaming)
SAID = Turn("user", (Text("Hi"),))


def written(conversation: Conversation, model: str = "m", **options: Any) -> dict[str, Any]:
    fields = write_request(conversation, model, output_cap=100, stream=False, **options)
    # What a client of OpenAI's could not have sent, OpenAI would not take.
    PARAMS.validate_python(fields | {"input": list(map(named, fields["input"]))})
    return fields


def named(item: dict[str, Any]) -> dict[str, Any]:
    """The type demands ids of what the model said; the service, which keeps none, does not."""
    if item["type"] == "reasoning":
        return item | {"id": "rs_1"}
    if item["type"] != "message" or item["role"] != "assistant":
        return item
    parts = [part | ({"annotations": []} if "text" in part else {}) for part in item["content"]]
    return item | {"id": "msg_1", "status": "completed", "content": parts}
