"""Plain CSV: strict about its header and its cells, and every refusal names line and column."""

import pytest

from domain.supplier_report import COST, USAGE
from tests.adapters.supplier_reports.told import drafted, refused

HEADER = "day,model,credential,input_tokens,cached_input_tokens,output_tokens,amount,currency"
GOOD = "2026-11-01,m,key_1,1,2,3,0.5,USD"


def table(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


@pytest.mark.parametrize(
    ("line", "where", "problem"),
    [
        ("20261101,m,k,1,2,3,0.5,USD", "line 2, day", "must be a day"),
        ("2026-02-30,m,k,1,2,3,0.5,USD", "line 2, day", "must be a day"),
        ("1999-02-01,m,k,1,2,3,0.5,USD", "line 2, day", "must be a day"),
        ("Total,,,1,2,3,0.5,USD", "line 2, day", "must be a day"),
        ("2026-11-01,,k,1,2,3,0.5,USD", "line 2, model", "visible ASCII"),
        ("2026-11-01,a b,k,1,2,3,0.5,USD", "line 2, model", "visible ASCII"),
        ("2026-11-01,m,sk-live-1,1,2,3,0.5,USD", "line 2, credential", "give the key's id"),
        ("2026-11-01,m,tb_0123,1,2,3,0.5,USD", "line 2, credential", "give the key's id"),
        ("2026-11-01,m,k,,2,3,0.5,USD", "line 2, input_tokens", "whole number"),
        ("2026-11-01,m,k,1,-2,3,0.5,USD", "line 2, cached_input_tokens", "whole number"),
        ("2026-11-01,m,k,1,2,3.0,0.5,USD", "line 2, output_tokens", "whole number"),
        ("2026-11-01,m,k,1,2,٣,0.5,USD", "line 2, output_tokens", "whole number"),
        ("2026-11-01,m,k,1,2," + "9" * 17 + ",0.5,USD", "line 2, output_tokens", "whole number"),
        ("2026-11-01,m,k,1,2,3,,USD", "line 2, amount", "an amount"),
        ("2026-11-01,m,k,1,2,3,$5,USD", "line 2, amount", "an amount"),
        ("2026-11-01,m,k,1,2,3,99999999999,USD", "line 2, amount", "within reason"),
        ("2026-11-01,m,k,1,2,3,0.5,", "line 2, currency", "three-letter"),
        ("2026-11-01,m,k,1,2,3,0.5", "line 2", "has 7 cells and not 8"),
        (f"{GOOD}\n2026-11-01,m,k,1,2,3,0.5,EUR", "line 3", "is in EUR, and others are in USD"),
        (f'{GOOD}\n2026-11-01,"m', "line 3", "not valid CSV"),
        (f"{GOOD}\n2026-11-01,m,k\0,1,2,3,0.5,USD", "line 3", ""),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(line: str, where: str, problem: str) -> None:
    told = refused(table(line))

    assert told[0].startswith(where)
    assert problem in told[1]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "the column day is missing"),
        ("day,input_tokens", "the column model is missing"),
        ("day,model,input_tokens,input_tokens", "there twice"),
        ("day,model,tokens", "'tokens' is no column here"),
        ("day,model,amount", "come together"),
        ("day,model,currency,input_tokens", "come together"),
        ("day,model,credential,requests", "neither tokens nor amounts"),
        ("Day,model,input_tokens", "'Day' is no column here"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(header: str, problem: str) -> None:
    assert problem in refused(table(header=header), "csv")[1]


def test_a_table_needs_a_line() -> None:
    assert refused(table()) == ("the file", "has no lines")
    assert refused(b"", "csv")[1] == "the column day is missing"


def test_columns_may_come_in_any_order_and_after_a_byte_order_mark() -> None:
    draft = drafted(b"\xef\xbb\xbf" + table("3,m,2026-11-01", header="output_tokens,model,day"))
    plain = drafted(table("2026-11-01,m,3", header="day, model,output_tokens"))

    assert draft.lines[0].usage == plain.lines[0].usage == {"output": 3}
    assert plain.kinds == (USAGE,)


def test_empty_lines_say_nothing() -> None:
    assert drafted(table("", GOOD, "", "")).lines == drafted(table(GOOD)).lines


def test_money_alone_is_a_report_too() -> None:
    draft = drafted(table("2026-11-01,m,1e-9,usd", header="day,model,amount,currency"))

    assert (draft.kinds, draft.lines[0].amount, draft.lines[0].usage) == ((COST,), 1, None)
    assert draft.lines[0].requests is None
