"""Calling the admin API inside this process, on the ledger of a data directory."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import orjson
import typer

from adapters.ledger.connection import GATEWAY_ROLE, connect
from api import logs
from api.app import build_app
from api.catalog_file import ConfigError
from api.configuration import load_configuration
from api.database import database
from api.envelope import OK
from api.gateway import open_gateway
from api.options import complain
from api.serve import prepare_ledger
from api.settings import Settings
from projections.runner import Runner

REFUSED = 1
"""The exit status when the admin API said no."""


def run(
    settings: Settings,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> None:
    """Call a route and print its `data`, or explain the refusal and leave with status 1."""
    content = orjson.dumps(body) if body is not None else b""
    show(ask(settings, method, path, content, idempotency_key))


def ask(
    settings: Settings,
    method: str,
    path: str,
    content: bytes = b"",
    idempotency_key: str | None = None,
) -> Any:
    """Call a route and give its `data`, or explain the refusal and leave with status 1."""
    logs.configure()
    headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
    try:
        fields = asyncio.run(_call(settings, method, path, headers, content))
    except ConfigError as error:
        complain(str(error))
    if not fields["success"]:
        _refuse(fields)
    return fields["data"]


def _refuse(fields: dict[str, Any]) -> NoReturn:
    typer.echo(f"tollbook: {fields['code']}: {fields['message']}", err=True)
    raise typer.Exit(REFUSED)


def download(settings: Settings, path: str) -> bytes:
    """Get what a route answers outside the envelope, or explain the refusal."""
    logs.configure()
    try:
        answer = asyncio.run(_answer(settings, "GET", path, {}, b""))
    except ConfigError as error:
        complain(str(error))
    if answer.status_code != OK:
        _refuse(answer.json())
    return answer.content


def show(data: Any) -> None:
    """Print data as JSON."""
    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


async def _call(
    settings: Settings,
    method: str,
    path: str,
    headers: dict[str, str],
    content: bytes,
) -> dict[str, Any]:
    answer = await _answer(settings, method, path, headers, content)
    fields: dict[str, Any] = answer.json()
    return fields


async def _answer(
    settings: Settings, method: str, path: str, headers: dict[str, str], content: bytes
) -> httpx.Response:
    token = secrets.token_hex(16)
    settings = settings.model_copy(update={"admin_token": token})
    async with _client(settings) as client:
        headers |= {"Authorization": f"Bearer {token}"}
        return await client.request(method, f"/admin/v1{path}", headers=headers, content=content)


@asynccontextmanager
async def _client(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """Open the application without a server; the read models are kept up meanwhile."""
    configuration = load_configuration(settings)
    with database(settings) as url:
        # Only `serve` puts prices in force; without any there could be no customer.
        given = configuration if settings.config else None
        await asyncio.to_thread(prepare_ledger, url, given, replaces_prices=False)
        stop = threading.Event()
        runner = Runner(partial(connect, url, role=None), GATEWAY_ROLE)
        running = asyncio.create_task(asyncio.to_thread(runner.run, stop))
        gateway = await open_gateway(settings, configuration, url)
        front = build_app(settings, configuration, url)
        front.mount(gateway)
        transport = httpx.ASGITransport(front)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://tollbook") as client:
                yield client
        finally:
            await gateway.close()
            stop.set()
            await running
