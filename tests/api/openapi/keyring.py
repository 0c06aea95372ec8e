"""A customer's keys in tests: made, asked for and used over HTTP."""

from dataclasses import replace
from typing import Any

import httpx

from api.shard import SHARD
from domain import ids
from tests.api.helpers import data
from tests.api.openapi.till import SMALL, Account, Till

KEYS = "/openapi/v1/api-keys"
CALL = {"model": SMALL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}


def send(
    shop: Till, method: str, by: Account, path: str = "", fields: Any = None
) -> httpx.Response:
    return shop.request(method, f"{KEYS}{path}", by.secret, json=fields)


def make(shop: Till, by: Account, **fields: Any) -> dict[str, Any]:
    return data(send(shop, "POST", by, fields={"name": "ci", **fields}), 201)


def look(shop: Till, by: Account, key_id: str) -> dict[str, Any]:
    return data(send(shop, "GET", by, f"/{key_id}"))


def holder(account: Account, made: dict[str, Any]) -> Account:
    """Who acts with another key of the customer."""
    key_id = ids.parse_public(ids.KEY, made["api_key_id"])
    assert key_id is not None
    secret = made["api_key"]
    who = replace(account.who, key_id=key_id, credential_id=ids.credential_id(secret, SHARD))
    return Account(who, secret)


def another(shop: Till, account: Account, **terms: Any) -> Account:
    return holder(account, make(shop, account, **terms))


def ask(shop: Till, secret: str) -> httpx.Response:
    return shop.request("POST", "/v1/chat/completions", secret, json=CALL)
