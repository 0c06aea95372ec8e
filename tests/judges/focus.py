"""The FinOps foundation's own validator, as far as it goes, and what goes further."""

import csv
from decimal import Decimal
from pathlib import Path

from tests.judges.stricter import Row, billed_by_invoice, complaints
from tests.judges.verdict import Verdict, compared, run

OVERRIDE = "overrides:\n  - SkuPriceId_Nullable\n"
"""The validator 1.0.0 looks for a column of the specification's preview in this one rule."""
PACKAGES = "lib/python*/site-packages"


def validator(environment: Path, table: Path) -> Verdict:
    """Ask the validator: it finds its list of currencies only from its own folder.

    It ends with status 0 whatever it has found, so its last word counts.
    """
    override = table.with_name("override.yaml")
    override.write_text(OVERRIDE)
    (folder,) = environment.glob(PACKAGES)
    program = environment / "bin" / "focus-validator"
    options = ("--validate-version", "1.0", "--override-file", override)
    done = run(program, "--data-file", table, *options, cwd=folder)
    sound = any(line.startswith("Validation succeeded") for line in done.stdout.splitlines())
    return Verdict(sound, (done.stdout + done.stderr)[-500:])


def stricter(table: Path, payable: dict[str, Decimal]) -> Verdict:
    """Look at every row, and at what each invoice comes to."""
    rows = read(table)
    found = complaints(rows)
    if found:
        return Verdict(sound=False, said=f"{len(found)} complaints, such as {found[:3]}")
    billed = billed_by_invoice(rows)
    told = {number: billed.get(number, Decimal()) for number in payable}
    return compared("invoices", {**billed, **told}, payable)


def read(table: Path) -> list[Row]:
    with table.open(newline="", encoding="utf-8") as file:
        return [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]
