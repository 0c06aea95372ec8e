"""What a read model can fail with.

GatewayError
└── ProjectionLagError    the read models have not reached what the reader must see
LogError                  an event that no read model can be made from
BusyError                 `verify` and `rebuild` do not run at the same time
"""

from domain.errors import GatewayError


class ProjectionLagError(GatewayError):
    """The read models have not caught up in time; nothing is wrong with the ledger."""

    code = "projection_behind"
    retry_after = 1

    def __init__(self, *, behind: int) -> None:
        self.behind = behind
        super().__init__(f"The read models are {behind} positions behind the ledger.")


class LogError(Exception):
    """The log says something that cannot be so, at the event that is named."""

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        super().__init__(f"position {position}: {message}")


class BusyError(Exception):
    """Another `verify` or `rebuild` is at work on these read models."""

    def __init__(self) -> None:
        super().__init__("Another verify or rebuild is running; try again when it has ended.")
