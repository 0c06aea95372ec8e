"""Tables that a test reports are printed after the run, whether it passed or not."""

from collections.abc import Callable

import pytest

Table = Callable[[str, list[str]], None]

TABLES = pytest.StashKey[list[tuple[str, list[str]]]]()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Table:
    tables = request.config.stash.setdefault(TABLES, [])
    return lambda title, lines: tables.append((title, lines))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for title, lines in config.stash.get(TABLES, []):
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
