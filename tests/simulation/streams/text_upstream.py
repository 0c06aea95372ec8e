"""An upstream that only completes text, as OpenAI's oldest API does."""

from types import SimpleNamespace
from typing import Any, Final, cast

from tests.matrix.features import Feature, pieces
from tests.matrix.gateway import Upstream
from tests.matrix.wire import sse_answer
from tests.scripted_answers import Answer, Received

Json = dict[str, Any]

USAGE: Json = {"prompt_tokens": 40, "completion_tokens": 6, "total_tokens": 46}


def answer_with(feature: Feature) -> Answer:
    """Stream a feature's text, all that there is of it here."""

    def answer(request: Received) -> list[bytes]:
        assert request.path.endswith("/completions")
        frame: Json = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "up"}
        said = [(piece, None) for piece in pieces(feature.text)]
        chunks: list[Json] = [
            {"choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": reason}]}
            for text, reason in (*said, ("", "stop"))
        ]
        told = [("", {**frame, **chunk}) for chunk in (*chunks, {"choices": [], "usage": USAGE})]
        return sse_answer([*told, ("", "[DONE]")])

    return answer


COMPLETIONS: Final = Upstream(
    "completions",
    "openai",
    "davinci-002",
    cast("Any", SimpleNamespace(PATH="/v1", answer_with=answer_with)),
    {"input": 40, "output": 6},
)
