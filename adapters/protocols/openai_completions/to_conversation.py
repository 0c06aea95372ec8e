"""A completions request as a conversation: one user says the prompt (wire-facts §1.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.protocols.canonical.blocks import Text
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.openai_chat.asked import options_of, stop_of
from domain.errors import InvalidRequestError, UnsupportedParameterError

_ONLY_HERE: Final[Mapping[str, tuple[Any, ...]]] = {
    "suffix": (None, ""),
    "echo": (None, False),
    "logprobs": (None,),
}
"""And how they are as good as not said."""
_ONE: Final = ("n", "best_of")


def to_conversation(
    body: Mapping[str, Any], prompts: Sequence[str | Sequence[int]]
) -> Conversation:
    """Read a checked body, or raise UnsupportedParameterError naming what only this one knows."""
    for name, unsaid in _ONLY_HERE.items():
        if body.get(name) not in unsaid:
            raise UnsupportedParameterError(name, "is not known to this model, which answers chats")
    for name in _ONE:
        if (body.get(name) or 1) > 1:
            raise UnsupportedParameterError(name, "must be 1 for this model, which answers chats")
    prompt = prompts[0]
    if len(prompts) > 1 or not isinstance(prompt, str):
        raise UnsupportedParameterError("prompt", "must be one text for this model")
    if not prompt:
        message = "'prompt' must not be empty for this model."
        raise InvalidRequestError(message, "prompt")
    return Conversation(
        turns=(Turn("user", (Text(prompt),)),),
        stop=stop_of(body.get("stop")),
        options=options_of({name: value for name, value in body.items() if name != "logprobs"}),
        names={"turns": "prompt"},
    )
