"""Re-rating from the command line: a draft, a question, a dry run, and the corrections."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.inference_request import REPORTED
from domain.settle_call import Outcome
from tests.domain.shop import CARDS, MILLION, Shop
from tests.projections.history import append, rows

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))
CATALOG = """
[[providers]]
name = "sandbox"
protocol = "sandbox"

[[models]]
id = "m"
kind = "chat"
context_tokens = 1000
max_output_tokens = 100
price = { input = "0.0005", output = "0.0005" }
[[models.routes]]
provider = "sandbox"
model = "m"
"""


@pytest.fixture
def url(database_url: str) -> str:
    shop = Shop(funds=100_000, cards={**CARDS, "m": {"input": MILLION, "output": MILLION}})
    for _ in range(3):
        held = shop.reserve(200, 20)
        shop.settle(held, Outcome(1, basis=REPORTED, usage={"input": 100}, provider="p"))
    append(database_url, shop.ledger.facts)
    return database_url


def tollbook(url: str, folder: Path, *arguments: str, status: int = 0) -> str:
    environment = {"TOLLBOOK_DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [TOLLBOOK, *arguments], capture_output=True, text=True, env=environment, cwd=folder,
        timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == status, ended.stderr
    return ended.stdout if status == 0 else ended.stderr


def told(output: str) -> list[Any]:
    """Every JSON text of an output."""
    decoder, found, start = json.JSONDecoder(), [], 0
    while start < len(output.rstrip()):
        item, end = decoder.raw_decode(output, start)
        found.append(item)
        start = end + 1
    return found


def test_a_wrong_price_is_corrected_from_the_command_line(url: str, tmp_path: Path) -> None:
    config = tmp_path / "cheaper.toml"
    config.write_text(CATALOG)

    (draft,) = told(tollbook(url, tmp_path, "prices", "draft", "--config", str(config)))
    (answer,) = told(tollbook(url, tmp_path, "what-if", "2026-11", "--config", str(config)))
    version = draft["price_version"]
    batch = ("corrections", "batch", version, "--month", "2026-11")
    (dry,) = told(tollbook(url, tmp_path, *batch))
    before = rows(url, "SELECT count(*) FROM ledger_events WHERE topic = 'wallet.corrected.2'")
    first, last = told(tollbook(url, tmp_path, *batch, "--commit"))
    (again,) = told(tollbook(url, tmp_path, "corrections", "resume", last["batch_id"]))

    assert (answer["charged"], answer["would_be"]) == ("0.0000003", "0.00000015")
    assert (dry["count"], dry["amount"], before) == (3, "0.00000015", [(0,)])
    assert first == dry
    assert (last["done_count"], last["done_amount"], last["completed"]) == (3, dry["amount"], True)
    assert again == last
    versions = json.loads(tollbook(url, tmp_path, "prices", "list"))["items"]
    assert version in {item["price_version"] for item in versions}


def test_a_catalogue_that_is_wrong_is_explained(url: str, tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("models = 1")

    message = tollbook(url, tmp_path, "prices", "draft", "--config", str(config), status=2)

    assert message.startswith("tollbook: ")
