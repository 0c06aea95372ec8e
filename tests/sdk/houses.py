"""Opening a gateway in front of its upstreams, and visiting it as a new customer."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import catalog
from tests.sdk.shop import House, Shop


@contextmanager
def open_house(folder: Path, *names: str, **environ: str) -> Iterator[House]:
    """A gateway in front of scripted upstreams of these names."""
    with ExitStack() as exits:
        upstreams = {name: exits.enter_context(ScriptedUpstream()) for name in names}
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        dead = exits.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))
        urls = {name: upstream.url for name, upstream in upstreams.items()}
        urls["dead"] = f"http://127.0.0.1:{dead.getsockname()[1]}/v1"
        gateway = GatewayProcess(folder, catalog=catalog(**urls), environ=environ)
        exits.enter_context(gateway)
        books = Books(exits.enter_context(gateway.database()))
        yield House(gateway, upstreams, books)


@contextmanager
def visited(house: House) -> Iterator[Shop]:
    """A new customer in a house whose upstreams have forgotten the test before."""
    house.clear()
    shop = Shop(house, house.gateway.customer())
    with shop.exits:
        yield shop
    calls = house.books.calls_of(shop.customer.customer_id)
    house.books.settled_calls(shop.customer.customer_id, len(calls))
