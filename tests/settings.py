"""Gatehouse's own settings, in an environment made for one test process.

The outside environment only chooses the database (DATABASE_URL) and the folder of schemas.
"""

import os
import tempfile

from portal.environment import VARIABLES

_KEPT = {"DATABASE_URL", "GATEHOUSE_SCHEMAS"}
_database = os.environ.get("DATABASE_URL")

for _variable in VARIABLES:
    if _variable.name not in _KEPT:
        os.environ.pop(_variable.name, None)
_folder = tempfile.TemporaryDirectory(prefix="gatehouse-test-", ignore_cleanup_errors=True)
os.environ["GATEHOUSE_DATA"] = _folder.name
os.environ["GATEHOUSE_ENV_FILE"] = ""
os.environ["DEMO"] = "0"

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, GATEHOUSE_DATA, LOGGING  # noqa: E402

if _database is not None:  # the workers of pytest-xdist inherit this process's environment
    os.environ["DATABASE_URL"] = _database
os.environ.pop("GATEHOUSE_SECRETS_TAKEN", None)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING["root"]["level"] = "WARNING"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in a deployment: an in-memory database locks whole tables between threads.
    DATABASES["default"]["TEST"] = {"NAME": str(GATEHOUSE_DATA / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
