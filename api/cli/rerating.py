"""`tollbook prices`, `what-if`, `corrections batch`: other prices, looked at and then applied."""

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from api.catalog.file import ConfigError, price_page
from api.cli.admin_call import ask, run, show
from api.cli.options import DataDir, complain, load
from api.cli.progress import err, shown
from api.configuration import load_configuration
from api.price_text import describe_page
from api.settings import Settings

prices = typer.Typer(help="List price versions, or keep a draft.", no_args_is_help=True)

Config = Annotated[Path, typer.Option(help="A catalogue whose prices are meant; nothing else is.")]
SLICE: Final = 5_000
"""Charges looked at between two looks at the progress."""


@prices.command("list")
def list_versions(data_dir: DataDir = None) -> None:
    """List every version: the published ones in their order of effect, then the drafts."""
    run(load(data_dir=data_dir), "GET", "/price-versions")


@prices.command("draft")
def draft(config: Config, data_dir: DataDir = None) -> None:
    """Keep a catalogue's prices for corrections to name; they never come into force."""
    body = _prices(config)
    run(load(data_dir=data_dir), "POST", "/price-versions", body)


def what_if(
    month: str,
    *,
    config: Annotated[Path | None, typer.Option(help="A catalogue with the other prices.")] = None,
    price_version: Annotated[str | None, typer.Option(help="Or a version that is there.")] = None,
    model: str | None = None,
    customer: str | None = None,
    data_dir: DataDir = None,
) -> None:
    """Tell what a month would have come to at other prices; nothing is written."""
    body = _given(
        period=month,
        price_version=price_version,
        **({} if config is None else _prices(config)),
        model=model,
        customer_id=customer,
    )
    run(load(data_dir=data_dir), "POST", "/what-if", body)


def batch(
    to_price_version: str,
    *,
    model: str | None = None,
    month: str | None = None,
    price_version: Annotated[str | None, typer.Option(help="Only what was held at it.")] = None,
    customer: str | None = None,
    reason: str = "re-rated",
    commit: Annotated[bool, typer.Option(help="Correct; without it only a dry run.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Re-rate every selected charge at a price version, each by a linked correction."""
    settings = load(data_dir=data_dir)
    body = _given(
        to_price_version=to_price_version,
        model=model,
        period=month,
        price_version=price_version,
        customer_id=customer,
        reason=reason,
    )
    found = ask(settings, "POST", "/correction-batches", orjson.dumps(body))
    show(found)
    if commit and found["count"]:
        body |= {"dry_run": False, "expected": {n: found[n] for n in ("count", "amount")}}
        opened = ask(settings, "POST", "/correction-batches", orjson.dumps(body))
        batch_id = opened["batch_id"]
        err.print(f"{batch_id}: if this is broken off, 'corrections resume {batch_id}' goes on.")
        resume(settings, batch_id, found["looked_at"])
    elif not commit:
        err.print("A dry run: nothing was corrected. Use --commit to correct.", markup=False)


def batches(data_dir: DataDir = None) -> None:
    """List the batches of corrections, the newest first, and how much of each is done."""
    run(load(data_dir=data_dir), "GET", "/correction-batches")


def batch_run(batch_id: str, data_dir: DataDir = None) -> None:
    """Go on with a batch that was broken off; what is done is not done again."""
    resume(load(data_dir=data_dir), batch_id, None)


def resume(settings: Settings, batch_id: str, expected: int | None) -> None:
    """Run a batch to its end, slice by slice, and show what it came to."""
    path, looked_at = f"/correction-batches/{batch_id}", 0
    after: int | None = 0
    with shown("correcting") as progress:
        while after is not None:
            part = orjson.dumps({"after": after, "limit": SLICE})
            done = ask(settings, "POST", f"{path}/run", part)
            after, looked_at = done["after"], looked_at + done["looked_at"]
            progress(looked_at, expected or looked_at)
    show(ask(settings, "GET", path))


def _prices(config: Path) -> dict[str, Any]:
    """Read a catalogue's prices, or explain what is wrong with it and leave with status 2."""
    try:
        return describe_page(price_page(load_configuration(load(config=config)).catalog))
    except ConfigError as error:
        complain(str(error))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
