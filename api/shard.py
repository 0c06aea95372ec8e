"""The one shard of today's configuration; every id carries it, and nothing below assumes it."""

from typing import Final

SHARD: Final = 0
