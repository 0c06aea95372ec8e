"""The HTTP application: the hot path first, everything else behind it."""

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from adapters.token_count import count_tokens
from api import operation, stripe_webhook
from api.admin.router import admin_router
from api.catalog.file import Configured
from api.exchange import Exchange, Receive, Scope, Send
from api.gateway import Gateway, open_gateway
from api.handlers import handle_errors
from api.inference import input_tokens, messages_count, public_catalog
from api.inference.endpoint import Endpoint
from api.inference.errors import OPENAI_ERRORS, OpenAIErrors
from api.inference.models import models_router
from api.inference.surfaces import SURFACES
from api.inference.wrong_paths import not_allowed
from api.openapi.router import customer_router
from api.reference import served
from api.settings import Settings
from domain import ids

GC_ALLOCATIONS = 20_000
"""New objects before the youngest are looked at; Python's default is 700."""

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Opening = Callable[[], Awaitable[Gateway]]


class Front:
    """Sends inference straight to its endpoint; a framework's layers would cost more than that."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._hot: dict[str, Application] = {}

    def mount(self, gateway: Gateway) -> None:
        """Serve inference with this gateway from now on."""
        self._app.state.gateway = gateway
        self._hot = {path: Endpoint(gateway, surface) for path, surface in SURFACES.items()}

    async def drain(self) -> None:
        """Let open calls finish for a while, then have them settle with what they have."""
        gateway: Gateway | None = getattr(self._app.state, "gateway", None)
        if gateway is not None:
            await gateway.open_calls.drain(gateway.settings.drain_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by path."""
        endpoint = self._hot.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "POST":
            await endpoint(scope, receive, send)
        else:
            gateway: Gateway = self._app.state.gateway
            request_id = ids.public(ids.REQUEST, gateway.mint())
            exchange = Exchange(scope, receive, send)
            theirs = exchange.client_request_id
            answer = not_allowed(exchange.path, "POST", request_id, theirs)
            await exchange.answer(*answer)


def rest_the_collector() -> None:
    """Leave what was made at the start out of every garbage collection, and collect less often.

    A full collection looks at some hundred thousand objects that live as long as the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)


def build_app(settings: Settings, configuration: Configured, database_url: str) -> Front:
    """Build the application; its gateway opens and closes with the server's lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        # The vocabulary takes a moment to load, and the first caller should not wait for it.
        count_tokens("warm")
        stripe_webhook.warm(settings)
        gateway = await open_gateway(settings, configuration, database_url)
        front.mount(gateway)
        rest_the_collector()
        try:
            yield
        finally:
            await gateway.close()

    app = FastAPI(title="Tollbook", lifespan=lifespan, openapi_url=None)
    app.include_router(models_router(OPENAI_ERRORS, for_anthropic=True), prefix="/v1")
    app.include_router(models_router(OpenAIErrors(type_is_code=True)), prefix="/openai/v1")
    app.include_router(input_tokens.router)
    app.include_router(messages_count.router)
    app.include_router(public_catalog.router)
    app.include_router(operation.router)
    app.include_router(stripe_webhook.router)
    app.include_router(customer_router())
    app.include_router(admin_router())
    app.include_router(served.router)
    handle_errors(app)
    front = Front(app)
    return front
