"""`manage.py render`: the corpus, the examples, and careless use."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import pytest
import time_machine
import yaml
from django.core.management import CommandError, call_command
from django.db.backends.base.base import BaseDatabaseWrapper

from gitops.policies import Severity, Verdict
from tenants.management.commands import render
from tests.corpus.cases import Case, cases, fleet

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
KINDS = {"managed", "seeded"}


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: BaseDatabaseWrapper) -> NoReturn:
        raise AssertionError("render opened a database connection")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)


def run(spec: Path, out: Path, *options: str) -> tuple[int, str, list[str]]:
    """Exit code, standard output, lines of standard error."""
    stdout, stderr = StringIO(), StringIO()
    code = 0
    try:
        call_command("render", str(spec), "--out", str(out), *options, stdout=stdout, stderr=stderr)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 99
    return code, stdout.getvalue(), stderr.getvalue().splitlines()


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


FLEET = yaml.safe_dump({"fleet": fleet()})


def case_file(tmp_path: Path, case: Case) -> Path:
    return written(tmp_path, yaml.safe_dump({"operation": case.operation, **case.said}) + FLEET)


def tree(out: Path) -> set[str]:
    return {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", cases(good=True), ids=str)
def test_good_cases_become_files(case: Case, tmp_path: Path) -> None:
    code, told, complaints = run(case_file(tmp_path, case), tmp_path / "out")
    assert (code, complaints) == (0, [])
    files = tree(tmp_path / "out")
    assert files
    assert files == {line.split()[1] for line in told.splitlines() if line[:8].strip() in KINDS}


@pytest.mark.parametrize("case", cases(good=False), ids=str)
def test_bad_cases_get_their_codes_and_write_nothing(case: Case, tmp_path: Path) -> None:
    code, _, complaints = run(case_file(tmp_path, case), tmp_path / "out")
    assert code == 1
    found = sorted(tuple(line.split(": ", 2)[:2]) for line in complaints)
    assert found == list(case.expect)
    assert not (tmp_path / "out").exists()


def test_the_example_of_add_namespace(tmp_path: Path) -> None:
    code, told, _ = run(EXAMPLES / "add-namespace.yaml", tmp_path)
    below = "platform/tenants/dev-1/iris-blue/iris-blue-payments"
    names = ("guardrails", "namespace", "rbac")
    assert (code, tree(tmp_path)) == (0, {f"{below}/{name}.yaml" for name in names})
    assert told.splitlines() == [
        "Add the namespace iris-blue-payments on dev-1, size small, until 2027-06-30.",
        *(f"managed  {below}/{name}.yaml" for name in names),
    ]


def test_the_example_of_onboard_tenant(tmp_path: Path) -> None:
    code, told, _ = run(EXAMPLES / "onboard-tenant.yaml", tmp_path)
    assert code == 0
    expected = {"tenant/README.md"}
    for cluster in ("dev-1", "production-1"):
        home = f"platform/tenants/{cluster}/tulip/tulip"
        names = ("guardrails", "namespace", "rbac", "sync")
        expected |= {f"{home}/{name}.yaml" for name in names}
        expected |= {f"platform/clusters/{cluster}/tenants/tulip.yaml"}
        expected |= {f"tenant/clusters/{cluster}/kustomization.yaml"}
    assert tree(tmp_path) == expected
    assert "seeded   tenant/README.md" in told


def test_every_example_is_tested() -> None:
    assert {p.name for p in EXAMPLES.iterdir()} == {"add-namespace.yaml", "onboard-tenant.yaml"}


def test_the_same_files_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(EXAMPLES / "add-namespace.yaml", tmp_path)[0] == 0


@pytest.mark.parametrize("how", ["other text", "other file", "link"])
def test_anything_else_in_the_folder_is_respected(tmp_path: Path, how: str) -> None:
    run(EXAMPLES / "add-namespace.yaml", tmp_path)
    written_file = next(p for p in tmp_path.rglob("*.yaml"))
    odd = {"other text": written_file, "other file": tmp_path / "notes.txt"}.get(how)
    if odd:
        odd.write_text("mine\n")
    else:
        (tmp_path / "elsewhere").symlink_to(tmp_path.parent)
    with pytest.raises(CommandError, match="holds something else"):
        run(EXAMPLES / "add-namespace.yaml", tmp_path)
    if odd:
        assert odd.read_text() == "mine\n"
    assert run(EXAMPLES / "add-namespace.yaml", tmp_path, "--force")[0] == 0
    assert written_file.read_text() != "mine\n"
    assert (tmp_path / "notes.txt").exists() == (how == "other file")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(CommandError, match="is not a folder"):
        run(EXAMPLES / "add-namespace.yaml", tmp_path / "out")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read: No such file"):
        run(tmp_path / "none.yaml", tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "a: 1\na: 2",
        "a: 1\n---\na: 2",
        "a: &x 1\nb: *x",
        "a: !!python/object/apply:os.system [ls]",
        "[" * 5000,
        "a: " + "1" * 5000,
        "\x00",
    ],
    ids=["empty", "open", "twice", "two", "alias", "tag", "deep", "digits", "zero"],
)
def test_what_is_not_one_plain_document(tmp_path: Path, text: str) -> None:
    code, _, complaints = run(written(tmp_path, text), tmp_path / "out")
    assert code == 1
    assert complaints[0].startswith("/: unreadable: ")
    assert len(complaints) == 1


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_bytes(b"purpose: \xff")
    assert run(tmp_path / "spec.yaml", tmp_path / "out")[2] == [
        "/: unreadable: the file is not UTF-8"
    ]


def example(**fleet: Any) -> dict[str, Any]:
    document = yaml.safe_load((EXAMPLES / "add-namespace.yaml").read_text())
    document["fleet"] |= fleet
    return dict(document)


@pytest.mark.parametrize(
    ("fleet", "pointer", "code"),
    [
        ({"clusters": {"dev-1": {"flux": "2.9"}}}, "/clusters/dev-1/environment", "required"),
        (
            {"clusters": {"dev-1": {"environment": "dev", "flux": 2.9}}},
            "/clusters/dev-1/flux",
            "wrong-type",
        ),
        (
            {"clusters": {"dev-1": {"environment": "dev", "flux": "1.0"}}},
            "/clusters/dev-1/flux",
            "not-a-choice",
        ),
        ({"clusters": ["dev-1"]}, "/clusters", "wrong-type"),
        ({"clusters": {"Dev": {}}}, "/clusters", "bad-name"),
        ({"clone_url": "https://git.example.com/x.git"}, "/clone_url", "bad-url"),
        ({"clone_url": "http://git.example.com/{repository}"}, "/clone_url", "git-url-scheme"),
        ({"platform_repository": None}, "/platform_repository", "required"),
        ({"size_classes": {"small": {"quota": {"pods": "many"}}}}, None, "not-a-quantity"),
        ({"size_classes": {"small": {}}}, "/size_classes/small/limits", "required"),
        ({"size_classes": {"small": {"price": 1}}}, "/size_classes/small", "unknown-field"),
        ({"tenants": {"iris-blue": {"quota": 1}}}, "/tenants/iris-blue/quota", "unknown-field"),
        (
            {"tenants": {"iris-blue": {"placements": {"mars": []}}}},
            "/tenants/iris-blue/placements/mars",
            "unknown-cluster",
        ),
        (
            {"tenants": {"iris-blue": {"placements": {"dev-1": []}}}},
            "/tenants/iris-blue/placements/dev-1",
            "no-home",
        ),
        (
            {"tenants": {"iris-blue": {"placements": {"dev-1": [{"name": "iris-blue"}]}}}},
            "/tenants/iris-blue/placements/dev-1/0/size_class",
            "required",
        ),
        ({"odd": 1}, "/odd", "unknown-field"),
        ({"today": "tomorrow"}, "/today", "bad-date"),
    ],
)
def test_a_slip_in_the_fleet_is_named_by_its_path(
    tmp_path: Path, fleet: Any, pointer: str | None, code: str
) -> None:
    exit_code, _, complaints = run(written(tmp_path, example(**fleet)), tmp_path / "out")
    assert exit_code == 1
    start = f"/fleet{pointer}: {code}: " if pointer else "/fleet/size_classes/small/quota: "
    assert any(line.startswith(start) for line in complaints), complaints


def test_a_forge_on_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    document = example(clone_url="http://127.0.0.1:8000/git/{repository}.git")
    assert run(written(tmp_path, document), tmp_path / "out")[0] == 0


def test_an_operation_nobody_knows(tmp_path: Path) -> None:
    document = example() | {"operation": "drop-database", "colour": 1}
    _, _, complaints = run(written(tmp_path, document), tmp_path / "out")
    assert complaints == [
        "/: unknown-field: A document has no colour; see docs/examples.",
        "/operation: unknown-operation: Choose one of: onboard-tenant, add-namespace.",
    ]


def test_without_today_the_lease_is_measured_from_today(tmp_path: Path) -> None:
    document = example(today=None)
    with time_machine.travel("2027-07-01", tick=False):
        _, _, complaints = run(written(tmp_path, document), tmp_path / "out")
    assert [line.split(": ")[1] for line in complaints] == ["past-date"]


def test_a_verdict_that_is_an_error_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "tenants/dev-1/iris-blue/iris-blue-payments/rbac.yaml"
    said = {"pack": "p", "rule": "r", "line": 3, "message": "Bad.", "fix": "Do better."}
    for severity, expected in ((Severity.WARNING, 0), (Severity.ERROR, 1)):
        verdict = Verdict(path=path, severity=severity, **said)  # type: ignore[arg-type]
        elsewhere = Verdict(path="x", severity=Severity.ERROR, **said)  # type: ignore[arg-type]
        monkeypatch.setattr(render, "verdicts", lambda *_, v=verdict, e=elsewhere: (v, e))
        code, _, complaints = run(EXAMPLES / "add-namespace.yaml", tmp_path / severity)
        assert complaints == [f"{path}:3: {severity}: p/r: Bad. Do better."]
        assert code == expected
        assert (tmp_path / severity).exists() == (not expected)


def test_from_the_shell_without_a_database(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none",
        "GATEHOUSE_DATA": str(tmp_path / "data"),
        "GATEHOUSE_ENV_FILE": "",
    }
    done = subprocess.run(
        [
            *(sys.executable, "manage.py", "render"),
            *(str(EXAMPLES / "add-namespace.yaml"), "--out", str(tmp_path / "out")),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(tree(tmp_path / "out")) == 3
