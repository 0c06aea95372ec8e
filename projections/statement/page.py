"""A statement as one printable page of HTML: nothing is loaded, nothing runs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Final, NamedTuple

from domain.money import format_amount, parse_amount
from projections.lines import Line
from projections.roll_forward import CATEGORIES
from projections.statement.document import (
    CHARGES,
    CORRECTIONS,
    DRAFT,
    EXPIRIES,
    GRANTS,
    LATE,
    VOIDS,
    Document,
)

STYLE: Final = files("projections.statement").joinpath("page.css")
MONEY: Final = "money"
MINUS: Final = "\N{MINUS SIGN}"


class Party(NamedTuple):
    """Names for the page's head; they can be erased, so no hash covers them."""

    issuer: str | None = None
    customer: str | None = None


class Column(NamedTuple):
    """A column of a table on the page."""

    title: str
    cell: Callable[[Line], str]
    style: str = ""


def page(document: Document, party: Party, sha256: str | None) -> Iterator[bytes]:
    """Write the page piece by piece; `sha256` is that of the canonical text, None for a draft."""
    for piece in _page(document, party, sha256):
        yield piece.encode()


def _page(document: Document, party: Party, sha256: str | None) -> Iterator[str]:
    fields = document.fields()
    title = "Draft statement" if fields["status"] == DRAFT else f"Statement {fields['number']}"
    style = STYLE.read_text(encoding="utf-8")
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
    yield f'<meta name="viewport" content="width=device-width">\n<style>{style}'
    # A printed page's own foot can say only what the style sheet says.
    yield f'@page {{ @bottom-left {{ content: "{title}, {fields["month"]}"; font-size: 8pt; }} }}\n'
    yield "</style></head>\n"
    yield f'<body class="{fields["status"]}"><header><h1>{title}</h1>'
    yield _facts(_head(fields, party))
    yield "</header>\n<main>"
    yield from _summary(fields)
    for section, heading, columns in TABLES:
        yield from _section(heading, columns, document.sections[section])
    yield f"</main>\n<footer>{_facts(_foot(fields, sha256))}</footer></body></html>\n"


def _head(fields: dict[str, Any], party: Party) -> dict[str, str | None]:
    return {
        "Issued by": party.issuer,
        "Customer": party.customer,
        "Customer no.": fields["customer_id"],
        "Wallet": fields["wallet_id"],
        "Month": fields["month"],
        "From": f"{fields['from']} until {fields['until']} (midnights in {fields['zone']})",
        "Currency": fields["currency"],
    }


def _foot(fields: dict[str, Any], sha256: str | None) -> dict[str, str | None]:
    log = fields["log"]
    return {
        "Log position": str(log["position"]),
        "Signed tree of": log["tree_size"] and f"{log['tree_size']} events",
        "SHA-256 of the document": sha256,
        "Control": f"{fields['control']['calls']} calls, {fields['control']['amount']} in all",
    }


def _facts(facts: dict[str, str | None]) -> str:
    rows = (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items() if v)
    return f"<dl>{''.join(rows)}</dl>"


def _summary(fields: dict[str, Any]) -> Iterator[str]:
    """Write the roll-forward: a row a kind of move, a column a category, and their sum."""
    rolled = {row["category"]: row for row in fields["roll_forward"]}
    columns = (
        Column("", _text("kind")),
        *(Column(name.capitalize(), _of(name), MONEY) for name in (*CATEGORIES, "total")),
    )
    rows = ({"kind": heading, **_across(rolled, kind)} for kind, heading in MOVES.items())
    yield from _section("Roll-forward", columns, rows)
    yield _facts(
        {
            "Opening balance": grouped(fields["opening"]),
            "Closing balance": grouped(fields["closing"]),
            "Borne by the operator": grouped(fields["absorbed"]),
            "Held by open calls": f"{grouped(fields['open_holds']['amount'])} "
            f"({fields['open_holds']['count']} calls)",
        }
    )


def _across(rolled: dict[str, dict[str, str]], kind: str) -> dict[str, str]:
    total = sum(parse_amount(row[kind]) for row in rolled.values())
    return {**{name: row[kind] for name, row in rolled.items()}, "total": format_amount(total)}


def _section(heading: str, columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Write a table, or nothing where there are no lines."""
    empty = True
    for line in lines:
        if empty:
            titles = "".join(f'<th class="{c.style}">{escape(c.title)}</th>' for c in columns)
            yield f"<section><h2>{heading}</h2>\n<table><thead><tr>{titles}</tr></thead><tbody>\n"
            empty = False
        cells = (f'<td class="{c.style}">{escape(c.cell(line))}</td>' for c in columns)
        yield f"<tr>{''.join(cells)}</tr>\n"
    if not empty:
        yield "</tbody></table></section>\n"


def grouped(amount: str) -> str:
    """Write an amount with a comma between thousands and a real minus sign."""
    sign, digits = (MINUS, amount[1:]) if amount.startswith("-") else ("", amount)
    units, _, fraction = digits.partition(".")
    return f"{sign}{int(units):,}.{fraction}"


def _of(name: str) -> Callable[[Line], str]:
    return lambda line: grouped(line[name])


def _text(name: str) -> Callable[[Line], str]:
    return lambda line: str(line[name]) if line[name] is not None else ""


def _pairs(name: str) -> Callable[[Line], str]:
    return lambda line: ", ".join(f"{key} {value}" for key, value in line[name].items())


AMOUNT: Final = Column("Amount", _of("amount"), MONEY)
AT: Final = Column("Time", _text("at"))
LOT: Final = (
    Column("Grant", _text("grant_id")),
    Column("Category", _text("category")),
    Column("Expires", _text("expires_at")),
)
MOVES: Final = {
    "opening": "Opening balance",
    "grant": "Grants",
    "charge": "Charges",
    "correction": "Corrections of this month",
    "prior_correction": "Corrections of earlier months",
    "expiry": "Expired",
    "void": "Voided",
    "repayment": "Debt repaid",
    "closing": "Closing balance",
}
TABLES: Final[tuple[tuple[str, str, tuple[Column, ...]], ...]] = (
    (GRANTS, "Grants", (AT, *LOT, Column("Reference", _text("reference")), AMOUNT)),
    (
        CHARGES,
        "Charges",
        (
            Column("Model", _text("model")),
            Column("Key", _text("api_key_id")),
            Column("Tags", _pairs("tags")),
            Column("Calls", _text("calls"), MONEY),
            Column("Tokens", _pairs("tokens")),
            Column("Tool requests", _pairs("tool_requests")),
            AMOUNT,
        ),
    ),
    (
        CORRECTIONS,
        "Corrections",
        (
            AT,
            Column("Correction", _text("correction_id")),
            Column("Request", _text("request_id")),
            Column("Of month", _text("corrects")),
            AMOUNT,
        ),
    ),
    (EXPIRIES, "Expired", (*LOT, AMOUNT)),
    (VOIDS, "Voided", (AT, *LOT, AMOUNT)),
    (
        LATE,
        "Late items, charged here and held in an earlier month",
        (
            Column("Charged", _text("charged_at")),
            Column("Request", _text("request_id")),
            Column("Model", _text("model")),
            Column("Held in", _text("held_in")),
            AMOUNT,
        ),
    ),
)
