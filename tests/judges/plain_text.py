"""beancount and hledger on the journal: balanced to the nano, accounts known, balances true."""

import csv
import io
from decimal import Decimal
from pathlib import Path

from tests.judges.verdict import Verdict, run


def beancount(bean_check: Path, journal: Path) -> Verdict:
    """Ask bean-check, which asserts balances without tolerance where it is told `~ 0`."""
    done = run(bean_check, "--no-cache", journal)
    return Verdict(done.returncode == 0, done.stderr[:500])


def hledger(program: Path, journal: Path) -> Verdict:
    """Ask hledger to be strict: accounts and commodities declared, assertions exact."""
    done = run(program, "-f", journal, "check", "--strict")
    return Verdict(done.returncode == 0, done.stderr[:500])


def hledger_balances(program: Path, journal: Path) -> dict[str, Decimal]:
    """Have hledger sum the accounts up, with what calls hold; a debit is above zero."""
    words = ("balance", "--flat", "--no-total", "--empty", "--layout=bare", "-O", "csv")
    done = run(program, "-f", journal, *words)
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader(io.StringIO(done.stdout))
    return {row["account"]: Decimal(row["balance"]) for row in rows}
