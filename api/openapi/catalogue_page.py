"""Pages of what the catalogue lists: all of it is at hand, so that a place is a number."""

from collections.abc import Sequence
from typing import TypeVar

from api.openapi.query import Query, own_cursors
from projections.pages import Page, page_of, read_cursor

T = TypeVar("T")


def page_through(query: Query, scope: str, items: Sequence[T]) -> Page[T]:
    """Give the page that is asked for; the scope names the list and its filters."""
    limit = query.limit()
    with own_cursors():
        start = read_cursor(scope, query.cursor)[0] if query.cursor is not None else 0
    rows = list(enumerate(items, 1))[start : start + limit + 1]
    page = page_of(rows, scope, limit, lambda row: (row[0], 0))
    return Page([item for _, item in page.items], page.next_cursor)
