"""`tollbook payments` and `tollbook webhook-deliveries`: verbs that mirror the admin API."""

import httpx
import typer

from api.cli.admin_call import run
from api.cli.options import DataDir, load

payments = typer.Typer(help="List payments, and credit what waits.", no_args_is_help=True)
deliveries = typer.Typer(help="Look at what customers were told.", no_args_is_help=True)


@payments.command("list")
def list_payments(
    status: str | None = None,
    *,
    needs_attention: bool | None = None,
    customer: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    data_dir: DataDir = None,
) -> None:
    """List payments, the newest first; `--needs-attention` are those that wait for a person."""
    attention = None if needs_attention is None else str(needs_attention).lower()
    query = _query(
        status=status,
        needs_attention=attention,
        customer_id=customer,
        cursor=cursor,
        limit=str(limit),
    )
    run(load(data_dir=data_dir), "GET", f"/payments?{query}")


@payments.command("show")
def show_payment(payment_id: str, data_dir: DataDir = None) -> None:
    """Look at one payment."""
    run(load(data_dir=data_dir), "GET", f"/payments/{payment_id}")


@payments.command("apply")
def apply_payment(payment_id: str, customer_id: str, data_dir: DataDir = None) -> None:
    """Credit money that waited to a customer."""
    path = f"/payments/{payment_id}/apply"
    run(load(data_dir=data_dir), "POST", path, {"customer_id": customer_id})


@deliveries.command("list")
def list_deliveries(
    status: str | None = None,
    customer: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    data_dir: DataDir = None,
) -> None:
    """List webhook deliveries, the newest first."""
    query = _query(status=status, customer_id=customer, cursor=cursor, limit=str(limit))
    run(load(data_dir=data_dir), "GET", f"/webhook-deliveries?{query}")


def _query(**fields: str | None) -> httpx.QueryParams:
    return httpx.QueryParams({name: text for name, text in fields.items() if text is not None})
