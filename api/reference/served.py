"""GET /openapi.json, /admin/openapi.json and /docs: the reference, without asking anyone else."""

import asyncio
import html
import re
from collections.abc import Callable
from importlib.resources import files
from string import Template
from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.admin.auth import gateway_of, require_operator
from api.reference.documents import customers_document, operators_document

JSON: Final = "application/json"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from outside: the reference works where there is no outside."""
ASSETS: Final = {
    "swagger-ui-bundle.js": ("fastapi_offline", "static", "text/javascript"),
    "swagger-ui.css": ("fastapi_offline", "static", "text/css"),
    "start.js": ("api.reference", "page", "text/javascript"),
}
"""Package, folder and kind of what the page loads."""
_BASE: Final = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+", re.ASCII)

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def get_document(request: Request) -> Response:
    """Hand out the reference of the customer's API."""
    return Response(await _once(request, customers_document), media_type=JSON)


@router.get("/admin/openapi.json", dependencies=[Depends(require_operator)])
async def get_operators_document(request: Request) -> Response:
    """Hand out the reference of the admin API."""
    return Response(await _once(request, operators_document), media_type=JSON)


@router.get("/docs")
async def get_page(request: Request) -> Response:
    """Show the reference, and how to make the first call."""
    template = files("api.reference").joinpath("page", "docs.html").read_text()
    catalog = gateway_of(request).catalog
    chat = [model.id for model in catalog.priced() if model.kind == "chat"]
    shown = {"url": _base(request), "model": next(iter(chat), "auto")}
    page = Template(template).substitute({name: html.escape(text) for name, text in shown.items()})
    return HTMLResponse(page, headers={"content-security-policy": POLICY})


@router.get("/docs/{name}")
async def get_asset(name: str) -> Response:
    """Hand out what the page loads."""
    if name not in ASSETS:
        raise HTTPException(404)
    package, folder, media_type = ASSETS[name]
    raw = await asyncio.to_thread(files(package).joinpath(folder, name).read_bytes)
    return Response(raw, media_type=media_type, headers={"cache-control": "max-age=3600"})


async def _once(request: Request, write: Callable[..., bytes]) -> bytes:
    """Build a document when it is first asked for, since most processes never are."""
    state = request.app.state
    if not hasattr(state, write.__name__):
        url = gateway_of(request).settings.public_url
        setattr(state, write.__name__, await asyncio.to_thread(write, request.app.routes, url))
    built: bytes = getattr(state, write.__name__)
    return built


def _base(request: Request) -> str:
    """Tell where this gateway is; a name that no host has is not shown to anyone."""
    settings = gateway_of(request).settings
    asked = str(request.base_url).rstrip("/")
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    return asked if _BASE.fullmatch(asked) else f"http://{settings.host}:{settings.port}"
