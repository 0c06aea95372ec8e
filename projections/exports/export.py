"""An export from beginning to end: the file, and beside it what it must come to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from projections.exports.errors import ExportRefusedError, TargetTakenError
from projections.exports.sidecar import About, Control, sidecar
from projections.exports.whole_file import WholeFile

Write = Callable[[Any], tuple[Control, About]]
"""Writes an export into a stream of bytes, and tells what it comes to and what it is of."""


def export_to(path: Path, write: Write, *, replace: bool = False) -> Control:
    """Write an export and its sidecar, `<path>.json`; each is there whole or not at all.

    The sidecar comes last and an old one goes first: where there is one, it is its file's own.
    Raises ExportRefusedError, or OSError; then there is no new file.
    """
    beside = path.with_name(f"{path.name}.json")
    if not path.parent.is_dir():
        raise ExportRefusedError(f"{path.parent} is no folder")
    taken = [there for there in (path, beside) if there.exists()]
    if taken and not replace:
        raise TargetTakenError(taken[0])
    with WholeFile(path, replace=replace) as file:
        control, about = write(file)
        text = sidecar(about, path.name, file.size, file.sha256, control)
        beside.unlink(missing_ok=True)
    with WholeFile(beside) as file:
        file.write(text)
    return control
