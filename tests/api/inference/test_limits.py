"""Answers show the tightest limit of each kind, in the words of their surface."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from adapters.rate_limits.bucket import Bucket, Level
from api.errors import status_of
from api.inference.limits import anthropic_headers, openai_headers, write_duration
from domain.limits import RateLimitedError

KEY, CUSTOMER = UUID(int=1), UUID(int=2)
AT_MS = 1_795_000_000_001


def level(holder: UUID, kind: str, limit: int, remaining: int, reset_ms: int = 1_500) -> Level:
    return Level(Bucket(holder, kind), limit, remaining, reset_ms, AT_MS)


LEVELS = [
    level(KEY, "requests", 10, 9),
    level(KEY, "tokens", 1_000, 7),
    level(CUSTOMER, "requests", 100, 3, 360_000),
    level(CUSTOMER, "tokens", 9_000, 8_999),
]


def test_openais_headers_name_the_tightest_limit_of_each_kind() -> None:
    assert openai_headers(LEVELS) == [
        (b"x-ratelimit-limit-requests", b"100"),
        (b"x-ratelimit-remaining-requests", b"3"),
        (b"x-ratelimit-reset-requests", b"6m0s"),
        (b"x-ratelimit-limit-tokens", b"1000"),
        (b"x-ratelimit-remaining-tokens", b"7"),
        (b"x-ratelimit-reset-tokens", b"1.5s"),
    ]


def test_anthropics_headers_say_the_instant() -> None:
    instant = datetime.fromtimestamp(1_795_000_001, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()

    assert anthropic_headers(LEVELS[1:2]) == [
        (b"anthropic-ratelimit-tokens-limit", b"1000"),
        (b"anthropic-ratelimit-tokens-remaining", b"7"),
        (b"anthropic-ratelimit-tokens-reset", instant),
    ]


def test_what_is_not_limited_is_not_shown() -> None:
    assert openai_headers([]) == anthropic_headers([]) == []


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "0s"),
        (1, "1ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (1_050, "1.05s"),
        (59_999, "59.999s"),
        (60_000, "1m0s"),
        (61_500, "1m1.5s"),
        (360_000, "6m0s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(milliseconds: int, written: str) -> None:
    assert write_duration(milliseconds) == written


@given(st.integers(0, 10**9))
def test_a_written_duration_is_the_same_duration(milliseconds: int) -> None:
    written = write_duration(milliseconds)

    if written.endswith("ms"):
        assert int(written[:-2]) == milliseconds
    else:
        minutes, _, seconds = written[:-1].rpartition("m")
        assert round(int(minutes or 0) * 60_000 + float(seconds) * 1000) == milliseconds


def test_a_limit_is_429_and_never_anything_about_money() -> None:
    error = RateLimitedError(kind="tokens", holder="key", limit=5, retry_after=2)

    assert (status_of(error), error.code) == (429, "rate_limit_exceeded")
