"""Looking ahead by preflight, and then making the call of its example."""

from typing import Any

import httpx

from tests.api.helpers import data
from tests.api.openapi.till import NANOS, Account, Till

MICRO = NANOS // 1_000_000


def preflight(shop: Till, account: Account, name: str = "vendor/small") -> dict[str, Any]:
    return data(shop.get(account, f"/models/{name}/preflight"))


def codes(told: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in told["blocking_reasons"]]


def call(shop: Till, account: Account, protocol: dict[str, Any]) -> httpx.Response:
    """Make the call of the example, as a client would that copied it."""
    return shop.request(
        protocol["method"], protocol["url"], account.secret, json=protocol["example"]
    )
