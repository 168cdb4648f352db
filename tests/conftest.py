"""What every test may use, and what the summary says about what was missing."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from tests.needs import IN_CI, PREFIX
from tests.needs import need as find_or_skip


@pytest.fixture
def need() -> Callable[[str], str]:
    """`need("redis")` answers where it is, or ends the test (see `tests.needs`)."""
    return find_or_skip


def pytest_report_header() -> str:
    """Which database the tests run on."""
    return f"database: {connection.vendor}"


def _skip_reasons(reporter: pytest.TerminalReporter) -> list[str]:
    reports = reporter.stats.get("skipped", [])
    return [
        r.longrepr[2].removeprefix("Skipped: ") for r in reports if isinstance(r.longrepr, tuple)
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each missing service and tool once, with the number of tests it cost."""
    counts = Counter(r for r in _skip_reasons(terminalreporter) if r.startswith(PREFIX))
    if counts:
        terminalreporter.section("missing services and tools")
        for reason, tests in sorted(counts.items()):
            terminalreporter.line(f"{reason.removeprefix(PREFIX)} ({tests} skipped)")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped, whatever the reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if IN_CI and reporter is not None and reporter.stats.get("skipped") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.line("CI=true: a skipped test is a failure.", red=True)
