"""What suppliers cost is the operator's business: no customer's route can even reach it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from projections.catalogue import ALL

ROOT = Path(__file__).resolve().parents[2]
CUSTOMERS = ("api/openapi", "api/inference")
READERS = ("projections", "adapters")
SUPPLIERS = ("supplier", "tie_out", "margins", "past_events")


def reached(module: str, seen: set[str]) -> Iterator[str]:
    """Every module of ours that a module imports, and what those import."""
    if module in seen:
        return
    seen.add(module)
    yield module
    path = ROOT / (module.replace(".", "/") + ".py")
    if path.exists():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in (node.module, *(f"{node.module}.{a.name}" for a in node.names)):
                    yield from reached(name, seen)


def test_no_customers_route_reads_what_suppliers_cost() -> None:
    modules = [
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for folder in CUSTOMERS
        for path in sorted((ROOT / folder).glob("*.py"))
    ]
    assert len(modules) > 5

    # The catalogue of read models names them all, so that readers can wait; it reads nothing.
    seen = {"projections.catalogue"}
    found = {name for module in modules for name in reached(module, seen)}

    readers = [name for name in found if name.startswith(READERS)]
    assert len(readers) > 10
    assert not [name for name in readers if any(word in name for word in SUPPLIERS)]


def test_no_customers_route_names_their_tables() -> None:
    tables = [
        table.name
        for projection in ALL
        for table in projection.tables
        if table.name.startswith("supplier_")
    ]
    assert len(tables) > 3

    named = [
        (path.name, table)
        for folder in CUSTOMERS
        for path in (ROOT / folder).glob("*.py")
        for table in tables
        if table in path.read_text()
    ]

    assert named == []
