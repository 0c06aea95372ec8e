"""Which of OpenAI's APIs a provider has, and so which calls go where."""

from typing import Any

import pytest

from adapters.upstreams.openai import openai_dialect
from adapters.upstreams.openai_endpoint import Endpoint
from api.catalog.file import ConfigError, parse_catalog

CATALOG = """
[[providers]]
name = "p"
protocol = "{protocol}"
base_url = "https://{host}/v1"
{apis}
[[models]]
id = "m"
context_tokens = 1000
max_output_tokens = 100
price = {{ input = "1", output = "1" }}
[[models.routes]]
provider = "p"
model = "up"
"""


def apis_of(host: str = "x.example", apis: str = "", protocol: str = "openai") -> Any:
    text = CATALOG.format(host=host, apis=apis, protocol=protocol)
    return parse_catalog(text, {}, file="f").providers[0].apis


def test_openai_itself_has_both_and_its_imitators_have_chat() -> None:
    assert apis_of("api.openai.com") == ("chat", "responses")
    assert apis_of() == ("chat",)


def test_the_file_may_say_otherwise() -> None:
    assert apis_of(apis='apis = ["responses"]') == ("responses",)
    assert apis_of("api.openai.com", 'apis = ["responses", "chat"]') == ("responses", "chat")


@pytest.mark.parametrize(
    ("apis", "protocol", "path"),
    [
        ("apis = []", "openai", "providers[0].apis"),
        ('apis = ["files"]', "openai", "providers[0].apis[0]"),
        ('apis = ["chat", "chat"]', "openai", "providers[0]"),
        ('apis = ["chat"]', "anthropic", "providers[0]"),
        ('output_cap_field = "max_tokens"', "anthropic", "providers[0]"),
        ('output_cap_field = "max_tokens"', "gemini", "providers[0]"),
    ],
)
def test_what_makes_no_sense_is_refused(apis: str, protocol: str, path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        apis_of(apis=apis, protocol=protocol)

    assert refused.value.path == path


@pytest.mark.parametrize("protocol", ["anthropic", "bedrock"])
def test_vectors_are_asked_of_no_provider_that_has_none(protocol: str) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}
    url = "bedrock-runtime.eu-west-1.amazonaws.com"
    text = CATALOG.format(host=url, apis="", protocol=protocol)
    embeddings = text.replace("context_tokens", 'kind = "embeddings"\ncontext_tokens')
    parse_catalog(text, credentials, file="f")

    with pytest.raises(ConfigError) as refused:
        parse_catalog(embeddings, credentials, file="f")

    assert refused.value.path == "models[0].routes[0].provider"
    assert "of embeddings" in str(refused.value)


@pytest.mark.parametrize(
    ("apis", "native", "converting"),
    [
        (("chat",), {"openai_chat"}, "ChatCodec"),
        (("chat", "responses"), {"openai_chat", "openai_responses"}, "ChatCodec"),
        (("responses", "chat"), {"openai_chat", "openai_responses"}, "ResponsesCodec"),
        (("responses",), {"openai_responses"}, "ResponsesCodec"),
    ],
)
def test_the_first_is_for_callers_of_other_protocols(
    apis: tuple[str, ...], native: set[str], converting: str
) -> None:
    dialect = openai_dialect(Endpoint("https://x.example/v1", None, "max_tokens", apis))

    assert dialect.native.keys() & {"openai_chat", "openai_responses"} == native
    codec: Any = dialect.converting
    assert type(codec._codec).__name__ == converting
