"""A gateway whose models are served by Responses, by chat, by either, or by Anthropic."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import EVERY_PRICE
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import anthropic_answers, responses_answers

_PROVIDER = """
[[providers]]
name = "{name}"
protocol = "{protocol}"
base_url = "{url}"
api_key_env = "SCRIPTED_API_KEY"
"""
_MODEL = """
[[models]]
id = "{model}"
context_tokens = 128000
max_output_tokens = 16384
price = {{ {price} }}
"""
_ROUTE = """
[[models.routes]]
provider = "{provider}"
model = "{upstream}"
"""
APIS = {"modern": '["chat", "responses"]', "newest": '["responses"]'}
ROUTES = {
    "small": ("chat",),
    "vendor/large": ("modern",),
    "odd": ("newest",),
    "after-500": ("modern", "chat"),
    "claude": ("claude",),
}
"""By the model's id: `small` is chat, `vendor/large` Responses, `odd` Responses for chat, too."""


def catalog(urls: dict[str, str]) -> str:
    parts = ['currency = "USD"']
    for name, url in urls.items():
        protocol = "anthropic" if name == "claude" else "openai"
        address = url.removesuffix("/v1") if name == "claude" else url
        parts.append(_PROVIDER.format(name=name, protocol=protocol, url=address))
        parts += [f"apis = {APIS[name]}\n"] if name in APIS else []
    for model, routes in ROUTES.items():
        price = ", ".join(f'{name} = "{amount}"' for name, amount in EVERY_PRICE[model].items())
        parts.append(_MODEL.format(model=model, price=price))
        for provider in routes:
            upstream = "claude-sonnet-4-5" if provider == "claude" else f"gpt-5.2-{provider}"
            parts.append(_ROUTE.format(provider=provider, upstream=upstream))
    return "".join(parts)


@pytest.fixture(scope="session")
def responses_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as exits:
        upstreams = {
            "chat": exits.enter_context(ScriptedUpstream()),
            "modern": exits.enter_context(ScriptedUpstream(responses_answers.echo())),
            "newest": exits.enter_context(ScriptedUpstream(responses_answers.echo())),
            "claude": exits.enter_context(ScriptedUpstream(anthropic_answers.echo())),
        }
        urls = {name: upstream.url for name, upstream in upstreams.items()}
        folder = tmp_path_factory.mktemp("responses")
        gateway = GatewayProcess(folder, catalog=catalog(urls))
        exits.enter_context(gateway)
        books = Books(exits.enter_context(gateway.database()))
        yield House(gateway, upstreams, books)


@pytest.fixture
def shop(responses_house: House) -> Iterator[Shop]:
    with visited(responses_house) as shop:
        yield shop


@pytest.fixture(params=["small", "vendor/large"], ids=["chat", "native"])
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=[False, True], ids=["json", "stream"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return request.param is True
