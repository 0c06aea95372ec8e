"""Price versions: what was published, and drafts for corrections and what-if reports to name."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Request, Response

from api.admin.answers.prices import PageAnswer, VersionsAnswer
from api.admin.auth import gateway_of
from api.admin.body import body_as
from api.admin.fields import write_time
from api.admin.price_fields import PageFields
from api.document.operation import documented
from api.envelope import CREATED, success
from api.operator import ACTOR
from api.price_text import describe_page
from domain import ids
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.find import must_find
from domain.manage import draft_prices
from domain.ports import Books
from domain.price_book import PriceBook
from domain.price_page import Page

router = APIRouter()


@router.post("/price-versions", **documented(PageAnswer, status=CREATED))
async def draft(
    request: Request, new: Annotated[PageFields, Depends(body_as(PageFields))]
) -> Response:
    """Keep prices that never come into force; the same prices are the same version."""
    gateway = gateway_of(request)
    page = new.page
    version = await gateway.ledger.execute(draft_prices(gateway.shard, page, actor=ACTOR))
    data = {"price_version": version, **describe_page(page)}
    return success(request, data, CREATED)


@router.get("/price-versions", **documented(VersionsAnswer))
async def list_versions(request: Request) -> Response:
    """List every version, the published ones in their order of effect and then the drafts."""
    book = await price_book(request)
    published = [_summary(version, at, book.pages[version]) for at, version in book.schedule]
    in_force = {version for _, version in book.schedule}
    drafts = [
        _summary(version, None, page)
        for version, page in book.pages.items()
        if version not in in_force
    ]
    return success(request, {"items": [*published, *drafts]})


@router.get("/price-versions/{version}", **documented(PageAnswer))
async def get_version(request: Request, version: str) -> Response:
    """Show what a version says, as one would post it."""
    book = await price_book(request)
    page = book.pages.get(version)
    if page is None:
        what = "price version"
        raise NotFoundError(what)
    return success(request, {"price_version": version, **describe_page(page)})


class Versions(NamedTuple):
    """Every version, and those that were published in their order of effect."""

    pages: dict[str, Page]
    schedule: list[tuple[datetime, str]]


async def price_book(request: Request) -> Versions:
    """Read the versions from the ledger's own price book."""
    gateway = gateway_of(request)
    book_id = ids.price_book_id(gateway.shard)

    def look(books: Books) -> Versions:
        book = must_find(books, PriceBook, book_id, "price book")
        return Versions(book.pages(), list(book.schedule))

    return await gateway.ledger.read(Decision((book_id,), look))


def _summary(version: str, at: datetime | None, page: Page) -> dict[str, Any]:
    return {
        "price_version": version,
        "effective_at": write_time(at),
        "models": len(page["cards"]),
        "price_lists": sorted(page["lists"]),
    }
