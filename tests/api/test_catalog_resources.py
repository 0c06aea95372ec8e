"""What a catalogue file says about resources: MCP servers, skills and agents."""

import pytest

from api.catalog.file import ConfigError, default_catalog, parse_catalog
from domain.catalog import Catalog, Resource

MODELS = """
[[providers]]
name = "one"
protocol = "sandbox"
[[models]]
id = "vendor/m"
context_tokens = 1000
max_output_tokens = 100
[[models.routes]]
provider = "one"
model = "m"
[[aliases]]
id = "any"
models = ["vendor/m"]
"""
FULL = """
[[resources]]
id = "search"
type = "mcp_server"
name = "Search"
description = "Looks things up."
url = "https://mcp.example.com/sse/"
version = "1.2.0"
tags = ["web", "fast"]
models = ["vendor/m", "any", "auto"]
"""
LEAST = """
[[resources]]
id = "summaries"
type = "skill"
name = "Summaries"
"""


def catalog(*parts: str) -> Catalog:
    return parse_catalog(MODELS + "".join(parts), {}, file="f").catalog


def test_resources_are_read_in_their_order_with_all_that_is_said_of_them() -> None:
    assert list(catalog(FULL, LEAST).resources.values()) == [
        Resource(
            "search", "mcp_server", "Search", "Looks things up.", "https://mcp.example.com/sse",
            "1.2.0", ("web", "fast"), ("vendor/m", "any", "auto"),
        ),
        Resource("summaries", "skill", "Summaries"),
    ]  # fmt: skip


def test_without_resources_there_are_none() -> None:
    assert catalog().resources == {}
    assert default_catalog().catalog.resources == {}


@pytest.mark.parametrize(
    ("change", "where", "problem"),
    [
        (('"search"', '"vendor/m"'), "resources[0].id", "meaning already"),
        (('"search"', '"any"'), "resources[0].id", "meaning already"),
        (('"search"', '"auto"'), "resources[0].id", "meaning already"),
        (('"search"', '"a b"'), "resources[0].id", "pattern"),
        (('"mcp_server"', '"model"'), "resources[0].type", "mcp_server"),
        (('"mcp_server"', '"plugin"'), "resources[0].type", "mcp_server"),
        (('"Search"', '""'), "resources[0].name", "at least 1 character"),
        (('"Search"', '" x"'), "resources[0].name", "one line"),
        (("Looks", r"L\n"), "resources[0].description", "one line"),
        (("https:", "ftp:"), "resources[0].url", "http:// or https://"),
        (("https://", "https://u:p@"), "resources[0].url", "without user"),
        (('url = "https://mcp.example.com/sse/"', ""), "resources[0]", "has no url"),
        (('"1.2.0"', "1.2"), "resources[0].version", "string"),
        (('"web"', '"w b"'), "resources[0].tags[0]", "pattern"),
        (('"web"', '"fast"'), "resources[0].tags", "twice"),
        (('"any"', '"none"'), "resources[0].models[1]", "there is no model 'none'"),
        (('"any"', '"vendor/m"'), "resources[0].models", "twice"),
        (("version", "verison"), "resources[0].verison", "unknown key"),
    ],
)
def test_a_resource_that_is_wrong_is_refused_where_it_stands(
    change: tuple[str, str], where: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        catalog(FULL.replace(*change, 1))

    assert refused.value.path == where
    assert problem in refused.value.problem


def test_an_agent_needs_an_address_and_a_skill_does_not() -> None:
    with pytest.raises(ConfigError, match="agent and has no url"):
        catalog(LEAST.replace('"skill"', '"agent"'))


def test_an_id_is_given_once() -> None:
    with pytest.raises(ConfigError, match=r"resources\[1\].id.*'summaries' has a meaning already"):
        catalog(LEAST, LEAST)


@pytest.mark.parametrize("name", ['id = "vendor/m"', 'id = "any"'])
def test_nothing_that_can_be_called_has_the_address_of_anothers_preflight(name: str) -> None:
    text = MODELS.replace(name, name[:-1] + '/preflight"', 1)

    with pytest.raises(ConfigError, match=r"\[0\].id: must not end in '/preflight'"):
        parse_catalog(text, {}, file="f")
