"""What no linter checks: sizes, floats, the domain's imports, and what must never be committed."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("domain", "adapters", "projections", "api")
FOLDERS = (*PACKAGES, "scripts", "tests", ".ci")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40

# Spelled in two halves, so that this file may be committed itself.
REGISTRY_HOSTS = (
    "py" + "pi.org",
    "python" + "hosted",
    "npm" + "js.",
    "crates" + ".io",
    "proxy." + "golang",
)
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/opt/" + "wheels")
FORBIDDEN = re.compile("|".join(re.escape(text) for text in (*REGISTRY_HOSTS, *MACHINE_PATHS)))


def test_no_file_has_more_than_300_lines() -> None:
    source = [path for path in files_in(*FOLDERS) if path.suffix in {".py", ".sql", ""}]
    sizes = {path: len(read(path).splitlines()) for path in source}

    too_long = [f"{name(path)}: {n} lines" for path, n in sizes.items() if n > FILE_LINES_MAX]

    assert too_long == []


def test_no_function_has_more_than_40_lines() -> None:
    functions = [
        (where, node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for where, node in nodes_in(*PACKAGES)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    too_long = [f"{where} {f}: {n} lines" for where, f, n in functions if n > FUNCTION_LINES_MAX]

    assert too_long == []


def test_the_domain_has_no_float() -> None:
    floats = [where for where, node in nodes_in("domain") if is_float(node)]

    assert floats == []


def test_the_domain_uses_only_the_pure_half_of_eventsourcing() -> None:
    pure = {"eventsourcing.domain", "eventsourcing.utils"}

    others = [
        f"{where} {module}"
        for where, node in nodes_in("domain")
        for module in imported_by(node)
        if module.split(".")[0] == "eventsourcing" and module not in pure
    ]

    assert others == []


def test_every_module_of_the_packages_says_what_it_holds() -> None:
    silent = [
        name(path)
        for path in modules_in(*PACKAGES)
        if not (ast.get_docstring(ast.parse(read(path))) or "").strip()
    ]

    assert silent == []


def test_no_committed_file_names_a_registry_or_a_path_of_one_machine() -> None:
    named = [
        f"{name(path)}:{number} {found.group()}"
        for path in committed_files()
        for number, line in enumerate(read(path).splitlines(), 1)
        if (found := FORBIDDEN.search(line))
    ]

    assert named == []


def test_the_lock_file_is_not_committed() -> None:
    ignored = read(ROOT / ".gitignore").split()

    assert "uv.lock" in ignored
    assert ROOT / "uv.lock" not in committed_files()


def files_in(*folders: str) -> list[Path]:
    """Every file of these folders that we wrote."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def modules_in(*packages: str) -> list[Path]:
    return [path for path in files_in(*packages) if path.suffix == ".py"]


def nodes_in(*packages: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of the syntax trees, with the file and line it is in."""
    for path in modules_in(*packages):
        for node in ast.walk(ast.parse(read(path))):
            yield f"{name(path)}:{getattr(node, 'lineno', 1)}", node


def is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float | complex)
    return isinstance(node, ast.Name) and node.id == "float"


def imported_by(node: ast.AST) -> list[str]:
    """`from eventsourcing import domain` counts as eventsourcing.domain."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == "eventsourcing":
        return [f"eventsourcing.{alias.name}" for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def committed_files() -> list[Path]:
    """What git has or is about to have; all we wrote, where there is no git to ask."""
    ask = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(ask, cwd=ROOT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        top = [path for path in ROOT.glob("*") if path.is_file() and path.name != "uv.lock"]
        return [*top, *files_in(*FOLDERS)]
    paths = (ROOT / path for path in answer.stdout.split("\0") if path)
    return [path for path in paths if path.is_file()]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
