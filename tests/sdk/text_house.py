"""A gateway with models that complete, chat and embed, at a scripted OpenAI and in the sandbox."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import TEXT, VECTORS
from tests.sdk.shop import House
from tests.upstreams.openai_answers import echo

_PROVIDERS = """
currency = "USD"
[[providers]]
name = "scripted"
protocol = "openai"
base_url = "{url}"
[[providers]]
name = "sandbox"
protocol = "sandbox"
"""
_MODEL = """
[[models]]
id = "{model}"
kind = "{kind}"
context_tokens = 8192
max_output_tokens = {output}
price = {{ {price} }}
[[models.routes]]
provider = "{provider}"
model = "up-{model}"
"""
MODELS = {
    "completes": ("completions", "scripted"),
    "chats": ("chat", "scripted"),
    "embeds": ("embeddings", "scripted"),
    "boxed": ("chat", "sandbox"),
    "boxed-embeds": ("embeddings", "sandbox"),
}


def text_catalog(url: str) -> str:
    """Write the file for an OpenAI at this address."""
    parts = [_PROVIDERS.format(url=url)]
    for model, (kind, provider) in MODELS.items():
        prices, output = (VECTORS, 0) if kind == "embeddings" else (TEXT, 4_096)
        price = ", ".join(f'{name} = "{amount}"' for name, amount in prices.items())
        parts.append(
            _MODEL.format(model=model, kind=kind, provider=provider, price=price, output=output)
        )
    return "".join(parts)


@contextmanager
def open_text_house(folder: Path) -> Iterator[House]:
    """A gateway in front of one scripted OpenAI."""
    with ExitStack() as exits:
        upstream = exits.enter_context(ScriptedUpstream(echo()))
        gateway = GatewayProcess(folder, catalog=text_catalog(upstream.url))
        exits.enter_context(gateway)
        books = Books(exits.enter_context(gateway.database()))
        yield House(gateway, {"scripted": upstream}, books)
