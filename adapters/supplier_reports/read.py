"""A file as a draft of a report: its format recognised, its lines checked and added up."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from decimal import localcontext
from typing import Any, Final, NamedTuple, cast

from adapters.supplier_reports import anthropic_cost, anthropic_usage, openai_costs, openai_usage
from adapters.supplier_reports.buckets import (
    Bucket,
    buckets_of,
    partial_days,
    rfc3339_times,
    unix_times,
)
from adapters.supplier_reports.exact_json import WHOLE, read_json
from adapters.supplier_reports.found import Fields, Found
from adapters.supplier_reports.sums import PRECISION, Sums
from adapters.supplier_reports.table import read_table
from domain.supplier_report import COST, USAGE, Draft, InvalidReportError

LINES_MAX: Final = 20_000
DAYS_MAX: Final = 400
"""Beyond these the ledger would be held up by one import: the file is to be split."""

CSV: Final = "csv"


class Bucketed(NamedTuple):
    """A format of JSON pages: where its times are, how its results are read, what they tell."""

    times_of: Callable[[Fields], tuple[object, object]]
    read: Callable[[Sequence[Bucket]], Iterator[Found]]
    kind: str


BUCKETED: Final = {
    "openai-usage": Bucketed(unix_times, openai_usage.read_usage, USAGE),
    "openai-costs": Bucketed(unix_times, openai_costs.read_costs, COST),
    "anthropic-usage": Bucketed(rfc3339_times, anthropic_usage.read_usage, USAGE),
    "anthropic-cost": Bucketed(rfc3339_times, anthropic_cost.read_costs, COST),
}
FORMATS: Final = (*BUCKETED, CSV)


class Told(NamedTuple):
    """What a file tells besides its lines."""

    kinds: tuple[str, ...]
    days: set[str]
    partial_days: tuple[str, ...] = ()


def read_report(raw: bytes, provider: str, format_name: str | None = None) -> Draft:
    """Read a provider's file, or raise InvalidReportError; without a format, recognise it."""
    text = _decoded(raw)
    is_table = format_name == CSV if format_name else not text.lstrip().startswith(("{", "["))
    parsed = None if is_table else read_json(text)
    chosen = format_name or (CSV if is_table else _recognised(parsed))
    sums = Sums()
    with localcontext() as context:
        context.prec = PRECISION
        told = _table(text, sums) if is_table else _pages(BUCKETED[chosen], parsed, sums)
        lines = sums.lines()
    _check_size(len(lines), told.days)
    return Draft(
        provider=provider,
        format=chosen,
        sha256=hashlib.sha256(raw).hexdigest(),
        kinds=told.kinds,
        days=tuple(sorted(told.days)),
        lines=lines,
        currency=sums.currency,
        partial_days=told.partial_days,
        read_count=sums.count,
    )


def _table(text: str, sums: Sums) -> Told:
    for line in read_table(text):
        sums.add(line)
    if not sums.count:
        raise InvalidReportError(WHOLE, "has no lines")
    return Told(sums.kinds, sums.days)


def _pages(chosen: Bucketed, parsed: Any, sums: Sums) -> Told:
    buckets = buckets_of(parsed, chosen.times_of)
    for line in chosen.read(buckets):
        sums.add(line)
    return Told((chosen.kind,), {bucket.day for bucket in buckets}, partial_days(buckets))


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidReportError(WHOLE, f"is not UTF-8 at byte {error.start}") from None


def _recognised(parsed: Any) -> str:
    """Tell a format by the first result that there is."""
    pages = cast("list[object]", parsed) if isinstance(parsed, list) else [parsed]
    for page in pages:
        for bucket in Fields("$", page).objects("data"):
            for result in bucket.objects("results"):
                return _format_of(result)
    raise InvalidReportError(WHOLE, "has no result to tell its format by; name it")


def _format_of(result: Fields) -> str:
    if result.text("object") == openai_costs.OBJECT:
        return "openai-costs"
    if result.text("object") in openai_usage.OBJECTS:
        return "openai-usage"
    if "uncached_input_tokens" in result.all:
        return "anthropic-usage"
    if "cost_type" in result.all:
        return "anthropic-cost"
    raise InvalidReportError(result.where, "is of no known format")


def _check_size(lines: int, days: set[str]) -> None:
    if lines > LINES_MAX or len(days) > DAYS_MAX:
        problem = f"has {lines} lines on {len(days)} days; import at most {LINES_MAX} on {DAYS_MAX}"
        raise InvalidReportError(WHOLE, problem)
