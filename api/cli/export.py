"""`tollbook export` and `tollbook import`: the books written down, and a log taken in again."""

from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer
from pydantic import BaseModel, Field, ValidationError

from adapters.ledger.connection import connect
from adapters.ledger.log_import import LogFile, LogImportError, import_log
from adapters.ledger.schema import SchemaError, check, migrate
from api.cli.books import BUSY
from api.cli.options import DataDir, complain, load
from api.cli.progress import err, out, shown
from api.database import database
from api.exporting import EXPORTS, Ask, Asked, What
from domain import ids
from domain.periods import parse_month
from projections.errors import BusyError, LogError
from projections.exports.columns import NANO_PLACES, decimal
from projections.exports.errors import ExportRefusedError
from projections.exports.export import export_to
from projections.exports.sidecar import Control

FAILED = 1
"""The exit status when nothing was written because something is wrong outside the command."""

Out = Annotated[Path, typer.Option("--out", help="The file; what it comes to is in FILE.json.")]
Format = Annotated[str | None, typer.Option("--format", help="How to write it.")]
Customer = Annotated[str | None, typer.Option(help="Only this customer's.")]
Month = Annotated[str | None, typer.Option(help="Only what is booked in it, such as 2026-11.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


class Sidecar(BaseModel):
    """What an import reads of a sidecar."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def export(
    what: What,
    *,
    path: Out,
    form: Format = None,
    customer: Customer = None,
    month: Month = None,
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    """Write the journal, FOCUS, the event log, calls or a statement, as of one moment."""
    settings = load(data_dir=data_dir)
    asked = _asked(what, form, customer, month, settings.issuer_name)
    with database(settings) as url, shown(f"exporting {what}") as progress:
        try:
            check(url)
            write = EXPORTS[what].write
            control = export_to(path, lambda file: write(url, asked, file, progress), replace=force)
        except BusyError as error:
            _fail(str(error), BUSY)
        except (ExportRefusedError, LogError, SchemaError, OSError, psycopg.Error) as error:
            _fail(f"nothing was written: {error}", FAILED)
    out.print(f"{path}: {_told(control)}", markup=False)


def import_file(
    file: Annotated[Path, typer.Argument(help="What 'tollbook export events' wrote.")],
    data_dir: DataDir = None,
) -> None:
    """Take a written event log into an empty database, byte for byte, or nothing of it."""
    settings = load(data_dir=data_dir)
    with database(settings) as url, shown("importing") as progress:
        try:
            migrate(url)
            size = file.stat().st_size
            with file.open("rb") as opened, connect(url, role=None) as conn:
                log = LogFile(opened, lambda done: progress(done, size), _expected(file))
                import_log(conn, log)
        except (LogImportError, SchemaError, OSError, psycopg.Error) as error:
            _fail(f"nothing was imported: {error}", FAILED)
    out.print(f"{log.events} events up to position {log.last}", markup=False)


def _asked(
    what: What, form: str | None, customer: str | None, month: str | None, issuer: str | None
) -> Asked:
    """Read what is asked for, or explain what cannot be."""
    export = EXPORTS[what]
    chosen = form or export.formats[0]
    if chosen not in export.formats:
        complain(f"--format: {what} is written as {' or '.join(export.formats)}, not as {chosen!r}")
    _check_given(what, "--customer", export.customer, customer)
    _check_given(what, "--month", export.month, month)
    customer_id = ids.parse_public(ids.CUSTOMER, customer) if customer else None
    if customer and customer_id is None:
        complain(f"--customer: {customer!r} is no customer's id")
    try:
        period = parse_month(month) if month else None
    except ValueError as error:
        complain(f"--month: {error}")
    return Asked(what, chosen, customer_id, period, issuer)


def _check_given(what: What, option: str, ask: Ask, value: str | None) -> None:
    if ask is Ask.NEVER and value is not None:
        complain(f"{option}: {what} is written whole or not at all")
    if ask is Ask.ALWAYS and value is None:
        complain(f"{option} is missing: a {what} is one customer's and one month's")


def _expected(file: Path) -> str | None:
    """Find the hash that the sidecar tells, if there is one; raises LogImportError, OSError."""
    beside = file.with_name(f"{file.name}.json")
    try:
        found = Sidecar.model_validate_json(beside.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        message = f"{beside} tells no sha256 of it: restore it, or move it away"
        raise LogImportError(message) from None
    return found.sha256


def _told(control: Control) -> str:
    sums = [
        f"{name} {decimal(nanos, NANO_PLACES)} {currency}"
        for currency, amounts in control.sums.items()
        for name, nanos in amounts.items()
    ]
    return "; ".join([f"{control.rows} rows", *sums])


def _fail(message: str, status: int) -> NoReturn:
    err.print(f"tollbook: {message}", markup=False)
    raise typer.Exit(status)
