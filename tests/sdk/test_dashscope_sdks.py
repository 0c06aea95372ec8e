"""DashScope's SDK of today and of 1.25, each in a process of its own, served by either protocol."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_upstream import Answer, completion, error, in_stream_error
from tests.sdk.books import Call
from tests.sdk.environments import DASHSCOPE_1, Environments
from tests.sdk.houses import visited
from tests.sdk.qwen_calls import FEATURES, MODES, QUESTION, Heard, heard
from tests.sdk.shop import House
from tests.upstreams import dashscope_answers as aliyun

SCRIPT = Path(__file__).with_name("dashscope_script.py")
MODELS = {"qwen-plus": "aliyun", "chat-plus": "chat"}
GRID = [(feature, mode, model) for feature in FEATURES for mode in MODES for model in MODELS]


@dataclass(frozen=True)
class Visit:
    """One run of the script: what it saw, and what the ledger says."""

    version: str
    seen: dict[tuple[str, ...], list[Any]]
    calls: dict[tuple[str, ...], Call]


@pytest.fixture(scope="module", params=["2.", "1.25."])
def sdk(request: pytest.FixtureRequest, environments: Environments) -> tuple[str, str]:
    """A version of the SDK, and the Python that has it."""
    old = request.param == "1.25."
    return request.param, environments.python(*DASHSCOPE_1) if old else sys.executable


@pytest.fixture(scope="module")
def python(sdk: tuple[str, str]) -> str:
    return sdk[1]


def ask(python: str, house: House, key: str, cases: Sequence[Any]) -> Any:
    command = [python, "-W", "ignore", str(SCRIPT), house.gateway.url, key]
    done = subprocess.run(
        command, input=json.dumps(cases), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def visit(python: str, qwen_house: House) -> Iterator[Visit]:
    """Every feature in every mode at either upstream, by one run."""
    with visited(qwen_house) as shop:
        cases: list[Any] = []
        for feature, mode, model in GRID:
            options = {**FEATURES[feature].options, **MODES[mode]}
            cases.append(
                {"model": model, "messages": QUESTION, "result_format": "message"} | options
            )
            answers = FEATURES[feature].answers("stream" in MODES[mode])
            qwen_house.upstreams[MODELS[model]].script(answers[MODELS[model]])
        told = ask(python, qwen_house, shop.customer.api_key, cases)
        calls = shop.calls(len(GRID))
        yield Visit(
            told["version"],
            dict(zip(GRID, told["results"], strict=True)),
            dict(zip(GRID, calls, strict=True)),
        )


def test_both_ages_of_the_sdk_are_served(visit: Visit, sdk: tuple[str, str]) -> None:
    assert visit.version.startswith(sdk[0])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("feature", FEATURES)
def test_each_feature_arrives_in_each_mode_and_is_charged_alike(
    visit: Visit, feature: str, mode: str, model: str
) -> None:
    asked = FEATURES[feature]
    responses = visit.seen[feature, mode, model]
    got = heard(responses, mode)

    charged = asked.charged
    tokens = (charged["input"], charged["output"] + charged.get("reasoning", 0))
    finish = "tool_calls" if asked.calls else "length" if feature == "max tokens" else "stop"
    said = "Hi" if asked.thoughts else "" if asked.calls else SAID.get(feature, "one two three")
    arguments = [json.loads(call["function"]["arguments"]) for call in asked.calls]
    assert {response["status"] for response in responses} == {200}
    assert got == Heard(said, "".join(asked.thoughts), arguments, finish, tokens)
    visit.calls[feature, mode, model].assert_charged(model, **charged)


SAID = {"a result": "18C", "max tokens": "one two "}


@pytest.mark.parametrize("model", MODELS)
def test_what_may_be_thought_is_held_besides_what_may_be_seen(visit: Visit, model: str) -> None:
    call = visit.calls["thinking", "json", model]

    assert call.reserved["output_cap"] == 150
    assert call.reserved["surface"] == "dashscope"


def test_refusals_and_failures_are_told_in_its_own_words(python: str, qwen_house: House) -> None:
    stream = {"stream": True, "result_format": "message", "incremental_output": True}
    asked: dict[str, Any] = {"model": "qwen-plus", "messages": QUESTION}
    converted = asked | {"model": "chat-plus"}
    cases: list[tuple[Any, Answer | None, int, str]] = [
        (asked | {"api_key": "tb_0000nobody"}, None, 401, "InvalidApiKey"),
        (asked | {"model": "nope"}, None, 404, "Model.NotExist"),
        (asked | {"temperature": 9}, None, 400, "InvalidParameter"),
        (asked | {"enable_search": True}, None, 400, "InvalidParameter"),
        (converted | {"n": 2}, None, 400, "InvalidParameter"),
        (asked, aliyun.error(500, "InternalError"), 500, "InternalError"),
        (asked, aliyun.error(429, "Throttling"), 429, "Throttling"),
        (asked, aliyun.error(400, "InvalidParameter"), 400, "InvalidParameter"),
        (converted, error(500), 500, "InternalError"),
        (converted, completion(finish_reason="stop", usage=None), 200, ""),
        (asked | stream, aliyun.error_event(500, "X", ["one ", "two"]), 500, "InternalError"),
        (converted | stream, in_stream_error(after=2), 500, "InternalError"),
    ]
    with visited(qwen_house) as shop:
        for options, answer, _, _ in cases:
            if answer:
                qwen_house.upstreams[MODELS[options["model"]]].script(answer)
        told = ask(python, qwen_house, shop.customer.api_key, [case[0] for case in cases])
        poor = qwen_house.gateway.customer("0.000001")
        broke = ask(python, qwen_house, poor.api_key, [asked | {"max_tokens": 1000}])
        # A call is settled once, however it ends.
        calls = shop.calls(7)

    got = [(case[-1]["status"], case[-1]["code"] or "") for case in told["results"]]
    assert got == [(status, code) for _, _, status, code in cases]
    assert all(case[-1]["message"] or case[-1]["status"] == 200 for case in told["results"])
    assert [(broke["results"][0][-1][name]) for name in ("status", "code")] == [400, "Arrearage"]
    ends = ["charged" if call.of("wallet", "charged") else "released" for call in calls]
    assert ends == ["released"] * 4 + ["charged"] * 3
