"""Who asks: any of the customer's keys with the permission `manage`, as it is now."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection

from api.gateway import Gateway
from api.lending import lent
from domain.api_key import MANAGE
from domain.reserve_call import Identity


async def _authorise(request: Request) -> Identity:
    gateway: Gateway = request.app.state.gateway
    return await gateway.authenticator.authorise(dict(request.scope["headers"]), MANAGE)


Caller = Annotated[Identity, Depends(_authorise)]
"""Whom the key speaks for; a route without it is public."""


@asynccontextmanager
async def read_models(request: Request) -> AsyncGenerator[AsyncConnection[Any]]:
    """Lend a connection to the read models, or raise BillingUnavailableError."""
    gateway: Gateway = request.app.state.gateway
    async with lent(gateway.pool) as conn:
        yield conn
