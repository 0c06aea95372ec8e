"""`tollbook verify` and `tollbook rebuild`: the proof of the books, from the command line."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

import typer

from adapters.ledger.connection import GATEWAY_ROLE, connect
from adapters.ledger.schema import check
from adapters.seal.keys import SealKeyError
from api.cli.options import DataDir, complain, load
from api.cli.progress import err, out, shown
from api.database import database
from api.sealing import evidence_of
from projections.errors import BusyError
from projections.rebuild import rebuild as rebuild_models
from projections.verify import Report, verify as verify_books

BROKEN = 1
"""The exit status when something does not add up."""
BUSY = 75
"""The exit status when another rebuild is at work: worth another try."""


def verify(data_dir: DataDir = None) -> None:
    """Replay the log, check every invariant and charge, and compare every read model."""
    settings = load(data_dir=data_dir)
    try:
        evidence = evidence_of(settings)
    except (SealKeyError, OSError, ValueError) as error:
        complain(str(error))
    with database(settings) as url, _busy_is_told(), shown("verifying") as report:
        check(url)
        owner = partial(connect, url, role=None)
        found = verify_books(owner, progress=report, evidence=evidence)
    for finding in found.warnings:
        err.print(f"warning: {finding}", markup=False)
    for finding in found.violations:
        err.print(f"violation: {finding}", markup=False)
    out.print(
        f"{found.events} events to position {found.position}: {found.wallets} wallets, "
        f"{found.calls} calls, {found.charges} charges, {found.corrections} corrections; "
        f"{found.violation_count} violations, {len(found.warnings)} warnings",
        markup=False,
    )
    _tell_seal(found, checked=evidence.signed is not None)
    if not found.sound:
        raise typer.Exit(BROKEN)


def _tell_seal(found: Report, *, checked: bool) -> None:
    """Say how far the seal reaches, and what nobody has signed yet."""
    tail = f"{found.tail.events} unsealed"
    if found.tail.since is not None:
        tail += f" since {found.tail.since}"
    if not found.sealed.heads:
        out.print(f"nothing is sealed: {tail}", markup=False)
        return
    signatures = "" if checked else "; signatures not checked: no TOLLBOOK_SEAL_KEY_FILE"
    out.print(
        f"{found.sealed.tree_size} events sealed to position {found.sealed.position} under "
        f"{found.sealed.heads} heads, {tail}{signatures}",
        markup=False,
    )


def rebuild(data_dir: DataDir = None) -> None:
    """Build every read model anew from the log, compare it row for row, and take its place."""
    settings = load(data_dir=data_dir)
    with database(settings) as url, _busy_is_told(), shown("rebuilding") as report:
        check(url)
        owner = partial(connect, url, role=None)
        comparisons = rebuild_models(owner, GATEWAY_ROLE, progress=report)
    for found in comparisons:
        verdict = f"{found.different} different" if found.different else "equal"
        out.print(f"{found.name}: {found.rows} rows, {verdict}", markup=False)
        for difference in found.examples:
            err.print(f"  {difference}", markup=False)
    if any(found.different for found in comparisons):
        raise typer.Exit(BROKEN)


@contextmanager
def _busy_is_told() -> Generator[None]:
    try:
        yield
    except BusyError as error:
        err.print(f"tollbook: {error}", markup=False)
        raise typer.Exit(BUSY) from None
