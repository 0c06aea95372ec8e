"""A text completion, written from the canonical form."""

from typing import Any

import orjson

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.blocks import Refusal, Text
from adapters.protocols.openai_chat.answer import FINISH, tier_of, usage_of

OBJECT = "text_completion"


def encode_answer(answer: Answer, frame: Frame) -> bytes:
    """Write an answer; there is no place for thoughts, so they are only billed."""
    text = "".join(block.text for block in answer.blocks if isinstance(block, Text | Refusal))
    return orjson.dumps(
        {
            **frame_of(frame),
            "choices": [choice_of(text, FINISH[answer.stop])],
            "usage": usage_of(answer.report),
            **tier_of(answer.report),
        }
    )


def frame_of(frame: Frame) -> dict[str, Any]:
    """Write what an answer and every chunk of one say about themselves."""
    return {
        "id": f"cmpl-{frame.id}",
        "object": OBJECT,
        "created": frame.created,
        "model": frame.model,
    }


def choice_of(text: str, finish_reason: str | None) -> dict[str, Any]:
    """Write the one choice that a conversation can give."""
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}
