"""Settings of Gatehouse. What a deployment may choose is in `portal.environment.VARIABLES`."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

from gitops import secret_files
from portal import log
from portal.environment import Reader, is_loopback, process_environ

BASE_DIR = Path(__file__).resolve().parent.parent
_env = Reader(process_environ(), base=BASE_DIR)

# -- where things are --------------------------------------------------------------------------
GATEHOUSE_DATA = _env.path("GATEHOUSE_DATA", "var") or BASE_DIR / "var"
SECRETS_DIR = GATEHOUSE_DATA / "secrets"
LOGS_DIR = GATEHOUSE_DATA / "logs"
GATEHOUSE_SCHEMAS = _env.path("GATEHOUSE_SCHEMAS")
if GATEHOUSE_SCHEMAS is not None and not GATEHOUSE_SCHEMAS.is_dir():
    raise ImproperlyConfigured(f"GATEHOUSE_SCHEMAS names {GATEHOUSE_SCHEMAS}, which is no folder.")

# -- addresses ---------------------------------------------------------------------------------
HOST = _env.text("HOST", "127.0.0.1")
PORT = _env.port("PORT", 8000)
_reachable = "127.0.0.1" if HOST in {"0.0.0.0", "::", ""} else HOST  # noqa: S104 (compared, not bound)
_default_url = (
    f"http://[{_reachable}]:{PORT}" if ":" in _reachable else f"http://{_reachable}:{PORT}"
)
PUBLIC_URL, _public = _env.url("PUBLIC_URL", _default_url, ("http", "https"))
PUBLIC_URL = PUBLIC_URL.rstrip("/")
if not _public.hostname or _public.path.strip("/") or _public.query or _public.username:
    raise ImproperlyConfigured(
        "PUBLIC_URL must be scheme, host and port only, like https://gatehouse.example.com."
    )
PUBLIC_URL_IS_LOOPBACK = is_loopback(_public.hostname)
_public_host = f"[{_public.hostname}]" if ":" in _public.hostname else _public.hostname
ALLOWED_HOSTS = [
    _public_host,
    *(_env.words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]),
]

DEBUG = _env.flag("DEBUG", False)
if DEBUG and not PUBLIC_URL_IS_LOOPBACK:
    raise ImproperlyConfigured(
        "DEBUG=1 shows tracebacks: it is refused unless PUBLIC_URL is a loopback address."
    )

DEMO = _env.flag("DEMO", True)
DEMO_PASSWORD = _env.text("DEMO_PASSWORD", "demo")

# -- jobs --------------------------------------------------------------------------------------
CELERY_BROKER_URL, _broker = _env.url(
    "CELERY_BROKER_URL", "memory://", ("memory", "redis", "rediss")
)
EMBEDDED = _broker.scheme == "memory"
if EMBEDDED:
    CELERY_BROKER_URL = "memory://localhost/"  # kombu warns at each start when it names no host
_FROM_REDIS = {
    # Longer than any task may run; the restore options bring a killed worker's messages back
    # within seconds; the socket limits end calls to a frozen Redis.
    "visibility_timeout": 300,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "gatehouse:",
}
# In memory, with the default interval of a second, what expires within a second is dropped unseen.
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05} if EMBEDDED else _FROM_REDIS

# -- database ----------------------------------------------------------------------------------
_database_url, _database = _env.url(
    "DATABASE_URL",
    f"sqlite:///{GATEHOUSE_DATA / 'db.sqlite3'}",
    ("sqlite", "postgres", "postgresql"),
)
DATABASES: dict[str, dict[str, Any]] = {"default": FileAwareEnv.db_url_config(_database_url)}
if _database.scheme == "sqlite":
    # IMMEDIATE: with WAL alone, a transaction that reads first and then writes fails at once when
    # another wrote in between. FULL: an approval survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
        ),
    }
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# No ATOMIC_REQUESTS: under IMMEDIATE every page view would take the write lock.


# -- secrets -----------------------------------------------------------------------------------
def _made_on_first_use(path: Path) -> str:
    """The secret in `path`; made there, whole or not at all, by whichever process comes first."""
    try:
        GATEHOUSE_DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret_files.make(path, length=48)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"GATEHOUSE_DATA names {GATEHOUSE_DATA}, where Gatehouse cannot write"
            f" ({error.strerror or error}); choose a folder that it can."
        ) from error


SECRET_KEY = _env.text("SECRET_KEY")
if not SECRET_KEY and not EMBEDDED:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set; with a Redis broker every process needs the same one:"
        " give 32 random characters or more, or SECRET_KEY_FILE."
    )
SECRET_KEY = SECRET_KEY or _made_on_first_use(SECRETS_DIR / "secret_key")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY is too short; give 32 random characters or more.")

ENVIRONMENT_TAKEN = _env.taken
"""Secrets this process took out of its environment; `manage.py up` hands them to its children."""

for _secret in (SECRET_KEY, DEMO_PASSWORD, _database.password, _broker.password):
    log.hide(unquote(_secret or ""))

# -- the application ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal",
    "tenants",
    "gitops",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_htmx",
    "lucide",
]
MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "tenants.api.authentication.ScopeCovers",
    ],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "tenants.api.problems.handle",
    "URL_FORMAT_OVERRIDE": None,  # the header Accept alone chooses
}

# -- static files: served from where they are installed; no collecting step ----------------------
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 60  # names carry no hash, so a new version shows in a minute

# -- the browser's protections -------------------------------------------------------------------
_https = _public.scheme == "https"
SECURE_CSP: dict[str, list[str]] = {  # the name Django 6 uses
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_NAME = "__Host-session" if _https else "gatehouse_session"
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "gatehouse_csrf"
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# -- logs ----------------------------------------------------------------------------------------
LOG_LEVEL = _env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "")
LOGGING = log.configuration(
    level=LOG_LEVEL or "INFO",
    form=_env.choice("LOG_FORMAT", log.FORMATS, "console"),
    folder=LOGS_DIR,
)
