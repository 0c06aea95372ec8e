"""A gateway whose models are served by DashScope's protocol, and by chat for its callers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import QWEN
from tests.sdk.shop import House
from tests.upstreams.dashscope_answers import echo

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
kind = "{kind}"
context_tokens = 128000
max_output_tokens = 16384
price = {{ {price} }}
"""
_ROUTE = """
[[models.routes]]
provider = "{provider}"
model = "{model}"
"""
ROUTES = {
    "qwen-plus": [("aliyun", "qwen-plus-latest")],
    "qwen-twice": [("aliyun", "qwen-plus-latest"), ("spare", "qwen-plus-latest")],
    "chat-plus": [("chat", "upstream-chat")],
    "qwen-embedding": [("aliyun", "text-embedding-v4")],
}


def qwen_catalog(urls: dict[str, str]) -> str:
    """Write the file for two DashScopes and an OpenAI at these addresses."""
    price = ", ".join(f'{name} = "{amount}"' for name, amount in QWEN.items())
    parts = ['currency = "USD"']
    for name, url in urls.items():
        path, protocol = ("/v1", "openai") if name == "chat" else ("/api/v1", "dashscope")
        parts.append(_PROVIDER.format(name=name, protocol=protocol, url=url + path))
    for model, routes in ROUTES.items():
        kind = "embeddings" if "embedding" in model else "chat"
        parts.append(_MODEL.format(model=model, kind=kind, price=price))
        parts += [_ROUTE.format(provider=provider, model=name) for provider, name in routes]
    return "".join(parts)


@contextmanager
def open_qwen_house(folder: Path) -> Iterator[House]:
    """A gateway in front of two scripted DashScopes and a scripted OpenAI."""
    with ExitStack() as exits:
        upstreams = {
            "aliyun": exits.enter_context(ScriptedUpstream(echo())),
            "spare": exits.enter_context(ScriptedUpstream(echo())),
            "chat": exits.enter_context(ScriptedUpstream()),
        }
        urls = {name: upstream.url.removesuffix("/v1") for name, upstream in upstreams.items()}
        gateway = GatewayProcess(folder, catalog=qwen_catalog(urls))
        exits.enter_context(gateway)
        books = Books(exits.enter_context(gateway.database()))
        yield House(gateway, upstreams, books)
