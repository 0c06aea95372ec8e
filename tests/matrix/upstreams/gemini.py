"""The matrix's upstream that speaks Gemini's generateContent."""

from tests.matrix.features import Feature, Json, Seen, pieces
from tests.matrix.wire import sse_answer, whole_answer
from tests.scripted_answers import Answer, Received

PATH = "/v1beta"
USAGE: Json = {
    "promptTokenCount": 1050,
    "cachedContentTokenCount": 900,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 10,
    "totalTokenCount": 1080,
}
EARLY: Json = {"promptTokenCount": 1050, "totalTokenCount": 1050}
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP"}


def model_in(request: Received) -> str:
    """The upstream's own name of the model."""
    return request.path.partition("/models/")[2].partition(":")[0]


def seen_in(request: Received) -> Seen:
    """Read the request as Google would."""
    body = request.json
    config: Json = body.get("generationConfig") or {}
    seen = Seen(
        max_tokens=config.get("maxOutputTokens") or 0, stop=config.get("stopSequences") or []
    )
    seen.system = "".join(
        part["text"] for part in (body.get("systemInstruction") or {}).get("parts", [])
    )
    for content in body["contents"]:
        for part in content["parts"]:
            _see(content["role"], part, seen)
    seen.tools = [
        declared["name"]
        for tool in body.get("tools") or ()
        for declared in tool["functionDeclarations"]
    ]
    seen.schema = config.get("responseJsonSchema")
    thinking: Json = config.get("thinkingConfig") or {}
    seen.thinking = bool(thinking.get("thinkingBudget") or thinking.get("thinkingLevel"))
    return seen


def _see(role: str, part: Json, seen: Seen) -> None:
    if "inlineData" in part:
        seen.image = part["inlineData"]["data"]
    elif "functionCall" in part:
        seen.calls.append(part["functionCall"]["args"])
    elif "functionResponse" in part:
        seen.results.append(part["functionResponse"]["response"]["output"])
    elif role == "user":
        seen.text += part["text"]


def answer_with(feature: Feature) -> Answer:
    """Answer as Google does."""

    def answer(request: Received) -> list[bytes]:
        if "streamGenerateContent" in request.path:
            chunks = [("", chunk) for chunk in _chunks(feature)]
            return sse_answer([*chunks], end="\r\n\r\n")
        return whole_answer(_response(_parts(feature), FINISH[feature.stop], USAGE))

    return answer


def _response(parts: list[Json], finish: str | None, usage: Json) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "up",
        "responseId": "r1",
    }


def _parts(feature: Feature) -> list[Json]:
    parts: list[Json] = []
    if feature.thoughts:
        parts.append({"text": feature.thoughts, "thought": True})
    if feature.text:
        parts.append({"text": feature.text})
    calls = [
        {"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}}
        for call in feature.calls
    ]
    return [*parts, *calls]


def _chunks(feature: Feature) -> list[Json]:
    parts: list[Json] = [{"text": piece, "thought": True} for piece in pieces(feature.thoughts)]
    parts += [{"text": piece} for piece in pieces(feature.text)]
    parts += [part for part in _parts(feature) if "functionCall" in part]
    chunks = [_response([part], None, EARLY) for part in parts]
    return [*chunks, _response([{"text": ""}], FINISH[feature.stop], USAGE)]
