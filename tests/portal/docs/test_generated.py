"""The generated pages: current, and with nothing of their tables left out."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gitops.forges.registry import FORGES
from gitops.policies import PACKS
from gitops.states import Reason, State
from portal import reference
from portal.manual import policies
from portal.manual.markdown import first_line, table
from tenants.operations import OPERATIONS
from tenants.workflow import Action, Status

ROOT = Path(__file__).resolve().parents[3]


def test_every_generated_page_is_what_the_code_says() -> None:
    assert reference.stale(ROOT) == [], "make docs writes them"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in reference.PAGES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


@pytest.mark.parametrize("page", reference.PAGES)
def test_a_page_that_was_edited_or_lost_is_noticed(copy: Path, page: str) -> None:
    text = (copy / page).read_text()
    (copy / page).write_text(text.replace("a", "b", 1))
    assert reference.stale(copy) == [page]
    (copy / page).unlink()
    assert reference.stale(copy) == [page]


def test_the_check_names_what_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.management.commands.generate_docs.stale", lambda _: ["docs/x.md"])
    with pytest.raises(CommandError, match=r"make docs.*docs/x\.md"):
        call_command("generate_docs", check=True)


def test_no_page_is_shared_by_two_names() -> None:
    texts = [write() for write in reference.PAGES.values()]
    assert len(set(texts)) == len(texts)


def test_every_status_action_state_and_reason_is_explained() -> None:
    text = reference.PAGES["docs/workflow.md"]()
    for word in (*Status, *Action, *State, *Reason):
        assert f"| `{word}` |" in text, word


def test_every_field_of_every_operation_is_there() -> None:
    text = reference.PAGES["docs/reference/operations.md"]()
    for operation in OPERATIONS.values():
        assert f"## {operation.title}: `{operation.name}`" in text
        for field in operation.fields:
            assert f"| `spec.{field.name}` |" in text


def test_every_policy_pack_has_its_section() -> None:
    assert [pack.NAME for pack in policies.PACKS] == list(PACKS)


def test_every_forge_has_its_column() -> None:
    head = next(
        line
        for line in reference.PAGES["docs/reference/forges.md"]().splitlines()
        if line.startswith("|")
    )
    assert head == "|  | " + " | ".join(f"`{name}`" for name in FORGES) + " |"


def test_a_cell_cannot_break_its_table() -> None:
    assert table(("a",), [("one | two\nthree",)]).splitlines()[2] == "| one \\| two three |"


def test_a_rule_without_words_is_an_error() -> None:
    assert first_line("One\nsentence.\n\nMore.") == "One sentence."
    with pytest.raises(ValueError, match="docstring"):
        first_line(None)
