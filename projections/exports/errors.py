"""What an export can fail with, besides what reading the log fails with.

ExportRefusedError          what was asked for cannot be written
└── TargetTakenError        a file is there already
"""

from pathlib import Path


class ExportRefusedError(Exception):
    """What was asked for cannot be; nothing was written."""


class TargetTakenError(ExportRefusedError):
    """There is a file already, and nobody said to replace it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is there already; --force replaces it")
