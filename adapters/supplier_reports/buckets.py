"""Pages of time buckets, as both OpenAI and Anthropic export them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, cast

from adapters.supplier_reports.exact_json import WHOLE
from adapters.supplier_reports.found import Fields, credential, day_of
from domain.supplier_report import InvalidReportError

DAY_SECONDS: Final = 86_400
FIRST_SECOND: Final = 1_420_070_400
LAST_SECOND: Final = 4_102_444_800
"""2015 to 2100: what is outside is a mistake in units."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A span of time within one UTC day, in seconds since 1970, and what was counted in it."""

    where: str
    start: int
    end: int
    results: list[Fields]

    @property
    def day(self) -> str:
        """Name its UTC day."""
        return day_of(self.start)


def unix_times(fields: Fields) -> tuple[object, object]:
    """Give a bucket's span as OpenAI writes it."""
    return fields.get("start_time"), fields.get("end_time")


def rfc3339_times(fields: Fields) -> tuple[object, object]:
    """Give a bucket's span as Anthropic writes it."""
    return _seconds(fields, "starting_at"), _seconds(fields, "ending_at")


def buckets_of(parsed: object, times_of: Callable[[Fields], tuple[object, object]]) -> list[Bucket]:
    """Read a page, or a list of pages that ends with the last one; raises InvalidReportError.

    A part of a report would look as if the supplier had billed less.
    """
    found: list[Bucket] = []
    spans: dict[int, str] = {}
    for page in _pages(parsed):
        for fields in page.objects("data"):
            bucket = _bucket(fields, *times_of(fields))
            if bucket.start in spans:
                raise InvalidReportError(bucket.where, f"repeats {spans[bucket.start]}")
            spans[bucket.start] = bucket.where
            found.append(bucket)
    if not found:
        raise InvalidReportError(WHOLE, "has no bucket")
    _check_apart(found)
    return found


def credential_reader(buckets: Iterable[Bucket], *names: str) -> Callable[[Fields], str]:
    """Read credentials from the first of these fields that any result tells: key, or project.

    A file is grouped by one or the other; a result without it is then nobody's in particular.
    """
    results = [result for bucket in buckets for result in bucket.results]
    told = [name for name in names if any(result.get(name) is not None for result in results)]

    def read(result: Fields) -> str:
        if not told or result.get(told[0]) is None:
            return ""
        return credential(result.at(told[0]), result.get(told[0]))

    return read


def partial_days(buckets: Iterable[Bucket]) -> tuple[str, ...]:
    """Name the days of which the buckets leave something out."""
    told: dict[str, int] = {}
    for bucket in buckets:
        told[bucket.day] = told.get(bucket.day, 0) + bucket.end - bucket.start
    return tuple(sorted(day for day, seconds in told.items() if seconds < DAY_SECONDS))


def _pages(parsed: object) -> Iterator[Fields]:
    pages = cast("list[object]", parsed) if isinstance(parsed, list) else [parsed]
    if not pages:
        raise InvalidReportError(WHOLE, "has no page")
    for index, value in enumerate(pages):
        where = f"[{index}]" if isinstance(parsed, list) else "$"
        page = Fields(where, value)
        if index == len(pages) - 1 and page.get("has_more"):
            problem = "is true: this is only a part of the report; join its pages in a list"
            raise InvalidReportError(page.at("has_more"), problem)
        yield page


def _bucket(fields: Fields, start: object, end: object) -> Bucket:
    for value in (start, end):
        if type(value) is not int or not FIRST_SECOND <= value < LAST_SECOND:
            raise InvalidReportError(fields.where, "its times must be from 2015 to 2100")
    first, last = cast("int", start), cast("int", end)
    if last <= first:
        raise InvalidReportError(fields.where, "ends before it begins")
    if first // DAY_SECONDS != (last - 1) // DAY_SECONDS:
        raise InvalidReportError(fields.where, "spans more than one UTC day")
    return Bucket(fields.where, first, last, fields.objects("results"))


def _check_apart(buckets: list[Bucket]) -> None:
    """Refuse buckets that overlap: what is in both would count twice."""
    ordered = sorted(buckets, key=lambda bucket: bucket.start)
    for before, bucket in pairwise(ordered):
        if bucket.start < before.end:
            raise InvalidReportError(bucket.where, f"overlaps {before.where}")


def _seconds(fields: Fields, name: str) -> Any:
    """Read a time with its zone as whole seconds; None is refused with all other odd times."""
    text = fields.text(name)
    try:
        time = datetime.fromisoformat(text or "")
        return int(time.timestamp()) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
