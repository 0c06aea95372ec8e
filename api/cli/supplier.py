"""`tollbook supplier`, `margins` and `reconcile`: the operator's side of what calls cost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import orjson
import typer

from adapters.supplier_reports.read import FORMATS
from api.cli.admin_call import ask, run
from api.cli.options import DataDir, complain, load
from api.cli.tables import Format, write

UNSETTLED: Final = 1
"""The exit status when something is left to be looked into."""

supplier = typer.Typer(
    help="Import suppliers' reports, and settle differences.", no_args_is_help=True
)

Config = Annotated[Path | None, typer.Option(help="The catalogue: tollbook.toml.")]
From = Annotated[str | None, typer.Option("--from", help="The first day, as 2026-11-01 (UTC).")]
To = Annotated[str | None, typer.Option("--to", help="The day after the last one.")]
Month = Annotated[str | None, typer.Option(help="A month such as 2026-11, instead of days.")]
Provider = Annotated[str, typer.Option(help="The provider's name in the catalogue.")]
Shape = Annotated[Format, typer.Option("--format", help="How to write it.")]
Amount = Annotated[str | None, typer.Option(help="How far amounts may differ. Default: 0.01")]
Points = Annotated[int | None, typer.Option(help="… and of the larger one. Default: 50 (0.5 %)")]
Pairs = Annotated[list[str] | None, typer.Option(help="THEIRS=OURS, as often as needed.")]

MONEY: Final = (
    "currency", "charges", "charged", "corrected", "revenue", "cost", "cost_currency", "margin",
    "margin_basis_points", "complete", "unpriced_attempts", "unpriced_revenue", "attempts",
    "failed_attempts",
)  # fmt: skip
ITEM: Final = (
    "day", "model", "credential", "state", "unit", "difference", "our_cost", "their_amount",
    "disagrees", "residuals", "candidates",
)  # fmt: skip


@supplier.command("import")
def import_report(
    file: Path,
    provider: Provider,
    *,
    report_format: Annotated[
        str | None,
        typer.Option("--format", help=f"One of {', '.join(FORMATS)}. Default: what it looks like."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Take in a supplier's usage or cost report; the same file twice is one report."""
    try:
        content = file.read_bytes()
    except OSError as error:
        complain(f"{file} cannot be read: {error.strerror}")
    query = _query(provider=provider, format=report_format, dry_run=str(dry_run).lower())
    settings = load(config=config, data_dir=data_dir)
    data = ask(settings, "POST", f"/supplier-reports?{query}", content)
    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


@supplier.command("list")
def list_reports(
    provider: str | None = None, limit: int = 50, config: Config = None, data_dir: DataDir = None
) -> None:
    """List imported reports, the newest first."""
    query = _query(provider=provider, limit=str(limit))
    run(load(config=config, data_dir=data_dir), "GET", f"/supplier-reports?{query}")


@supplier.command("resolve")
def resolve(
    day: str,
    model: str,
    reason: str,
    *,
    provider: Provider,
    credential: str | None = None,
    note: str | None = None,
    models: Pairs = None,
    credentials: Pairs = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Accept a difference as it stands; it opens again if a figure changes."""
    body = {
        "provider": provider,
        "day": day,
        "model": model,
        "credential": credential,
        "reason": reason,
        "note": note,
    }
    query = _query(models=_joined(models), credentials=_joined(credentials))
    path = f"/reconciliations/resolve?{query}"
    run(load(config=config, data_dir=data_dir), "POST", path, body)


def margins(
    *,
    since: From = None,
    until: To = None,
    month: Month = None,
    group_by: Annotated[
        str, typer.Option(help="Some of model, provider, customer, day, upstream_model.")
    ] = "model",
    shape: Shape = Format.TABLE,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Show revenue, supplier cost and margin."""
    days: dict[str, str | None] = {"from": since, "to": until, "month": month}
    query = _query(**days, group_by=group_by)
    data = ask(load(config=config, data_dir=data_dir), "GET", f"/margins?{query}")
    groups = ["customer_id" if name == "customer" else name for name in data["group_by"]]
    rows = data["items"]
    if shape is Format.TABLE and rows:
        rows = [*rows, *({groups[0]: "total", **total} for total in data["totals"])]
    write(shape, data, rows, (*groups, *MONEY))


def reconcile(
    *,
    provider: Provider,
    since: From = None,
    until: To = None,
    month: Month = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only what is not settled.")] = False,
    tolerance: Amount = None,
    tolerance_basis_points: Points = None,
    models: Pairs = None,
    credentials: Pairs = None,
    shape: Shape = Format.TABLE,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Match what was metered with what the supplier reports; status 1 if anything is open."""
    points = None if tolerance_basis_points is None else str(tolerance_basis_points)
    days: dict[str, str | None] = {"from": since, "to": until, "month": month}
    query = _query(
        **days,
        provider=provider,
        open=str(only_open).lower(),
        tolerance=tolerance,
        tolerance_basis_points=points,
        models=_joined(models),
        credentials=_joined(credentials),
    )
    data = ask(load(config=config, data_dir=data_dir), "GET", f"/reconciliations?{query}")
    write(shape, data, _flat(data["items"]), ITEM)
    if shape is Format.TABLE:
        _conclude(data)
    if not data["settled"]:
        raise typer.Exit(UNSETTLED)


def _flat(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Put the figures of an item beside each other."""
    for item in items:
        reasons = [f"{part['reason']} {part['quantity']}" for part in item["residuals"]]
        yield {
            **item,
            "difference": item["difference"],
            "our_cost": item["ours"]["cost"],
            "their_amount": item["theirs"]["amount"],
            "disagrees": " ".join(item["disagrees"]),
            "residuals": "; ".join(reasons),
            "candidates": " ".join(item["candidates"]),
        }


def _conclude(data: dict[str, Any]) -> None:
    summary = data["summary"]
    states = ", ".join(f"{number} {state}" for state, number in summary["states"].items())
    typer.echo(
        f"ours {summary['our_cost']}, theirs {summary['their_amount']}, "
        f"difference {summary['difference']}; {states or 'nothing to match'}"
    )
    for name in (*data["models"], *data["credentials"]):
        if name["name"] != name["matched_as"]:
            typer.echo(f"{name['side']}: {name['name']} is {name['matched_as']} ({name['rule']})")


def _joined(pairs: list[str] | None) -> str | None:
    return ",".join(pairs) if pairs else None


def _query(**fields: str | None) -> httpx.QueryParams:
    return httpx.QueryParams({name: text for name, text in fields.items() if text is not None})
