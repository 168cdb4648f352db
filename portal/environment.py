"""What Gatehouse reads from its environment: one table, and a reader that names what is wrong.

Every value may come as NAME or, from a file, as NAME_FILE (which wins). The table is the source
of `.env.example` and of the settings reference in the documentation.
"""

import os
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

TAKEN = "GATEHOUSE_SECRETS_TAKEN"
"""Names of secrets that this process took out of the environment its children inherit."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable: its name, what it is for, its default in words, whether it is a secret."""

    name: str
    help: str
    default: str = ""
    example: str = ""
    secret: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable(
        name="GATEHOUSE_DATA",
        default="var",
        help="Data folder: database, mirrors, local forge, secrets, logs. A relative path starts"
        " at the repository's root. Local disk only.",
    ),
    Variable(
        name="SECRET_KEY",
        secret=True,
        default="made on first use in <data>/secrets/, with CELERY_BROKER_URL=memory://",
        example="<32 random characters>",
        help="Signs sessions and forms; 32 characters or more. Required with a Redis broker.",
    ),
    Variable(
        name="DATABASE_URL",
        secret=True,
        default="SQLite in the data folder",
        example="postgres://gatehouse:password@127.0.0.1:5432/gatehouse",
        help="sqlite:///… or postgres://….",
    ),
    Variable(
        name="CELERY_BROKER_URL",
        secret=True,
        default="memory://",
        example="redis://127.0.0.1:6379/0",
        help="memory:// runs one worker with the clock inside (embedded mode); redis:// any"
        " number of workers.",
    ),
    Variable(
        name="HOST",
        default="127.0.0.1",
        help="The address `manage.py up` listens on.",
    ),
    Variable(name="PORT", default="8000", help="The port `manage.py up` listens on."),
    Variable(
        name="PUBLIC_URL",
        default="http://<HOST>:<PORT>",
        example="https://gatehouse.example.com",
        help="How people reach Gatehouse: links in pull requests and mails start with it.",
    ),
    Variable(
        name="ALLOWED_HOSTS",
        default="localhost, 127.0.0.1, ::1",
        example="gatehouse.internal,10.0.0.7",
        help="Further host names to answer to, separated by commas; PUBLIC_URL's is one always.",
    ),
    Variable(
        name="DEBUG",
        default="0",
        help="Tracebacks in the browser. Refused unless PUBLIC_URL is a loopback address.",
    ),
    Variable(
        name="DEMO",
        default="1",
        help="1 seeds the demo fleet and its accounts once; 0 starts empty.",
    ),
    Variable(
        name="DEMO_PASSWORD",
        secret=True,
        default="demo",
        help="The password of the demo accounts.",
    ),
    Variable(
        name="GATEHOUSE_SCHEMAS",
        default="off",
        example="/srv/gatehouse/crds",
        help="A folder of CRDs: everything generated is then checked against them, strictly.",
    ),
    Variable(
        name="LOG_LEVEL",
        default="INFO; WARNING for the children of `manage.py up`",
        example="INFO",
        help="What goes to standard error: DEBUG, INFO, WARNING or ERROR. The files in"
        " <data>/logs/ have everything from INFO up.",
    ),
    Variable(
        name="LOG_FORMAT",
        default="console",
        help="console (for people) or json (one object per line), on standard error. The files"
        " in <data>/logs/ are always json.",
    ),
    Variable(
        name="GATEHOUSE_ENV_FILE",
        default=".env",
        help="The file these variables are read from where the environment does not have them;"
        " empty reads none. Only from the environment itself.",
    ),
)

_BY_NAME = {v.name: v for v in VARIABLES}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    return host in _LOOPBACK or host.startswith("127.") or host.endswith(".localhost")


def _into(environ: MutableMapping[str, str]) -> type[FileAwareEnv]:
    """django-environ, reading and writing this mapping."""

    class Environment(FileAwareEnv):  # type: ignore[misc]
        ENVIRON = environ

    return Environment


class Reader:
    """Reads declared variables; raises ImproperlyConfigured with the name and what to do.

    Secrets are removed from `environ` once read, so that no child process inherits them, and kept
    in `taken` for the children that are ours. The names stay behind in `GATEHOUSE_SECRETS_TAKEN`:
    a process that inherits that list without the values stops instead of running on defaults.
    """

    def __init__(self, environ: MutableMapping[str, str], *, base: Path) -> None:
        self._environ = environ
        self._base = base
        env_file = environ.get("GATEHOUSE_ENV_FILE", ".env")
        if env_file and (base / env_file).is_file():
            _into(environ).read_env(base / env_file, overwrite=False)
        self._mapping = FileAwareMapping(environ, cache=False)
        self._lost = set(filter(None, environ.get(TAKEN, "").split(",")))
        self.taken: dict[str, str] = {}

    def text(self, name: str, default: str = "") -> str:
        """The value, stripped of surrounding white space; `default` when absent or empty."""
        variable = _BY_NAME[name]
        try:
            value = self._mapping.get(name, "").strip()
        except (OSError, UnicodeDecodeError) as error:
            path = self._environ.get(f"{name}_FILE", "")
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which cannot be read ({error})."
            ) from error
        if variable.secret:
            self._take(name)
        return value or default

    def _take(self, name: str) -> None:
        value = self._environ.pop(name, None)
        if value is not None:
            self.taken[name] = value
            self._lost.discard(name)
        elif name in self._lost and f"{name}_FILE" not in self._environ:
            raise ImproperlyConfigured(
                f"{name} was taken out of the environment by the process that started this one;"
                f" give it again, or by {name}_FILE or .env."
            )
        if self.taken:
            self._environ[TAKEN] = ",".join(sorted(self.taken))

    def flag(self, name: str, default: bool) -> bool:
        """1/0, true/false, yes/no, on/off."""
        value = self.text(name).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        if value:
            raise ImproperlyConfigured(f"{name}={value!r} is neither 1 nor 0.")
        return default

    def port(self, name: str, default: int) -> int:
        """A TCP port, 1 to 65535."""
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and 1 <= int(value) <= 65535:
            return int(value)
        raise ImproperlyConfigured(f"{name}={value!r} is not a port: give a number, 1 to 65535.")

    def words(self, name: str) -> list[str]:
        """Comma-separated words."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        """One of a closed set of words."""
        value = self.text(name, default)
        allowed = tuple(choices)
        if value not in allowed and value != default:
            raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(allowed)}.")
        return value

    def url(self, name: str, default: str, schemes: Iterable[str]) -> tuple[str, SplitResult]:
        """A URL of one of `schemes`, whole and in parts. Its value is never in the message:
        it may carry a password."""
        value = self.text(name, default)
        allowed = tuple(schemes)
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} is not a URL ({error}).") from error
        if parts.scheme not in allowed:
            starts = ", ".join(f"{scheme}://" for scheme in allowed)
            raise ImproperlyConfigured(f"{name} must start with one of {starts}.")
        return value, parts

    def path(self, name: str, default: str = "") -> Path | None:
        """An absolute path, or None when neither value nor default is given."""
        value = self.text(name, default)
        return (self._base / Path(value).expanduser()).resolve() if value else None


def for_our_child(
    environ: MutableMapping[str, str], taken: MutableMapping[str, str]
) -> dict[str, str]:
    """The environment for a process of our own tree: with the secrets its settings will take."""
    child = {**environ, **taken}
    child.pop(TAKEN, None)
    return child


def process_environ() -> MutableMapping[str, str]:
    """The one place that names `os.environ`."""
    return os.environ
