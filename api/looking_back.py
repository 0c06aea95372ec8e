"""`?at=`: an instant or a position of the log, whose prefix is then all that counts."""

import re
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.ledger.past import Prefix, at_position, head, last_before
from api.errors import InvalidFieldError

_POSITION: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


async def prefix_at(conn: AsyncConnection[Any], text: str) -> Prefix:
    """Find the prefix of the log that `at` names, or raise InvalidFieldError.

    The future cannot be looked at: what is there today may not be all that will have been.
    """
    if _POSITION.fullmatch(text):
        last, found = await head(conn), await at_position(conn, int(text))
        if last is None or found is None or int(text) > last.position:
            raise InvalidFieldError("'at' is beyond the log's end or before its beginning.", "at")
        return found
    instant = _instant(text)
    row = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    if row is None or instant > row[0]:
        raise InvalidFieldError("'at' lies in the future.", "at")
    before = await last_before(conn, instant)
    if before is None:
        raise InvalidFieldError("'at' is before the log's beginning.", "at")
    return before


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "'at' must be a time with a zone, as in RFC 3339, or a position of the log."
        raise InvalidFieldError(message, "at")
    return instant
