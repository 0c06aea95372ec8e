"""Outside judges on every export: `scripts/judges` makes their environments and runs this.

Each is then asked about a file with one fault, and must refuse it: a judge that never says no
proves nothing.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from projections.exports.journal import accounts
from tests.judges import books, duck, focus, plain_text, spoiled
from tests.judges.books import Books
from tests.judges.verdict import Verdict, compared, run

CALLS = 64_000


class Court:
    """Asks the judges that `scripts/judges` has put into a folder."""

    def __init__(self, tools: Path, told: Books) -> None:
        self._tools = tools
        self._told = told
        self.failed: list[str] = []

    def sit(self) -> None:
        """Hear every case."""
        self.hear_text()
        self.hear_focus()
        self.hear_duck()

    def hear_text(self) -> None:
        for name in ("journal", "june"):
            for judge, ask in (("beancount", self.beancount), ("hledger", self.hledger)):
                file = self._told.folder / f"{name}.{judge}"
                self.accepts(f"{judge} on {file.name}", ask, file)
        for fault in (spoiled.one_nano_more, spoiled.another_balance, spoiled.undeclared_account):
            for judge, ask in (("beancount", self.beancount), ("hledger", self.hledger)):
                file = spoiled.spoil(self._told.folder / f"june.{judge}", fault)
                self.refuses(f"{judge}, {fault.__name__}", ask, file)
        self.accepts("hledger's balances are the read model's", self.balances, "journal.hledger")

    def hear_focus(self) -> None:
        folder = self._told.folder
        for suffix in ("csv", "parquet"):
            self.accepts(f"validator on focus.{suffix}", self.validator, folder / f"focus.{suffix}")
        self.accepts("stricter rules on focus.csv", self.stricter, folder / "focus.csv")
        for column, value in (("BillingCurrency", "CREDITS"), ("ChargePeriodEnd", "soon")):
            file = spoiled.spoil(folder / "focus.csv", spoiled.another_cell(column, value))
            self.refuses(f"validator, another {column}", self.validator, file)
        faults = {
            "another category": spoiled.another_cell("ChargeCategory", "Banana"),
            "another cost": spoiled.another_cell("ContractedCost", "0.5"),
            "another bill": spoiled.another_cell("BilledCost", "7.00"),
            "a row twice": spoiled.row_twice,
        }
        for fault, change in faults.items():
            file = spoiled.spoil(folder / "focus.csv", change)
            self.refuses(f"stricter rules, {fault}", self.stricter, file)

    def hear_duck(self) -> None:
        self.accepts("DuckDB on CSV and Parquet", self.duck, self._told.folder)
        for name, word in (("journal", "charge"), ("focus", "Purchase"), ("detail", "charged")):
            folder = self._told.folder / "spoiled"
            folder.mkdir(exist_ok=True)
            for file in duck.FILES:
                shutil.copy(self._told.folder / file, folder / file)
            file = folder / f"{name}.csv"
            spoiled.spoil(file, spoiled.row_less(word)).replace(file)
            self.refuses(f"DuckDB, a row less in {file.name}", self.duck, folder)

    def beancount(self, file: Path) -> Verdict:
        return plain_text.beancount(self._tools / "beancount" / "bin" / "bean-check", file)

    def hledger(self, file: Path) -> Verdict:
        return plain_text.hledger(self._tools / "hledger", file)

    def validator(self, file: Path) -> Verdict:
        return focus.validator(self._tools / "focus", file)

    def stricter(self, file: Path) -> Verdict:
        return focus.stricter(file, self._told.payable)

    def balances(self, name: str) -> Verdict:
        sums = plain_text.hledger_balances(self._tools / "hledger", self._told.folder / name)
        found = {}
        for wallet in self._told.standing:
            own = [accounts.credit(wallet, promotional=p) for p in (False, True)]
            names = [*own, accounts.overdraft(wallet)]
            posted = -sum((sums.get(account, Decimal()) for account in names), Decimal())
            found[wallet] = (posted, sums.get(accounts.held(wallet), Decimal()))
        return compared("balances", found, self._told.standing)

    def duck(self, folder: Path) -> Verdict:
        done = run(self._tools / "duckdb" / "bin" / "python", duck.__file__, folder)
        if done.returncode:
            return Verdict(sound=False, said=done.stderr[-500:])
        return self.agrees(json.loads(done.stdout))

    def agrees(self, totals: dict[str, Any]) -> Verdict:
        """Compare with the ledger what both formats come to, and the formats with each other."""
        told = self._told
        billed = {number: f"{amount:.9f}" for number, amount in told.payable.items()}
        verdicts = [compared("differing rows", totals["different"], {"journal": 0, "detail": 0})]
        for suffix in ("csv", "parquet"):
            sums = totals[suffix]
            verdicts += [
                compared(f"closings by {suffix}", closings(sums["moved"], told), told.closings),
                compared(f"trial balance by {suffix}", sums["trial"], {"USD": f"{0:.9f}"}),
                compared(f"invoices by {suffix}", sums["billed"], billed),
                compared(f"charges by {suffix}", sums["charged"], told.charged),
            ]
        wrong = [verdict for verdict in verdicts if not verdict.sound]
        return wrong[0] if wrong else Verdict(sound=True)

    def accepts(self, case: str, judge: Callable[[Any], Verdict], what: Any) -> None:
        self._note(case, judge, what, wanted=True)

    def refuses(self, case: str, judge: Callable[[Any], Verdict], what: Any) -> None:
        self._note(f"refused: {case}", judge, what, wanted=False)

    def _note(self, case: str, judge: Callable[[Any], Verdict], what: Any, *, wanted: bool) -> None:
        start = time.monotonic()
        verdict = judge(what)
        fine = verdict.sound is wanted
        seconds = time.monotonic() - start
        say(f"{'ok    ' if fine else 'FAILED'} {case} ({seconds:.1f} s)")
        if not fine:
            self.failed.append(case)
            say(verdict.said)


def closings(moved: dict[str, str], told: Books) -> dict[str, str]:
    """Sum what each month moved up to the balance at its end."""
    found = {}
    for key in told.closings:
        wallet, month = key.split()
        before = [
            f"{wallet} {period}" for period in {k.split()[1] for k in moved} if period <= month
        ]
        found[key] = f"{sum(Decimal(moved.get(name, '0')) for name in before):.9f}"
    return found


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a program speaks by printing


def main() -> None:
    """Make the books, hear every judge, and end with status 1 if one was not as it must be."""
    parser = argparse.ArgumentParser(description="Ask outside judges about every export.")
    parser.add_argument("tools", type=Path, help="where the judges' environments are")
    parser.add_argument("--calls", type=int, default=CALLS, help="how long a story to tell")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        say("telling and exporting a year")
        court = Court(options.tools.resolve(), books.told(Path(folder), options.calls))
        court.sit()
    if court.failed:
        sys.exit(f"{len(court.failed)} judges did not say what they must: {court.failed}")


main()
