"""How a Bedrock provider is known to Amazon: by Amazon's own variables, or a key of its own."""

from typing import Any

import pytest

from adapters.upstreams.sigv4 import AwsKeys
from api.aws_environment import VariableMissingError, aws_credentials
from api.catalog.file import ConfigError, Configured, parse_catalog

HOST = "https://bedrock-runtime.eu-west-1.amazonaws.com"
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
CATALOG = """
[[providers]]
name = "amazon"
protocol = "bedrock"
base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com"
{more}
[[models]]
id = "claude"
context_tokens = 200000
max_output_tokens = 8192
price = {{ input = "3", output = "15" }}
[[models.routes]]
provider = "amazon"
model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
"""


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (HOST, "eu-west-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://bedrock-runtime.eu-west-1.api.aws", "eu-west-1"),
        ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "us-east-1"),
        ("http://127.0.0.1:8080", "us-east-1"),
    ],
)
def test_the_region_is_the_endpoints_own_else_the_environments(url: str, region: str) -> None:
    assert aws_credentials(url, KEYS) == AwsKeys("AKID", "secret", region)


def test_a_session_has_its_token() -> None:
    found = aws_credentials(HOST, {**KEYS, "AWS_SESSION_TOKEN": "token"})
    assert found == AwsKeys("AKID", "secret", "eu-west-1", "token")


def test_a_bedrock_key_comes_before_the_keys_that_sign() -> None:
    assert aws_credentials(HOST, {**KEYS, "AWS_BEARER_TOKEN_BEDROCK": " key "}) == "key"
    assert aws_credentials(HOST, {**KEYS, "AWS_BEARER_TOKEN_BEDROCK": " "}) != "key"


@pytest.mark.parametrize("name", KEYS)
def test_what_is_missing_is_named(name: str) -> None:
    left = {key: value for key, value in KEYS.items() if key != name}
    with pytest.raises(VariableMissingError, match=f"the variable {name} is not set"):
        aws_credentials("http://127.0.0.1", left)


def test_what_no_header_can_carry_is_refused_without_showing_it() -> None:
    with pytest.raises(VariableMissingError) as fault:
        aws_credentials(HOST, {**KEYS, "AWS_SECRET_ACCESS_KEY": "s\u00e9cret"})
    assert "AWS_SECRET_ACCESS_KEY" in str(fault.value)
    assert "cret" not in str(fault.value).replace("SECRET", "")


def parsed(more: str = "", **environ: str) -> Configured:
    return parse_catalog(CATALOG.format(more=more), environ, file="f")


def test_a_provider_is_configured_by_the_environment() -> None:
    [provider] = parsed(**KEYS).providers
    assert (provider.aws, provider.api_key) == (AwsKeys("AKID", "secret", "eu-west-1"), None)
    assert "secret" not in repr(provider)


def test_a_key_of_its_own_needs_none_of_amazons_variables() -> None:
    [provider] = parsed('api_key_env = "MY_KEY"', MY_KEY="key").providers
    assert (provider.aws, provider.api_key) == (None, "key")


def test_a_provider_without_any_key_names_what_is_missing_and_where() -> None:
    with pytest.raises(ConfigError) as fault:
        parsed()
    problem: Any = fault.value
    assert (problem.path, problem.problem) == (
        "providers[0]",
        "the variable AWS_ACCESS_KEY_ID is not set",
    )
