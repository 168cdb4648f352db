"""The table of forges, and what is in base."""

from pathlib import Path

import pytest

from gitops.errors import DeliveryError
from gitops.forges import base, registry
from gitops.forges.base import ConnectionSettings, RepositoryPath
from gitops.forges.local.adapter import LocalForge


def settings(tmp_path: Path, **changes: str) -> ConnectionSettings:
    plain = {"slug": "local", "forge": "local", "base_url": "http://127.0.0.1:8000/"}
    return ConnectionSettings(**{**plain, **changes}, data_dir=tmp_path)


def test_connects_to_the_local_forge(tmp_path: Path) -> None:
    forge = registry.connect(settings(tmp_path))
    assert isinstance(forge, LocalForge)
    forge.store.create(RepositoryPath(owner="iris-blue", name="apps"), by="seed")
    found = forge.get_repository(RepositoryPath.parse("iris-blue/apps"))
    assert found.clone_url == "http://127.0.0.1:8000/git/iris-blue/apps.git"
    assert found.html_url == "http://127.0.0.1:8000/forge/iris-blue/apps/"
    remote = forge.remote(found.path)
    assert Path(remote.address()) == tmp_path / "forge/iris-blue/apps.git"
    assert remote.allow_file_below == tmp_path / "forge"


def test_the_pages_may_live_elsewhere(tmp_path: Path) -> None:
    forge = registry.connect(settings(tmp_path, html_base="https://gatehouse.example/forge/"))
    assert isinstance(forge, LocalForge)
    forge.store.create(RepositoryPath(owner="iris-blue", name="apps"), by="seed")
    found = forge.get_repository(RepositoryPath.parse("iris-blue/apps"))
    assert found.html_url == "https://gatehouse.example/forge/iris-blue/apps/"


def test_an_unknown_forge_and_a_lacking_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'cvs' is not one of the forges local"):
        registry.connect(settings(tmp_path, forge="cvs"))
    with pytest.raises(ValueError, match="data folder"):
        registry.connect(ConnectionSettings(slug="x", forge="local"))


def test_every_forge_has_its_row() -> None:
    assert registry.capabilities().keys() == registry.FORGES.keys()
    for row in registry.capabilities().values():
        assert row.title
        assert row.body_limit >= 4000
        assert row.title_limit >= 100


def test_a_credential_is_never_printed() -> None:
    assert "hunter2" not in repr(ConnectionSettings(slug="x", forge="local", credential="hunter2"))


@pytest.mark.parametrize("text", ["", "/", "fleet", "/fleet", "platform/"])
def test_half_a_repository_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="owner/name"):
        RepositoryPath.parse(text)


def test_a_group_in_a_group_belongs_to_the_owner() -> None:
    path = RepositoryPath.parse("group/sub/apps")
    assert (path.owner, path.name, str(path)) == ("group/sub", "apps", "group/sub/apps")


def test_every_error_says_whether_to_try_again() -> None:
    errors = [
        value
        for value in vars(base).values()
        if isinstance(value, type) and issubclass(value, base.ForgeError)
    ]
    assert len(errors) > 8
    for error in errors:
        assert issubclass(error, DeliveryError)
        assert error is base.ForgeError or "cause" in vars(error) or error is base.Archived
