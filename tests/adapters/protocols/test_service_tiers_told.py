"""The service tier as upstreams tell it, in short words of ours."""

import pytest

from adapters.protocols.anthropic.usage import read_usage as anthropic
from adapters.protocols.bedrock.usage import read_usage as bedrock
from adapters.protocols.gemini.usage import read_usage as gemini
from adapters.protocols.openai_chat.usage import read_usage as chat
from adapters.protocols.openai_responses.usage import read_usage as responses

ANTHROPIC = {"input_tokens": 10, "output_tokens": 1}
GEMINI = {"promptTokenCount": 100, "candidatesTokenCount": 20}
BEDROCK = {"inputTokens": 3, "outputTokens": 1}


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        (None, None), ("auto", None), ("", None), (5, None),
        ("default", "standard"), ("standard", "standard"),
        ("flex", "flex"), ("priority", "priority"), ("Scale", "scale"),
        ("not a tier\x00", "unknown"), ("x" * 50, "unknown"),
    ],
)  # fmt: skip
def test_the_service_tier_is_a_short_word_of_ours(told: object, tier: str | None) -> None:
    answer = {"service_tier": told}

    assert chat({"prompt_tokens": 1, "completion_tokens": 1}, answer).service_tier == tier
    assert chat(None, answer).service_tier == tier
    assert responses({"input_tokens": 1, "output_tokens": 1}, answer).service_tier == tier
    assert anthropic({**ANTHROPIC, "service_tier": told}).service_tier == tier
    assert gemini({**GEMINI, "serviceTier": told}).service_tier == tier
    assert bedrock(BEDROCK, {"serviceTier": {"type": told}}).service_tier == tier


def test_anthropics_fast_mode_is_a_tier_of_its_own() -> None:
    fast = {**ANTHROPIC, "service_tier": "standard", "speed": "fast"}

    assert anthropic(fast).service_tier == "fast"
    assert anthropic({**fast, "speed": "standard"}).service_tier == "standard"


@pytest.mark.parametrize(
    ("traffic", "tier"),
    [
        ("ON_DEMAND", "standard"), ("ON_DEMAND_FLEX", "flex"), ("ON_DEMAND_PRIORITY", "priority"),
        ("TRAFFIC_TYPE_UNSPECIFIED", None), ("PROVISIONED_THROUGHPUT", "provisioned_throughput"),
    ],
)  # fmt: skip
def test_vertex_tells_the_tier_as_a_type_of_traffic(traffic: str, tier: str | None) -> None:
    assert gemini({**GEMINI, "trafficType": traffic}).service_tier == tier
