"""A row of a public contract that we keep, and the tests that show it."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """What a contract promises; each test is a function by its file, without parameters."""

    contract: str
    what: str
    tests: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Tests that are named here and are nowhere."""
        return [test for test in self.tests if not exists(test)]


def rows_of(contract: str, folder: str, listed: Iterable[tuple[str, ...]]) -> list[Row]:
    """Write rows down by what they promise and tests below a folder; `/…` names one elsewhere."""
    return [
        Row(contract, what, tuple(_found(folder, test) for test in tests))
        for what, *tests in listed
    ]


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    if not (ROOT / file).is_file():
        return False
    tree = ast.parse((ROOT / file).read_text())
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def _found(folder: str, test: str) -> str:
    path = test.removeprefix("/") if test.startswith("/") else f"{folder}/{test}"
    file, _, name = path.partition("::")
    directory, _, stem = file.rpartition("/")
    return f"tests/{directory}/test_{stem}.py::test_{name}"
