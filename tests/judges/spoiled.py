"""Files with one fault each, to see that every judge can say no."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

Spoil = Callable[[str], str]


def spoil(file: Path, change: Spoil) -> Path:
    """Write a changed copy beside a file."""
    text = file.read_bytes().decode()
    changed = change(text)
    assert changed != text, "a fault must be one"
    copy = file.with_name(f"spoiled.{file.name}")
    copy.write_bytes(changed.encode())
    return copy


def one_nano_more(text: str) -> str:
    """Change the last place of one posting of a transaction."""
    return re.sub(r"(Income:Usage:\S+  -\d+\.\d{8})(\d)", _other_digit, text, count=1)


def another_balance(text: str) -> str:
    """Change the last place of one balance that is asserted."""
    return re.sub(r"((?:balance \S+  |= )-\d+\.\d{8})(\d)", _other_digit, text, count=1)


def undeclared_account(text: str) -> str:
    """Leave out the declaration of one account."""
    return re.sub(
        r"^(?:account |1970-01-01 open )Income:\S+\n", "", text, count=1, flags=re.MULTILINE
    )


def another_cell(column: str, value: str) -> Spoil:
    """Change one cell of the tenth row."""

    def change(text: str) -> str:
        lines = text.splitlines(keepends=True)
        (names,) = csv.reader([lines[0]])
        (cells,) = csv.reader([lines[10]])
        cells[names.index(column)] = value
        lines[10] = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"
        return "".join(lines)

    return change


def row_twice(text: str) -> str:
    """Have one row again at the end."""
    return text + text.splitlines(keepends=True)[10]


def row_less(word: str) -> Spoil:
    """Leave out the first row that has this word in a cell."""
    return lambda text: re.sub(rf"^.*,{word},.*\r\n", "", text, count=1, flags=re.MULTILINE)


def _other_digit(found: re.Match[str]) -> str:
    return found[1] + str((int(found[2]) + 1) % 10)
