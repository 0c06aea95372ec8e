"""Read models: each compared with the log folded again to its own position (I2, I12)."""

from collections.abc import Mapping
from typing import Final

import orjson
from psycopg import Connection

from projections.advance import step
from projections.audit.account import Account
from projections.audit.findings import Finding, Findings
from projections.balances import Balances
from projections.compare import Comparison, Difference, compare
from projections.projection import Projection, statement
from projections.shelf import LIVE, TEMPORARY, Place, Shelf


class ModelAudit:
    """Compares live read models in a snapshot whose log ends at `end`.

    What it writes is temporary.
    """

    def __init__(self, conn: Connection, findings: Findings, end: int) -> None:
        self._conn = conn
        self._findings = findings
        self._end = end
        self._live = Shelf(LIVE)
        self._ours = Shelf(TEMPORARY)
        self._balances: Projection | None = None
        self.compared: list[Comparison] = []
        self.warnings: list[Finding] = []

    def take(self, projection: Projection) -> None:
        """Fold one again, and compare it."""
        conn = self._conn
        self._ours.create(conn, [projection])
        place = self._live.place(conn, projection) if self._live.exists(conn) else None
        if place is None:
            self.warnings.append(self._finding(projection.name, 0, "is not built yet"))
        else:
            self._compare(projection, place)
        if isinstance(projection, Balances):
            self._fold(projection, self._end)
            self._balances = projection

    def check_figures(self, accounts: Mapping[str, Account]) -> None:
        """Compare the fold of balances with the auditor's own figures at the log's end."""
        place = self._ours.place(self._conn, self._balances) if self._balances else None
        if place is None or place.halted_at is not None:
            return
        for wallet_id, position, *figures in self._conn.execute(statement(TEMPORARY, _FIGURES)):
            account = accounts.get(wallet_id)
            expected = [account.posted, account.reserved, account.debt] if account else []
            if figures != expected:
                message = f"has {figures} for wallet {wallet_id}, and the audit {expected}"
                self._findings.note(self._finding("balances", position, message))

    def _compare(self, projection: Projection, place: Place) -> None:
        if place.halted_at is not None:
            found = self._finding(projection.name, place.halted_at, "is halted at this event")
            self._findings.note(found)
        if not self._fold(projection, place.position):
            return
        compared = compare(
            self._conn,
            projection,
            place.position,
            found=self._live.schema,
            expected=self._ours.schema,
        )
        self.compared.append(compared)
        for difference in compared.examples:
            self._findings.note(
                self._finding(projection.name, difference.position, _say(difference))
            )
        self._findings.count += compared.different - len(compared.examples)

    def _fold(self, projection: Projection, upto: int) -> bool:
        while not step(self._conn, self._ours, [projection], upto=upto):
            pass
        place = self._ours.place(self._conn, projection)
        halted_at = place.halted_at if place else None
        if halted_at is not None:
            self._findings.note(self._finding(projection.name, halted_at, "cannot take this event"))
        return halted_at is None

    def _finding(self, name: str, position: int, message: str) -> Finding:
        """Name the event as well as the read model."""
        row = self._conn.execute(_EVENT, (position,)).fetchone()
        topic, originator_id = row or ("", "")
        return Finding("read model", position, topic, originator_id, f"{name} {message}")


def _say(difference: Difference) -> str:
    expected, found = difference.expected or {}, difference.found or {}
    if not expected or not found:
        row = orjson.dumps(expected or found).decode()
        return f"{'lacks' if expected else 'has'} in {difference.table}: {row}"
    wrong = [name for name in expected if expected[name] != found.get(name)]
    said = ", ".join(f"{name} is {found.get(name)}, not {expected[name]}" for name in wrong)
    return f"in {difference.table}: {said}"


_EVENT: Final = """
    SELECT topic, encode(uuid_send(originator_id), 'hex')
    FROM public.ledger_events WHERE position = %s
"""
_FIGURES = """
    SELECT encode(uuid_send(wallet_id), 'hex'), position, posted, reserved, debt
    FROM {schema}.balances
"""
