"""The matrix's upstreams are held against their vendors' own libraries, without us between them."""

import sys

import pytest

from tests.matrix.clients import SCRIPTS, case_of
from tests.matrix.features import FEATURES, expected_of, missing_in
from tests.matrix.gateway import UPSTREAMS, Observed
from tests.matrix.run import MODES, answers_to, differences
from tests.scripted_upstream import ScriptedUpstream

CLIENTS = {
    "openai": "openai_chat.py",
    "responses": "openai_responses.py",
    "anthropic": "anthropic_messages.py",
    "dashscope": "dashscope_generation.py",
}
"""Whose library speaks to which; Gemini's and Bedrock's have tests of their own."""
UNSAID = {"responses": {"stop"}, "dashscope": {"image"}}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_vendors_library_asks_and_reads_as_our_stand_in_does(name: str) -> None:
    upstream = next(each for each in UPSTREAMS if each.name == name)
    features = [each for each in FEATURES if each.name not in UNSAID.get(name, set())]
    cases = [
        case_of(feature, f"{upstream.family}-{feature.name}", stream=stream)
        for feature in features
        for stream in MODES
    ]
    observed = Observed(upstream)
    with ScriptedUpstream(default=observed.answer) as server:
        url = server.url.removesuffix("/v1")
        command = [sys.executable, "-W", "ignore", str(SCRIPTS / CLIENTS[name]), url, "key"]
        results = answers_to(cases, command)

    for feature in features:
        wanted = expected_of(feature, thoughts_on_top=name == "dashscope")
        for seen in observed.seen[feature.name]:
            assert missing_in(seen, wanted) == []
        for stream in MODES:
            case = case_of(feature, f"{upstream.family}-{feature.name}", stream=stream)
            assert differences(results[case["id"]], feature, upstream) == []
