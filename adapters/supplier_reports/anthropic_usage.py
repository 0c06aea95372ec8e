"""Anthropic's usage: GET /v1/organizations/usage_report/messages; its buckets are exclusive."""

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.supplier_reports.buckets import Bucket, credential_reader
from adapters.supplier_reports.found import Fields, Found
from adapters.supplier_reports.openai_usage import check_counters
from domain.supplier_report import InvalidReportError

_COUNTERS: Final = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cached_input",
    "output_tokens": "output",
}
_WRITES: Final = {
    "ephemeral_5m_input_tokens": "cache_write_5m",
    "ephemeral_1h_input_tokens": "cache_write_1h",
}


def read_usage(buckets: Sequence[Bucket]) -> Iterator[Found]:
    """Read every result, or raise InvalidReportError; it must be grouped by model."""
    credential_of = credential_reader(buckets, "api_key_id", "workspace_id")
    for bucket in buckets:
        for result in bucket.results:
            if result.get("model") is None:
                raise InvalidReportError(result.at("model"), "is null: export it grouped by model")
            yield Found(
                result.where,
                bucket.day,
                result.name("model"),
                credential_of(result),
                usage=usage_of(result),
            )


def usage_of(result: Fields) -> dict[str, int]:
    """Name a result's counters as ours, or raise InvalidReportError."""
    usage = _named(result, _COUNTERS)
    written = result.inner("cache_creation")
    return usage if written is None else usage | _named(written, _WRITES)


def _named(counters: Fields, names: dict[str, str]) -> dict[str, int]:
    check_counters(counters, frozenset(names))
    usage: dict[str, int] = {}
    for theirs, ours in names.items():
        value = counters.tokens(theirs)
        if value is None:
            raise InvalidReportError(counters.at(theirs), "is missing")
        usage[ours] = value
    return usage
