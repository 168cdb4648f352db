"""The environment a git process gets: built from nothing, so that no secret of ours can be in it.

Sources: git(1) "ENVIRONMENT VARIABLES", git-config(1), gitprotocol-v2(5). Configuration travels
in GIT_CONFIG_COUNT / KEY_n / VALUE_n (git 2.31 and later): unlike `-c name=value` it is not in the
argument list, which every user of the machine can read.
"""

import os
from collections.abc import Iterable, Mapping

# Nothing can lie below /dev/null, so no .netrc, .gitconfig or .config/git is ever found.
_NO_HOME = "/dev/null"

_BASE: Mapping[str, str] = {
    "LANG": "C",  # the tables of `failures` and `refusals` read git's English
    "HOME": _NO_HOME,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}

# What holds for every git process. A repository's own configuration cannot override it.
_CONFIG: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.symlinks", "false"),
    ("core.quotePath", "false"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("transfer.fsckObjects", "true"),
    ("protocol.version", "2"),
    ("protocol.ext.allow", "never"),
    ("protocol.file.allow", "never"),  # GIT_ALLOW_PROTOCOL, when it is set, has the last word
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "20"),
    ("credential.helper", ""),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("commit.gpgSign", "false"),
    ("init.defaultBranch", "main"),
    # Housekeeping is ours, at a time of our choosing and under the mirror's lock.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)


def child_environment(
    *,
    config: Iterable[tuple[str, str]] = (),
    protocols: str = "",
    extra: Mapping[str, str] | None = None,
    search_path: str | None = None,
) -> dict[str, str]:
    """The whole environment of one git process.

    `config` comes after our own settings and therefore wins over them. `protocols` is the colon
    separated list for GIT_ALLOW_PROTOCOL; empty allows none. `extra` must not touch configuration.
    Only PATH is taken over from our own environment.
    """
    settings = (*_CONFIG, *config)
    environment = {
        **_BASE,
        "PATH": search_path or os.environ.get("PATH") or os.defpath,
        "GIT_ALLOW_PROTOCOL": protocols or "none",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    for key, value in (extra or {}).items():
        if key in environment or key.startswith("GIT_CONFIG"):
            raise ValueError(f"{key} is set by the runner alone")
        environment[key] = value
    return environment
