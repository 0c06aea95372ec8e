"""What the catalogue knows of a supplier, for whoever compares with its reports."""

from typing import Any, Final

from psycopg import AsyncConnection

from api.errors import InvalidFieldError
from domain.catalog import Catalog, Route

PROVIDER_MAX: Final = 100


async def check_provider(conn: AsyncConnection[Any], catalog: Catalog, name: str | None) -> str:
    """Accept a provider of the catalogue or of the books, or raise InvalidFieldError."""
    if name is None:
        raise InvalidFieldError("'provider' is missing.", "provider")
    configured = {provider for model in catalog.models.values() for provider in model.providers}
    if name not in configured and not await _is_known(conn, name):
        raise InvalidFieldError(f"There is no provider {name[:PROVIDER_MAX]!r}.", "provider")
    return name


def routes_of(catalog: Catalog, provider: str) -> dict[str, list[Route]]:
    """List each model's routes that lead to a provider, if there are any."""
    found = {
        model.id: [route for route in model.routes if route.provider == provider]
        for model in catalog.models.values()
    }
    return {model: routes for model, routes in found.items() if routes}


async def _is_known(conn: AsyncConnection[Any], name: str) -> bool:
    if "\0" in name or not name.isprintable():
        return False
    row = await (await conn.execute(_KNOWN, {"name": name})).fetchone()
    return row is not None and bool(row[0])


_KNOWN: Final = """
    SELECT EXISTS (SELECT FROM read.supplier_reports WHERE provider = %(name)s)
        OR EXISTS (SELECT FROM read.supplier_costs WHERE provider = %(name)s)
"""
