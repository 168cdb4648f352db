"""Structured logs with a request id, and nothing secret in them.

Both `structlog` and plain `logging` calls pass through the same processors, redaction last before
rendering, so that a traceback's text is cleaned as well.
"""

import base64
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import Processor

FORMATS = ("console", "json")
HIDDEN = "[hidden]"
_SHORTEST = 8
"""A known secret shorter than this is not hidden: replacing `demo` everywhere would hide words."""

_known: set[str] = set()
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # our own tokens gh_<id>.<secret>, GitHub's gh?_…, github_pat_…, GitLab's glpat-…
    (re.compile(r"\b(?:gh[a-z]?_|github_pat_|gl[a-z]{2,6}-)[A-Za-z0-9._\-]{16,}"), HIDDEN),
    (
        re.compile(r"(?i)\b(authorization\W{1,5}(?:(?:basic|bearer|token|digest)\s+)?)[^\s'\",}]+"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b((?:basic|bearer)\s+)[A-Za-z0-9._~+/=\-]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/@'\"]+@"), rf"\1{HIDDEN}@"),
)
_SECRET_KEYS = re.compile(
    r"(?i)(password|passwd|secret|token|authorization|cookie|api_?key|private_?key|pepper)"
)


def hide(value: str) -> None:
    """Keep this known secret out of every log from now on, plain and base64."""
    if len(value) >= _SHORTEST:
        _known.add(value)
        _known.add(base64.b64encode(value.encode()).decode())


def clean(text: str) -> str:
    """The text without known secrets, credentials in URLs, tokens and Authorization headers."""
    for secret in _known:
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _clean_value(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return HIDDEN if value and _SECRET_KEYS.search(key) else clean(value)
    if isinstance(value, dict):
        return {k: _clean_value(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_value(key, item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return HIDDEN if _SECRET_KEYS.search(key) else clean(repr(value))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor: every value of the event, cleaned."""
    internal = {"_record", "_from_structlog"}
    return {k: v if k in internal else _clean_value(k, v) for k, v in event.items()}


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _formatter(form: str) -> dict[str, Any]:
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.PositionalArgumentsFormatter()],
        "processors": [
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            renderer,
        ],
    }


_process = ""


def name_process(name: str) -> None:
    """Before settings are read: this process also writes `<logs folder>/<name>.log`."""
    global _process
    _process = name


def configuration(*, level: str, form: str, folder: Path) -> dict[str, Any]:
    """Django's LOGGING: `level` and above to standard error in `form`; a named process also
    writes everything from INFO up as json to its file below `folder`, which may be rotated away."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handlers: dict[str, dict[str, Any]] = {
        "standard_error": {
            "class": "logging.StreamHandler",
            "level": level,
            "formatter": "standard_error",
        },
    }
    if _process:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": str(folder / f"{_process}.log"),
            "encoding": "utf-8",
            "formatter": "file",
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"standard_error": _formatter(form), "file": _formatter("json")},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "DEBUG" if level == "DEBUG" else "INFO"},
        "loggers": {
            # Django's own configuration hangs console handlers on these; ours are the root's.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # One line per task and tick would drown everything else.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }
