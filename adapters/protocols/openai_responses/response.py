"""The response object, as clients of Responses read it; much of it repeats what was asked."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.protocols.canonical.answer import AnswerBlock, Frame, Stop
from adapters.protocols.canonical.blocks import Refusal, Text, ToolUse
from adapters.protocols.openai_chat.answer import tier_of
from adapters.protocols.openai_responses.names import Named
from adapters.protocols.openai_responses.sealed import seal_call, seal_thought
from adapters.protocols.openai_responses.usage import write_usage
from domain.metering import Report

Json = dict[str, Any]
IN_PROGRESS, COMPLETED, INCOMPLETE, FAILED = "in_progress", "completed", "incomplete", "failed"

SERVER_ERROR: Final = "server_error"
"""What becomes of the code of any failure after the beginning: clients may try again."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_FORM: Final = {"format": {"type": "text"}}
_INCOMPLETE: Final[Mapping[Stop, str]] = {
    "length": "max_output_tokens",
    "context_full": "max_output_tokens",
    "filtered": "content_filter",
}


class ResponseWriter:
    """Writes everything that belongs to one response."""

    def __init__(self, frame: Frame, body: Mapping[str, Any], spaces: Mapping[str, Named]) -> None:
        self._frame = frame
        self._spaces = spaces
        asked = {name: body[name] for name in _DEFAULTS if body.get(name) is not None}
        if "text" in asked:
            asked["text"] = _FORM | {k: v for k, v in asked["text"].items() if v is not None}
        self._asked = {**_DEFAULTS, **asked}

    def begun(self) -> Json:
        """Write the response of which nothing is known but what was asked."""
        return self._response(IN_PROGRESS, [], None)

    def ended(self, stop: Stop, items: list[Json], report: Report) -> Json:
        """Write the whole response."""
        reason = _INCOMPLETE.get(stop)
        usage = None if report.usage is None else write_usage(report.usage)
        response = self._response(INCOMPLETE if reason else COMPLETED, items, usage)
        response |= tier_of(report)
        if reason:
            response["incomplete_details"] = {"reason": reason}
        return response

    def failed(self, message: str, items: list[Json]) -> Json:
        """Write a response that broke off."""
        response = self._response(FAILED, items, None)
        response["error"] = {"code": SERVER_ERROR, "message": message}
        return response

    def item(self, block: AnswerBlock, number: int, status: str = COMPLETED) -> Json:
        """Write a block as the output item of this number."""
        if isinstance(block, Text | Refusal):
            return {
                "type": "message",
                "id": self.id_of("msg", number),
                "role": "assistant",
                "status": status,
                "content": [part_of(block)],
            }
        if isinstance(block, ToolUse):
            return self._call(block, number, status)
        text = getattr(block, "text", "")
        sealed = seal_thought(block)
        return self._reasoning(number, text, sealed, status)

    def signature(self, call: ToolUse, number: int) -> Json | None:
        """Write a call's signature as an item of its own, for there is no other place."""
        sealed = seal_call(call)
        return None if sealed is None else self._reasoning(number, "", sealed, COMPLETED)

    def id_of(self, kind: str, number: int) -> str:
        """Name an item."""
        return f"{kind}_{self._frame.id}_{number}"

    def _reasoning(self, number: int, text: str, sealed: str | None, status: str) -> Json:
        return {
            "type": "reasoning",
            "id": self.id_of("rs", number),
            "summary": [{"type": "summary_text", "text": text}] if text else [],
            **({"encrypted_content": sealed} if sealed else {}),
            "status": status,
        }

    def _call(self, call: ToolUse, number: int, status: str) -> Json:
        named = self._spaces.get(call.name, Named(call.name))
        said = {"input": call.arguments} if call.custom else {"arguments": call.arguments}
        return {
            "type": "custom_tool_call" if call.custom else "function_call",
            "id": self.id_of("ctc" if call.custom else "fc", number),
            "call_id": call.id,
            "name": named.name,
            **({"namespace": named.namespace} if named.namespace else {}),
            **said,
            "status": status,
        }

    def _response(self, status: str, items: list[Json], usage: Json | None) -> Json:
        return {
            "id": f"resp_{self._frame.id}",
            "object": "response",
            "created_at": self._frame.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": self._frame.model,
            "output": items,
            "previous_response_id": None,
            "store": False,
            **self._asked,
            "usage": usage,
        }


def part_of(block: Text | Refusal) -> Json:
    """Write the one content part of a message."""
    if isinstance(block, Refusal):
        return {"type": "refusal", "refusal": block.text}
    return {"type": "output_text", "text": block.text, "annotations": [], "logprobs": []}
