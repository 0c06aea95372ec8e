"""What a scripted OpenAI answers to text completions and embeddings (wire-facts §1.2, §1.3)."""

import base64
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from tests.scripted_answers import (
    DONE,
    STREAM_END,
    STREAM_HEAD,
    Answer,
    Json,
    Received,
    Step,
    echo as chat,
    event_of,
    framed,
    usage_of,
    whole,
    words_of,
)


def echo(*, usage: bool = True) -> Answer:
    """Repeats each prompt, embeds each input, and answers chats, as the path says."""

    def answer(request: Received) -> Iterable[Step]:
        if request.path.endswith("/embeddings"):
            return embed(request)
        if request.path.endswith("/chat/completions"):
            return chat()(request)
        return complete(request, usage=usage)

    return answer


def complete(request: Received, *, usage: bool = True) -> list[Step]:
    """Say each prompt's words back, up to the cap; tokens by their numbers."""
    prompts, body = inputs_of(request.json["prompt"]), request.json
    kept = [words_of(written(prompt))[: body["max_tokens"]] for prompt in prompts] * request.n
    used = usage_of(sum(map(tokens_of, prompts)), sum(map(len, kept)))
    if body.get("stream"):
        pieces = [(index, word) for index, words in enumerate(kept) for word in words]
        chunks = [_chunk(request, _choice(index, word, None)) for index, word in pieces]
        chunks += [_chunk(request, _choice(index, "", "stop")) for index in range(len(kept))]
        if usage and request.wants_usage:
            chunks.append(_chunk(request) | {"usage": used})
        return [STREAM_HEAD, *(framed(event_of(c)) for c in chunks), framed(DONE), STREAM_END]
    choices = [_choice(index, "".join(words), "stop") for index, words in enumerate(kept)]
    return [whole(200, _chunk(request, *choices) | ({"usage": used} if usage else {}))]


def embed(request: Received) -> list[Step]:
    """Make a vector of each input's length, packed if asked for."""
    inputs, body = inputs_of(request.json["input"]), request.json
    vectors = [[float(tokens_of(item)), 0.5] for item in inputs]
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": packed(v) if body.get("encoding_format") == "base64" else v,
        }
        for index, v in enumerate(vectors)
    ]
    tokens = sum(map(tokens_of, inputs))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return [whole(200, {"object": "list", "data": data, "model": body["model"], "usage": usage})]


def inputs_of(given: Any) -> list[str | list[int]]:
    """One input or several, as text or as tokens."""
    alone = isinstance(given, str) or isinstance(given[0], int)
    return [given] if alone else given


def packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def written(item: str | list[int]) -> str:
    return item if isinstance(item, str) else " ".join(map(str, item))


def tokens_of(item: str | list[int]) -> int:
    return len(words_of(item)) if isinstance(item, str) else len(item)


def _choice(index: int, text: str, finish_reason: str | None) -> Json:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _chunk(request: Received, *choices: Json) -> Json:
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1_700_000_000,
        "model": request.json["model"],
        "choices": list(choices),
    }
