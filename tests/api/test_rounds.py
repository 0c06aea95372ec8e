"""Rounds go on, whatever one of them fails with: other work runs in the same process."""

import asyncio
import logging

import psycopg
import pytest

from api.background.rounds import repeat
from domain.errors import BillingUnavailableError


@pytest.mark.parametrize(
    "fault", [BillingUnavailableError(), psycopg.OperationalError("gone"), AssertionError("ours")]
)
def test_a_failing_round_is_logged_and_the_next_one_made(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    made = 0

    async def story() -> None:
        stop = asyncio.Event()

        async def work() -> None:
            nonlocal made
            made += 1
            if made == 2:
                stop.set()
                return
            raise fault

        await repeat(work, 0.01, stop)

    with caplog.at_level(logging.WARNING, "tollbook.rounds"):
        asyncio.run(asyncio.wait_for(story(), 10))

    assert made == 2
    assert [record.levelname for record in caplog.records] in (["WARNING"], ["ERROR"])
