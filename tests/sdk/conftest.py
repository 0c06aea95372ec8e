"""One gateway for the whole folder, one customer a test; no test may leave a hold open."""

from collections.abc import Iterator

import pytest

from tests.sdk.claude_house import open_claude_house
from tests.sdk.context_house import ContextHouse, open_context_house
from tests.sdk.houses import open_house, visited
from tests.sdk.qwen_house import open_qwen_house
from tests.sdk.shop import House, Shop


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


@pytest.fixture(scope="session")
def qwen_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway in front of DashScopes."""
    with open_qwen_house(tmp_path_factory.mktemp("qwen")) as house:
        yield house


@pytest.fixture(scope="session")
def claude_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway in front of Anthropics."""
    with open_claude_house(tmp_path_factory.mktemp("claude")) as house:
        yield house


@pytest.fixture(scope="session")
def context_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContextHouse]:
    """A gateway of four workers whose customers configure their context."""
    with open_context_house(tmp_path_factory.mktemp("context")) as house:
        yield house


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with visited(house) as shop:
        yield shop


@pytest.fixture
def impatient_shop(impatient_house: House) -> Iterator[Shop]:
    with visited(impatient_house) as shop:
        yield shop
