"""From a secret to whom it speaks for, and whether it still may."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from adapters.ledger.memory import MemoryLedger
from api.auth import UNKNOWN_SECONDS, Authenticator, secret_in
from api.keys import display_of, new_secret
from domain import ids
from domain.api_key import INFERENCE, MANAGE
from domain.errors import (
    ApiKeyDisabledError,
    InvalidApiKeyError,
    MissingApiKeyError,
    PermissionDeniedError,
)
from domain.manage import (
    NewCustomer,
    NewKey,
    create_key,
    disable_key,
    publish_prices,
    register_customer,
)
from domain.price_page import plain_page

SECRET = new_secret(0)


def bearer(secret: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {secret}".encode()}


def minted() -> UUID:
    return ids.in_shard(uuid4(), 0)


async def with_key(permissions: list[str]) -> tuple[MemoryLedger, UUID]:
    ledger = MemoryLedger(lambda: datetime.now(UTC))
    customer_id, wallet_id, key_id = minted(), minted(), minted()
    cards = {"m": {"input": 1}}
    await ledger.execute(publish_prices(0, plain_page(cards), currency="USD", actor="t"))
    await ledger.execute(register_customer(NewCustomer(customer_id, wallet_id, "USD", "-", "t")))
    credential_id = ids.credential_id(SECRET, 0)
    key = NewKey(key_id, credential_id, "tb_", "-", "t", [], [], permissions)
    await ledger.execute(create_key(customer_id, wallet_id, key))
    return ledger, key_id


def test_x_api_key_wins_over_authorization() -> None:
    assert secret_in({b"x-api-key": b" one ", b"authorization": b"Bearer two"}) == b"one"


@pytest.mark.parametrize("value", [b"", b"Bearer", b"Bearer  ", b"Basic abc", b"tb_0000abc"])
def test_a_header_without_a_bearer_token_is_a_missing_key(value: bytes) -> None:
    with pytest.raises(MissingApiKeyError):
        secret_in({b"authorization": value})


def test_a_known_secret_speaks_for_its_key() -> None:
    async def scenario() -> bool:
        ledger, key_id = await with_key([INFERENCE])
        found = await Authenticator(ledger, 0).identify(bearer(SECRET))
        return found.key_id == key_id

    assert asyncio.run(scenario())


@pytest.mark.parametrize(
    "secret", ["tb_", "tb_0001" + "x" * 40, "sk-" + "x" * 40, "tb_0000" + "x" * 400, "tb_0000é"]
)
def test_what_cannot_be_a_key_is_not_looked_for(secret: str) -> None:
    async def scenario() -> None:
        ledger, _ = await with_key([INFERENCE])
        await Authenticator(ledger, 0).identify({b"x-api-key": secret.encode()})

    with pytest.raises(InvalidApiKeyError):
        asyncio.run(scenario())


def test_an_unknown_secret_is_asked_for_again_only_after_a_while() -> None:
    async def scenario() -> list[int]:
        now, asked = 0.0, 0
        ledger, _ = await with_key([INFERENCE])

        class Counting(MemoryLedger):
            async def read(self, query):  # type: ignore[no-untyped-def]
                nonlocal asked
                asked += 1
                return await ledger.read(query)

        authenticator = Authenticator(Counting(lambda: datetime.now(UTC)), 0, lambda: now)
        seen = []
        for moment in (0.0, 1.0, UNKNOWN_SECONDS + 0.1):
            now = moment
            with pytest.raises(InvalidApiKeyError):
                await authenticator.identify(bearer(new_secret(0)[:7] + "u" * 40))
            seen.append(asked)
        return seen

    assert asyncio.run(scenario()) == [1, 1, 2]


def test_a_permission_is_checked_on_the_key_as_it_is_now() -> None:
    async def scenario() -> None:
        ledger, key_id = await with_key([INFERENCE])
        authenticator = Authenticator(ledger, 0)
        await authenticator.authorise(bearer(SECRET), INFERENCE)
        with pytest.raises(PermissionDeniedError):
            await authenticator.authorise(bearer(SECRET), MANAGE)
        await ledger.execute(disable_key(key_id, actor="t"))
        with pytest.raises(ApiKeyDisabledError):
            await authenticator.authorise(bearer(SECRET), INFERENCE)

    asyncio.run(scenario())


def test_a_new_key_names_its_shard_and_shows_little_of_itself() -> None:
    secret = new_secret(0xAB)

    assert secret.startswith("tb_00ab")
    assert len(secret) == 47
    assert secret.startswith(display_of(secret))
    assert len(display_of(secret)) == 11
