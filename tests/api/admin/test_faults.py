import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from adapters.ledger.group_commit import OutcomeUnknownError
from api.admin.router import admin_router
from api.handlers import handle_errors
from api.minting import mint
from api.settings import Settings
from domain.decision import Decision
from domain.errors import ConflictError
from tests.adapters.ledger.database import log_of
from tests.api.helpers import TOKEN, enveloped, office, refused


def answered(path: str, fault: Exception) -> httpx.Response:
    """What a route answers that raises."""
    app = FastAPI(openapi_url=None)
    handle_errors(app)

    @app.get(path)
    async def fail() -> None:
        raise fault

    return asked(app, path)


def asked(app: FastAPI, path: str) -> httpx.Response:
    app.state.gateway = SimpleNamespace(settings=Settings(), mint=lambda: mint(0))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_bug_is_told_in_the_envelope_and_says_nothing() -> None:
    answer = answered("/openapi/v1/broken", RuntimeError("secret"))

    assert refused(answer) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_refusal_of_the_framework_is_told_in_the_envelope() -> None:
    answer = answered("/openapi/v1/broken", HTTPException(400, "bad framing"))

    assert refused(answer) == (400, "invalid_value")
    assert enveloped(answer)["message"] == "bad framing"


@pytest.mark.parametrize(
    ("prefix", "told"), [("/openapi/v1", "invalid_value"), ("/elsewhere", "int_parsing")]
)
def test_a_parameter_that_the_framework_refuses_is_a_422(prefix: str, told: str) -> None:
    app = FastAPI(openapi_url=None)
    handle_errors(app)

    @app.get(f"{prefix}/numbered")
    async def numbered(number: int) -> int:
        return number

    answer = asked(app, f"{prefix}/numbered?number=x")

    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize("fault", [RuntimeError("secret"), ConflictError("not for here")])
def test_elsewhere_a_fault_is_left_to_whoever_serves_there(fault: Exception) -> None:
    answer = answered("/elsewhere", fault)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


def test_a_database_that_is_gone_is_503_and_worth_another_try(database_url: str) -> None:
    with office(database_url) as clerk:
        clerk.run(clerk.desk.pool.close())
        before = len(log_of(database_url))
        answer = clerk.post("/customers", {"name": "Ada"})

        assert refused(answer) == (503, "billing_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert len(log_of(database_url)) == before


def test_a_name_stays_when_nobody_knows_whether_its_event_landed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(database_url) as clerk:

        async def lost(command: Decision[Any]) -> None:
            raise OutcomeUnknownError

        monkeypatch.setattr(clerk.desk.ledger, "execute", lost)
        answer = clerk.post("/customers", {"name": "Ada"})

        assert refused(answer) == (503, "billing_unavailable")
        assert clerk.run(texts_in(clerk.desk.pool)) == [("Ada",)]


def test_a_caller_that_hangs_up_midway_changes_nothing(database_url: str) -> None:
    with office(database_url) as clerk:
        before = len(log_of(database_url))
        app = FastAPI(openapi_url=None)
        app.include_router(admin_router())
        handle_errors(app)
        app.state.gateway = clerk.desk
        messages = iter(
            [
                {"type": "http.request", "body": b'{"name": "Ada"}', "more_body": True},
                {"type": "http.disconnect"},
            ]
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        clerk.run(app(posting("/admin/v1/customers"), receive, send))

        assert sent[0]["status"] == 400
        assert len(log_of(database_url)) == before


def posting(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode())],
        "scheme": "http",
        "server": ("office", 80),
        "http_version": "1.1",
    }


async def texts_in(pool: Any) -> list[tuple[str, ...]]:
    async with pool.connection() as conn:
        found: list[tuple[str, ...]] = await (
            await conn.execute("SELECT body FROM erasable_texts")
        ).fetchall()
    return found
