"""The web server: `python -m portal.up.web`. gunicorn, threads, one application loaded once."""

from portal.up.parent import follow, follow_in_fork

if __name__ == "__main__":
    follow()

import os
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from portal.up.program import prepare

PROCESSES = 2
THREADS = 4
GRACE = 3
"""Seconds a request may still take after the server was told to stop."""


class _Logger(Logger):  # type: ignore[misc]
    """gunicorn's messages through our own handlers: one format, redacted."""

    def setup(self, cfg: Any) -> None:
        self._access_log_enabled = False
        self.error_log.propagate = True


def _after_fork(_server: Any, _worker: Any) -> None:
    follow_in_fork()


class Web(BaseApplication):  # type: ignore[misc]
    """gunicorn with its whole configuration in code; nothing is read from command line or files."""

    def __init__(self, host: str, port: int) -> None:
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": PROCESSES,
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "keepalive": 5,
            "timeout": 60,
            "preload_app": True,
            "post_fork": _after_fork,
            "logger_class": _Logger,
            "control_socket_disable": True,
        }
        if Path("/dev/shm").is_dir():  # noqa: S108 (gunicorn's heartbeat file, made there by mkstemp)
            chosen["worker_tmp_dir"] = "/dev/shm"  # noqa: S108
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from portal.wsgi import application

        return application


def main() -> None:
    """Serve until told to stop."""
    settings = prepare("web")
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    Web(settings.HOST, settings.PORT).run()


if __name__ == "__main__":
    main()
