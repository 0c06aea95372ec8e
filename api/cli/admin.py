"""Admin verbs: each mirrors a route of the admin API and goes through the same handler.

They work on the ledger itself, beside a running `serve` or without one.
"""

from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from pydantic import JsonValue

from api.cli.admin_call import run
from api.cli.options import DataDir, load

customers = typer.Typer(help="Register, list and look at customers.", no_args_is_help=True)
grants = typer.Typer(help="Add credit, or take back what is unused.", no_args_is_help=True)
api_keys = typer.Typer(help="Create and disable API keys.", no_args_is_help=True)
corrections = typer.Typer(help="Correct a call's charge.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="The catalogue: tollbook.toml.")]
Key = Annotated[str | None, typer.Option(help="Idempotency key: the same command twice acts once.")]


@customers.command("create")
def create_customer(
    name: str, currency: str | None = None, config: Config = None, data_dir: DataDir = None
) -> None:
    """Register a customer with an empty wallet."""
    body = _given(name=name, currency=currency)
    run(load(config=config, data_dir=data_dir), "POST", "/customers", body)


@customers.command("list")
def list_customers(cursor: str | None = None, limit: int = 50, data_dir: DataDir = None) -> None:
    """List customers, the newest first."""
    query = httpx.QueryParams(_given(cursor=cursor, limit=str(limit)))
    run(load(data_dir=data_dir), "GET", f"/customers?{query}")


@customers.command("show")
def show_customer(customer_id: str, data_dir: DataDir = None) -> None:
    """Look at a customer and its wallet."""
    run(load(data_dir=data_dir), "GET", f"/customers/{customer_id}")


@customers.command("freeze")
def freeze(customer_id: str, data_dir: DataDir = None) -> None:
    """Open no new holds on the customer's wallet."""
    run(load(data_dir=data_dir), "POST", f"/customers/{customer_id}/freeze")


@customers.command("unfreeze")
def unfreeze(customer_id: str, data_dir: DataDir = None) -> None:
    """Open holds again."""
    run(load(data_dir=data_dir), "POST", f"/customers/{customer_id}/unfreeze")


@customers.command("terms")
def change_terms(
    customer_id: str,
    overdraft_limit: str | None = None,
    excess_policy: str | None = None,
    data_dir: DataDir = None,
) -> None:
    """Change the overdraft limit, or who bears what funds do not cover."""
    body = _given(overdraft_limit=overdraft_limit, excess_policy=excess_policy)
    run(load(data_dir=data_dir), "POST", f"/customers/{customer_id}/terms", body)


@grants.command("create")
def create_grant(
    customer_id: str,
    amount: str,
    *,
    category: str = "paid",
    expires_at: str | None = None,
    priority: int = 0,
    reference: str | None = None,
    idempotency_key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Add credit to a customer's wallet."""
    body = _given(
        amount=amount,
        category=category,
        expires_at=expires_at,
        priority=priority,
        reference=reference,
    )
    path = f"/customers/{customer_id}/grants"
    run(load(data_dir=data_dir), "POST", path, body, idempotency_key)


@grants.command("void")
def void_grant(
    customer_id: str,
    grant_id: str,
    *,
    reason: str = "operator",
    amount: str | None = None,
    idempotency_key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Take back what is unused of a grant, or so much of it; the reason is a short code."""
    path = f"/customers/{customer_id}/grants/{grant_id}/void"
    body = _given(reason=reason, amount=amount)
    run(load(data_dir=data_dir), "POST", path, body, idempotency_key)


@api_keys.command("create")
def create_key(
    customer_id: str,
    name: str,
    *,
    model: Annotated[list[str] | None, typer.Option(help="Allow only this model.")] = None,
    provider: Annotated[list[str] | None, typer.Option(help="Allow only this provider.")] = None,
    quota: Annotated[str | None, typer.Option(help="Most that may be spent.")] = None,
    window: Annotated[str, typer.Option(help="The quota's window: none, day or month.")] = "none",
    tag: Annotated[list[str] | None, typer.Option(help="name=value, carried by its calls.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Create a key; the plaintext is shown only now."""
    tags = {name: value for name, _, value in (entry.partition("=") for entry in tag or ())}
    limit: JsonValue = {"amount": quota, "window": window} if quota else None
    body = _given(
        name=name,
        allowed_model_ids=model,
        allowed_providers=provider,
        quota=limit,
        tags=tags or None,
    )
    settings = load(config=config, data_dir=data_dir)
    run(settings, "POST", f"/customers/{customer_id}/api-keys", body)


@api_keys.command("disable")
def disable_key(api_key_id: str, data_dir: DataDir = None) -> None:
    """Disable a key for good."""
    run(load(data_dir=data_dir), "POST", f"/api-keys/{api_key_id}/disable")


@api_keys.command("rotate")
def rotate_key(
    api_key_id: str,
    *,
    grace_seconds: Annotated[int, typer.Option(help="How long the old secret lives on.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Give a key another secret; the plaintext is shown only now."""
    body: dict[str, Any] = {"grace_seconds": grace_seconds}
    run(load(data_dir=data_dir), "POST", f"/api-keys/{api_key_id}/rotate", body)


@corrections.command("create", context_settings={"ignore_unknown_options": True})
def create_correction(
    request_id: str,
    amount: str,
    reason: str,
    idempotency_key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Correct a call's charge; a positive amount gives credit back."""
    path = f"/requests/{request_id}/corrections"
    body: dict[str, Any] = {"amount": amount, "reason": reason}
    run(load(data_dir=data_dir), "POST", path, body, idempotency_key)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
