"""Query parameters of the operator's lists: what is unknown or absurd is a 422 that names it."""

import re
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from psycopg import AsyncConnection

from api.admin.auth import gateway_of
from api.errors import InvalidFieldError
from api.lending import lent
from domain import ids
from domain.periods import parse_month
from projections.pages import LIMIT_MAX

LIMIT_DEFAULT: Final = 50
_DIGITS: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
YEARS: Final = range(2000, 2200)


class ListQuery:
    """The query of a list that may have these parameters, and with pages a cursor and a limit."""

    def __init__(self, request: Request, names: Collection[str], *, paged: bool = True) -> None:
        self._asked = request.query_params
        known = {*names, "cursor", "limit"} if paged else {*names}
        for name, _ in self._asked.multi_items():
            if name not in known:
                raise InvalidFieldError(f"There is no parameter '{name[:100]}'.", name[:100])
            if len(self._asked.getlist(name)) > 1:
                raise InvalidFieldError(f"'{name}' is given more than once.", name)

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Read one of a few words."""
        text = self._asked.get(name)
        if text is not None and text not in choices:
            raise InvalidFieldError(f"'{name}' must be one of {', '.join(choices)}.", name)
        return text

    def customer_id(self) -> UUID | None:
        """Read whose items are asked for."""
        text = self._asked.get("customer_id")
        if text is None:
            return None
        found = ids.parse_public(ids.CUSTOMER, text)
        if found is None:
            raise InvalidFieldError("'customer_id' must be an id such as cus_….", "customer_id")
        return found

    def month(self, name: str = "month") -> str | None:
        """Read a month such as 2026-11."""
        text = self._asked.get(name)
        return None if text is None else read_month(text, name)

    @property
    def cursor(self) -> str | None:
        """Where the page before ended; only the list itself can tell whether it is its own."""
        return self._asked.get("cursor")

    @property
    def limit(self) -> int:
        """How many items a page is to have."""
        text = self._asked.get("limit", str(LIMIT_DEFAULT))
        if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= LIMIT_MAX:
            message = f"'limit' must be a whole number from 1 to {LIMIT_MAX}."
            raise InvalidFieldError(message, "limit")
        return int(text[:9])


def read_month(text: str, name: str = "month") -> str:
    """Read a month of a path or a query, or raise InvalidFieldError."""
    try:
        month = parse_month(text)
    except ValueError as error:
        raise InvalidFieldError(f"{error}.", name) from None
    if int(month[:4]) not in YEARS:
        raise InvalidFieldError(f"'{name}' must be a month of this century.", name)
    return month


@asynccontextmanager
async def lent_connection(request: Request) -> AsyncGenerator[AsyncConnection[Any]]:
    """Lend a connection to read from, or raise BillingUnavailableError."""
    async with lent(gateway_of(request).pool) as conn:
        yield conn
