"""The ids of calls as Anthropic takes them."""

import re
from typing import Final

from adapters.protocols.canonical.distinct import Distinct

_NOT_IN_IDS: Final = re.compile(r"[^a-zA-Z0-9_-]", re.ASCII)


class CallIds:
    """Writes one conversation's ids: the same one wherever it stands, and no two alike."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._distinct = Distinct("_")

    def of(self, call: str) -> str:
        """Give a call's id."""
        if call not in self._ids:
            self._ids[call] = self._distinct.take(_NOT_IN_IDS.sub("_", call) or "_")
        return self._ids[call]
