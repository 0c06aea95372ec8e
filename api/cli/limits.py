"""`tollbook customers limits` and `tollbook api-keys limits`: look at limits, or replace them."""

from typing import Annotated

import typer

from api.cli.admin_call import run
from api.cli.options import DataDir, complain, load

Requests = Annotated[int | None, typer.Option(help="Calls a minute.")]
Tokens = Annotated[int | None, typer.Option(help="Tokens a minute, prompt and answer.")]
Parallel = Annotated[int | None, typer.Option(help="Calls at once.")]
Unlimited = Annotated[bool, typer.Option("--none", help="Take all limits away.")]


def of_customer(
    customer_id: str,
    *,
    requests_per_minute: Requests = None,
    tokens_per_minute: Tokens = None,
    parallel_calls: Parallel = None,
    none: Unlimited = False,
    data_dir: DataDir = None,
) -> None:
    """Show what limits all of a customer's keys together, or replace the whole set."""
    limits = (requests_per_minute, tokens_per_minute, parallel_calls)
    _limits(f"/customers/{customer_id}/limits", limits, data_dir, none=none)


def of_key(
    api_key_id: str,
    *,
    requests_per_minute: Requests = None,
    tokens_per_minute: Tokens = None,
    parallel_calls: Parallel = None,
    none: Unlimited = False,
    data_dir: DataDir = None,
) -> None:
    """Show what limits a key, or replace the whole set."""
    limits = (requests_per_minute, tokens_per_minute, parallel_calls)
    _limits(f"/api-keys/{api_key_id}/limits", limits, data_dir, none=none)


def _limits(
    path: str, limits: tuple[int | None, ...], data_dir: DataDir = None, *, none: bool
) -> None:
    names = ("requests_per_minute", "tokens_per_minute", "parallel_calls")
    given = {name: n for name, n in zip(names, limits, strict=True) if n is not None}
    if given and none:
        complain("--none takes all limits away: give it alone")
    settings = load(data_dir=data_dir)
    if given or none:
        run(settings, "PUT", path, given)
    else:
        run(settings, "GET", path)
