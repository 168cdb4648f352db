"""Which addresses git is given, and which it never is."""

import base64
from pathlib import Path

import pytest

from gitops.git.remote import Remote, UnsafeRemote

GOOD = [
    "https://github.com/team/platform.git",
    "https://forge.example:8443/a/b",
    "https://dev.azure.com/org/project/_git/repo%20name",
    "https://[2001:db8::1]/x.git",
    "http://127.0.0.1:8000/x.git",
    "http://localhost/x.git",
    "http://[::1]:3000/x.git",
]

BAD = [
    "", "-", "--upload-pack=touch x", "ext::sh -c id", "fd::17", "git://h/x", "ssh://h/x",
    "ssh://-oProxyCommand=id/x", "git@github.com:team/x.git", "host:path", "ftp://h/x",
    "http://example.org/x", "http://169.254.169.254/x", "http://10.0.0.1/x", "http://127.1/x",
    "http://0x7f.1/x", "http://localhost.evil.example/x", "http://127.0.0.1@evil.example/",
    "https://user:secret@forge.example/x", "https://token@forge.example/x", "https:///x",
    "https://-oProxy/x", "https://h/x?y=1", "https://h/x#y", "https://h /x", "https://h/a b",
    "https://h/\nx", "https://h\\@evil/x", "https://h:port/x", "HTTPS", "https:h/x",
    "transport::https://h/x", "https://$GITHUB_TOKEN.example/x", "./relative", "~/x",
    "file://other-host/data/x.git", "file:relative", "//h/x", "https://h%00/x",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_good_addresses_are_given_as_they_are(url: str) -> None:
    remote = Remote(url=url)
    assert remote.address() == url
    assert remote.protocol == url.partition(":")[0]


@pytest.mark.parametrize("url", BAD)
def test_bad_addresses_are_refused(url: str, tmp_path: Path) -> None:
    for below in (None, tmp_path):
        with pytest.raises(UnsafeRemote):
            Remote(url=url, allow_file_below=below)


def test_paths_are_compared_segment_by_segment(tmp_path: Path) -> None:
    allowed = tmp_path / "forge"
    for name in ("forge/a/x.git", "forge-of-others/x.git", "other"):
        (tmp_path / name).mkdir(parents=True)
    inside = Remote(url=str(allowed / "a" / "x.git"), allow_file_below=allowed)
    assert inside.address() == str(allowed / "a" / "x.git")
    assert Remote(url=f"file://{inside.url}", allow_file_below=allowed).address() == inside.url
    assert inside.protocol == "file"
    outside = ["forge-of-others/x.git", "forge/../other", "forge/a/../../other", "other"]
    for name in outside:
        for prefix in ("", "file://"):
            with pytest.raises(UnsafeRemote, match="outside"):
                Remote(url=f"{prefix}{tmp_path}/{name}", allow_file_below=allowed)
    with pytest.raises(UnsafeRemote, match="outside"):
        Remote(url=f"file://{allowed}/%2e%2e/other", allow_file_below=allowed)
    with pytest.raises(UnsafeRemote):
        Remote(url=inside.url)


def test_a_link_that_leads_out_is_seen_even_when_it_comes_later(tmp_path: Path) -> None:
    allowed, other = tmp_path / "forge", tmp_path / "other"
    (allowed / "x.git").mkdir(parents=True)
    other.mkdir()
    remote = Remote(url=str(allowed / "x.git"), allow_file_below=allowed)
    (allowed / "x.git").rmdir()
    (allowed / "x.git").symlink_to(other)
    with pytest.raises(UnsafeRemote, match="outside"):
        remote.address()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.sshCommand", "touch x"),
        ("protocol.ext.allow", "always"),
        ("alias.fetch", "!id"),
        ("http", "x"),
        ("http.extraHeader", "A: b\nHost: evil"),
        ("http.extraHeader\nx", "y"),
    ],
)
def test_only_http_settings_of_one_line(key: str, value: str) -> None:
    with pytest.raises(UnsafeRemote):
        Remote(url="https://h/x", config=((key, value),))


def test_every_form_of_a_secret_is_known_and_none_is_shown() -> None:
    basic = base64.b64encode(b"bot:very-secret-token").decode()
    header = ("http.https://forge.example/.extraHeader", f"Authorization: Basic {basic}")
    remote = Remote(url="https://forge.example/x", config=(header,))
    assert {basic, "bot:very-secret-token", "very-secret-token"} <= set(remote.secrets())
    assert basic not in repr(remote)
