"""`tollbook seal-key`, `seal`, `head`, `prove`, `consistency` and `restore`: the seal by hand."""

from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import quote

import orjson
import typer

from adapters.ledger.connection import connect
from adapters.ledger.schema import SchemaError, check, migrate
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKeyError, create_key, read_key, read_trusted
from adapters.seal.restore import NotEmptyError, restore as restore_log
from adapters.seal.sealer import seal_now
from api.cli.admin_call import ask, show
from api.cli.options import DataDir, complain, load
from api.cli.progress import err, out, shown
from api.database import database
from api.sealing import archive_of

BROKEN = 1
"""The exit status when what was sealed no longer matches."""

OutFile = Annotated[Path, typer.Option("--out", help="The file to write.")]
Retire = Annotated[Path | None, typer.Option(help="The key file that the new one replaces.")]
From = Annotated[Path, typer.Option("--from", help="The folder that TOLLBOOK_SEAL_DIR named.")]
FromSize = Annotated[int, typer.Option("--from", help="How many events the older head signed.")]
ToSize = Annotated[int | None, typer.Option("--to", help="Of the newer head. Default: the newest.")]
Request = Annotated[str, typer.Option(help="A call, such as req_0192….")]


def seal_key(out_file: OutFile, retire: Retire = None, data_dir: DataDir = None) -> None:
    """Make a signing key, and print the public key that customers are to trust."""
    settings = load(data_dir=data_dir)
    if out_file.resolve().is_relative_to(settings.data_dir):
        complain("A signing key must not lie in the data directory.")
    try:
        key = create_key(out_file, read_trusted(retire) if retire else None)
    except SealKeyError as error:
        complain(str(error))
    show({"public_key": key.public_key.hex(), "key_id": key.key_id})


def seal(data_dir: DataDir = None) -> None:
    """Sign what is new now, beside a running `serve` or without one."""
    settings = load(data_dir=data_dir)
    if settings.seal_key_file is None:
        complain("There is no TOLLBOOK_SEAL_KEY_FILE to sign with.")
    try:
        key = read_key(settings.seal_key_file)
        with database(settings) as url:
            check(url)
            head = seal_now(partial(connect, url, role=None), key, archive_of(settings))
    except (SealKeyError, OSError) as error:
        complain(str(error))
    except SealBrokenError as error:
        _broken(error)
    show(head.fields if head else None)


def head(data_dir: DataDir = None) -> None:
    """Show the newest head, and the public key to check it with."""
    show(ask(load(data_dir=data_dir), "GET", "/seal/head"))


def prove(request: Request, out_file: OutFile, data_dir: DataDir = None) -> None:
    """Write the proof of a call, as its customer may have it."""
    settings = load(data_dir=data_dir)
    proof = ask(settings, "GET", f"/seal/requests/{quote(request, safe='')}/proof")
    partial_file = out_file.with_name(f".{out_file.name}.partial")
    try:
        partial_file.write_bytes(orjson.dumps(proof, option=orjson.OPT_INDENT_2))
        partial_file.replace(out_file)
    except OSError as error:
        complain(f"The proof cannot be written: {error}")
    out.print(f"{len(proof['events'])} events proved in {out_file}", markup=False)


def consistency(first: FromSize, second: ToSize = None, data_dir: DataDir = None) -> None:
    """Prove that the log under one head begins the log under a later one."""
    query = f"from={first}" + (f"&to={second}" if second is not None else "")
    show(ask(load(data_dir=data_dir), "GET", f"/seal/consistency?{query}"))


def restore(folder: From, data_dir: DataDir = None) -> None:
    """Bring the log back from its copy into an empty database, checking every head on the way."""
    settings = load(data_dir=data_dir)
    try:
        key_file = settings.seal_key_file
        trusted = read_trusted(key_file) if key_file is not None else None
        with database(settings) as url, shown("restoring") as progress:
            migrate(url)
            with connect(url, role=None) as conn:
                found = restore_log(conn, folder, trusted, progress)
    except (SealKeyError, NotEmptyError, SchemaError, OSError) as error:
        complain(str(error))
    except SealBrokenError as error:
        _broken(error)
    signatures = "" if trusted else "; signatures not checked: no TOLLBOOK_SEAL_KEY_FILE"
    out.print(
        f"{found.events} events restored to the head of {found.newest.tree_size}, all of "
        f"{found.heads} heads match, {found.unsealed} unsealed{signatures}",
        markup=False,
    )


def _broken(error: Exception) -> NoReturn:
    err.print(f"tollbook: {error}", markup=False)
    raise typer.Exit(BROKEN)
