"""One gateway for the whole folder, one customer a test; no test may leave a hold open."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.sdk.books")

# Only what is imported after that is rewritten.
from tests.sdk.houses import open_house, visited  # noqa: E402
from tests.sdk.shop import House, Shop  # noqa: E402


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


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with visited(house) as shop:
        yield shop


@pytest.fixture
def impatient_shop(impatient_house: House) -> Iterator[Shop]:
    with visited(impatient_house) as shop:
        yield shop
