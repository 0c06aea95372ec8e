"""What a judge says, and how its program is asked."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TIMEOUT_SECONDS = 900


class Verdict(NamedTuple):
    """Whether a judge accepts a file, and what it said."""

    sound: bool
    said: str = ""


def run(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a judge's program; it may take its time with a year's books."""
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=cwd,
    )


def compared(what: str, found: Mapping[object, object], wanted: Mapping[object, object]) -> Verdict:
    """Tell whether two accounts of the same figures agree; an empty one agrees with nothing."""
    wrong = {
        key: (found.get(key), wanted.get(key))
        for key in found.keys() | wanted.keys()
        if found.get(key) != wanted.get(key)
    }
    sound = not wrong and bool(wanted)
    return Verdict(
        sound, "" if sound else f"{what}: {len(wrong)} differ, such as {list(wrong.items())[:3]}"
    )
