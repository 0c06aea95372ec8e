"""Calling the admin API inside this process, on the ledger of a data directory."""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import orjson
import typer

from api import logs
from api.catalog.file import ConfigError
from api.cli.options import complain
from api.settings import Settings

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
    if answer.status_code != HTTPStatus.OK:
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
    # The application takes seconds to load, which no other command shall wait for.
    from api.cli.admin_client import admin_client  # noqa: PLC0415

    async with admin_client(settings) as client:
        headers |= {"Authorization": f"Bearer {token}"}
        return await client.request(method, f"/admin/v1{path}", headers=headers, content=content)
