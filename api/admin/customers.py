"""Customers: register, list and look at them, and change the terms of their wallet."""

import re
from typing import Annotated, Any, Literal, Self

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from pydantic import model_validator

from api.admin.answers.customers import (
    CustomerAnswer,
    CustomersAnswer,
    FrozenAnswer,
    NewCustomerAnswer,
    TermsChangedAnswer,
)
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as, no_body
from api.admin.fields import Currency, LimitAmount, Name, write_time
from api.admin.find import find_customer
from api.admin.texts import kept
from api.admin.wallets import describe_wallet, look_at
from api.document.operation import documented
from api.envelope import CREATED, success
from api.errors import InvalidFieldError
from api.operator import ACTOR
from domain import ids
from domain.errors import BillingUnavailableError
from domain.manage import NewCustomer, change_terms, freeze_wallet, register_customer
from projections.customers import Customers
from projections.freshness import catch_up
from projections.pages import LIMIT_MAX, Page
from projections.read_customers import CUSTOMER_NAME, CustomerRow, customers

LIMIT_DEFAULT = 50

router = APIRouter()


class NewCustomerFields(Fields):
    """Whom to register; the catalogue's currency unless another is given."""

    name: Name
    currency: Currency | None = None


class WalletTermsFields(Fields):
    """What to change; what is left out stays."""

    overdraft_limit: LimitAmount | None = None
    excess_policy: Literal["absorbed", "debt"] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.overdraft_limit is None and self.excess_policy is None:
            message = "Give overdraft_limit, excess_policy or both"
            raise ValueError(message)
        return self


@router.post("/customers", **documented(NewCustomerAnswer, status=CREATED))
async def register(
    request: Request, new: Annotated[NewCustomerFields, Depends(body_as(NewCustomerFields))]
) -> Response:
    """Register a customer with an empty wallet."""
    gateway = gateway_of(request)
    customer_id, wallet_id = gateway.mint(), gateway.mint()
    currency = new.currency or gateway.catalog.currency
    async with kept(gateway.texts, customer_id, CUSTOMER_NAME, new.name) as name_hash:
        command = NewCustomer(customer_id, wallet_id, currency, name_hash, ACTOR)
        await gateway.ledger.execute(register_customer(command))
    public_id = ids.public(ids.CUSTOMER, customer_id)
    data = {"customer_id": public_id, "name": new.name, "currency": currency}
    return success(request, data, CREATED)


@router.get("/customers", **documented(CustomersAnswer, query=("cursor", "limit")))
async def list_customers(request: Request) -> Response:
    """List customers, the newest first, by pages."""
    limit, cursor = _limit(request), request.query_params.get("cursor")
    try:
        async with gateway_of(request).pool.connection() as conn:
            await catch_up(conn, (Customers(),))
            page = await customers(conn, cursor=cursor, limit=limit)
    except ValueError as error:
        raise InvalidFieldError(str(error), "cursor") from None
    except psycopg.Error as error:
        raise BillingUnavailableError from error
    return success(request, _describe_page(page))


@router.get("/customers/{customer_id}", **documented(CustomerAnswer, query=("at",)))
async def get_customer(request: Request, customer_id: str) -> Response:
    """Look at a customer and its wallet, now or as of `?at=`, an instant or a position."""
    customer = await find_customer(request, customer_id)
    name = await gateway_of(request).texts.get(customer.customer_id, CUSTOMER_NAME)
    data = {
        "customer_id": customer_id,
        "name": name,
        "currency": customer.currency,
        **await look_at(request, customer, describe_wallet),
    }
    return success(request, data)


@router.post(
    "/customers/{customer_id}/freeze", dependencies=[Depends(no_body)], **documented(FrozenAnswer)
)
async def freeze(request: Request, customer_id: str) -> Response:
    """Open no new holds on the wallet; calls in flight still settle."""
    return await _freeze(request, customer_id, frozen=True)


@router.post(
    "/customers/{customer_id}/unfreeze", dependencies=[Depends(no_body)], **documented(FrozenAnswer)
)
async def unfreeze(request: Request, customer_id: str) -> Response:
    """Open holds again."""
    return await _freeze(request, customer_id, frozen=False)


@router.post("/customers/{customer_id}/terms", **documented(TermsChangedAnswer))
async def change(
    request: Request,
    customer_id: str,
    terms: Annotated[WalletTermsFields, Depends(body_as(WalletTermsFields))],
) -> Response:
    """Change how far the wallet may go below zero, and who bears what its funds do not cover."""
    customer = await find_customer(request, customer_id)
    command = change_terms(
        customer.wallet_id,
        overdraft_limit=terms.overdraft_limit,
        excess_policy=terms.excess_policy,
        actor=ACTOR,
    )
    await gateway_of(request).ledger.execute(command)
    wallet = await look_at(request, customer, describe_wallet)
    changed = {name: wallet[name] for name in ("overdraft_limit", "excess_policy")}
    return success(request, {"customer_id": customer_id, **changed})


async def _freeze(request: Request, customer_id: str, *, frozen: bool) -> Response:
    customer = await find_customer(request, customer_id)
    command = freeze_wallet(customer.wallet_id, frozen=frozen, actor=ACTOR)
    await gateway_of(request).ledger.execute(command)
    return success(request, {"customer_id": customer_id, "frozen": frozen})


def _describe_page(page: Page[CustomerRow]) -> dict[str, Any]:
    return {
        "items": [
            {
                "customer_id": ids.public(ids.CUSTOMER, row.customer_id),
                "name": row.name,
                "currency": row.currency,
                "created_at": write_time(row.created_at),
            }
            for row in page.items
        ],
        "next_cursor": page.next_cursor,
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return LIMIT_DEFAULT
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= LIMIT_MAX:
        message = f"'limit' must be a whole number from 1 to {LIMIT_MAX}."
        raise InvalidFieldError(message, "limit")
    return int(text)
