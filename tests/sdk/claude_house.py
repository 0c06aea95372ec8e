"""A gateway whose models are served by Anthropic's protocol, and by chat for its callers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anthropic

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import CLAUDE
from tests.sdk.shop import NO_CERTIFICATES, House, Shop
from tests.upstreams.anthropic_answers import echo

_CATALOG = """
currency = "USD"

[[providers]]
name = "claude"
protocol = "anthropic"
base_url = "{claude}"
api_key_env = "SCRIPTED_API_KEY"

[[providers]]
name = "spare"
protocol = "anthropic"
base_url = "{spare}"
api_key_env = "SCRIPTED_API_KEY"

[[providers]]
name = "chat"
protocol = "openai"
base_url = "{chat}/v1"
api_key_env = "SCRIPTED_API_KEY"

[[models]]
id = "claude"
context_tokens = 200000
max_output_tokens = 64000
price = {{ {price} }}
[[models.routes]]
provider = "claude"
model = "claude-sonnet-4-5"

[[models]]
id = "gpt"
context_tokens = 128000
max_output_tokens = 16384
price = {{ {price} }}
[[models.routes]]
provider = "chat"
model = "upstream-gpt"
"""
# One model for each test of failover: what stands open is a model's route.
_TWO_ROUTES = """
[[models]]
id = "two-routes-{number}"
context_tokens = 200000
max_output_tokens = 64000
price = {{ {price} }}
[[models.routes]]
provider = "claude"
model = "claude-sonnet-4-5"
[[models.routes]]
provider = "spare"
model = "claude-sonnet-4-5"
"""


@contextmanager
def open_claude_house(folder: Path) -> Iterator[House]:
    """A gateway in front of two scripted Anthropics and a scripted OpenAI."""
    with ExitStack() as exits:
        upstreams = {
            "claude": exits.enter_context(ScriptedUpstream(echo())),
            "spare": exits.enter_context(ScriptedUpstream(echo())),
            "chat": exits.enter_context(ScriptedUpstream()),
        }
        urls = {name: upstream.url.removesuffix("/v1") for name, upstream in upstreams.items()}
        price = ", ".join(f'{name} = "{amount}"' for name, amount in CLAUDE.items())
        catalog = _CATALOG.format(price=price, **urls)
        for number in range(4):
            catalog += _TWO_ROUTES.format(number=number, price=price)
        gateway = GatewayProcess(folder, catalog=catalog)
        exits.enter_context(gateway)
        books = Books(exits.enter_context(gateway.database()))
        yield House(gateway, upstreams, books)


def client_of(shop: Shop, **options: Any) -> anthropic.Anthropic:
    """The official SDK; it tries once unless a test says otherwise."""
    given = {"api_key": shop.customer.api_key, "max_retries": 0, "timeout": 60.0, **options}
    given.setdefault("http_client", anthropic.DefaultHttpxClient(verify=NO_CERTIFICATES))
    return shop.exits.enter_context(anthropic.Anthropic(base_url=shop.gateway.url, **given))
