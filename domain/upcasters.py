"""How facts of earlier releases are read: old topic ▶ today's topic, and the change of state.

A fact's fields never change under one topic; a new shape takes the next number, and an
upcaster here.
"""

from collections.abc import Callable
from typing import Any

Upcaster = tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]

UPCASTERS: dict[str, Upcaster] = {}
