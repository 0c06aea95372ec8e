"""Turns in their plainest form: no side speaks twice in a row."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from adapters.protocols.canonical.conversation import Turn


def merge(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Join neighbouring turns of the same role, and leave out those that say nothing."""
    return tuple(_merged(turns))


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Gather each run before it is joined: the work grows with the blocks, not their square."""
    speaking = (turn for turn in turns if turn.blocks)
    for role, run in groupby(speaking, key=attrgetter("role")):
        yield Turn(role, tuple(block for turn in run for block in turn.blocks))
