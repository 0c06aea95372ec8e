"""One gateway for the whole folder, one customer a test; no test may leave a hold open."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.sdk.books")

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.catalog import catalog
from tests.sdk.shop import House, Shop

OpenShop = Callable[..., Shop]


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


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The gateway that most tests share."""
    with open_house(tmp_path_factory.mktemp("gateway"), "scripted", "first", "second") as house:
        yield house


@pytest.fixture(scope="session")
def impatient_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with short deadlines."""
    with open_house(
        tmp_path_factory.mktemp("impatient"),
        "scripted",
        TOLLBOOK_CALL_DEADLINE_SECONDS="2",
        TOLLBOOK_HOLD_SECONDS="60",
        TOLLBOOK_ABANDONED_SECONDS="1",
    ) as house:
        yield house


@contextmanager
def visited(house: House) -> Iterator[Shop]:
    """A new customer in a house whose upstreams have forgotten the test before."""
    house.clear()
    shop = Shop(house, house.gateway.customer())
    with shop.exits:
        yield shop
    calls = house.books.calls_of(shop.customer.customer_id)
    house.books.settled_calls(shop.customer.customer_id, len(calls))


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with visited(house) as shop:
        yield shop


@pytest.fixture
def impatient_shop(impatient_house: House) -> Iterator[Shop]:
    with visited(impatient_house) as shop:
        yield shop
