"""Commits without a work tree: the same draft the same id, and never a path too many."""

import dataclasses
from collections.abc import Callable

import pytest

from gitops.errors import Cause, DeliveryError
from gitops.git import fast_import
from gitops.git.drafts import BadDraft, BaseMissing, Identity
from gitops.git.mirror import CommitDraft, Mirror
from gitops.git.objects import ObjectReader
from gitops.git.paths import PathConflict
from gitops.git.runner import GitRunner
from tests.gitops.git.conftest import AUTHOR, MakeMirror, Origin, draft


def test_a_commit_is_its_parent_and_the_changes(mirror: Mirror, origin: Origin) -> None:
    base = mirror.fetch("main")
    changes = {
        "tenants/base/a.yaml": None,
        "tenants/prod/ü b/c.yaml": "key: 'ä'\n",
        'odd/"quoted" name': "",
        "README.md": "no newline at the end",
    }
    (result,) = mirror.commit_many([draft(base, changes, message="One\n\nTwo: ü")])
    local = Origin(mirror.path)
    commit = result.unwrap()
    assert {item.blob for item in mirror.tree(commit).values()} == {
        local.git("hash-object", "--stdin", stdin=(text or "").encode())
        for path, text in changes.items()
        if text is not None
    }
    assert local.git("show", "-s", "--format=%P|%an|%ae|%cn|%ce|%ai|%ci|%B", commit) == (
        f"{base}|Gatehouse|gatehouse@example.org|Gatehouse|gatehouse@example.org"
        "|2023-11-14 22:13:20 +0000|2023-11-14 22:13:20 +0000|One\n\nTwo: ü"
    )
    local.git("fsck", "--strict", commit)


def test_the_same_draft_gives_the_same_commit_anywhere(make_mirror: MakeMirror) -> None:
    one, two = make_mirror("one"), make_mirror("two")
    base = one.fetch("main")
    assert two.fetch("main") == base
    drafts = [draft(base, {f"t{n}/a.yaml": f"n: {n}\n", "z": "z\n"}) for n in range(5)]
    turned = dataclasses.replace(drafts[0], changes=drafts[0].changes[::-1])
    first = [result.unwrap() for result in one.commit_many(drafts)]
    assert [result.unwrap() for result in one.commit_many(drafts)] == first
    assert [two.commit_many([d])[0].unwrap() for d in reversed(drafts)] == first[::-1]
    assert two.commit_many([turned])[0].unwrap() == first[0]
    assert two.commit_many([drafts[0], drafts[0]])[1].unwrap() == first[0]
    assert len(set(first)) == 5


def test_everything_in_a_draft_counts(mirror: Mirror) -> None:
    base = mirror.fetch("main")
    plain = draft(base, {"a": "a\n"})
    others = [
        dataclasses.replace(plain, when=plain.when + 1),
        dataclasses.replace(plain, message="Other\n"),
        dataclasses.replace(plain, author=Identity(name="Other", email=AUTHOR.email)),
        dataclasses.replace(plain, changes=(("a", "b\n"),)),
    ]
    ids = {result.unwrap() for result in mirror.commit_many([plain, *others])}
    assert len(ids) == 5


def test_a_hundred_in_one_stream_leave_no_reference(mirror: Mirror, origin: Origin) -> None:
    old = mirror.fetch("main")
    base = origin.commit({"moved": "on\n"})
    mirror.fetch("main")
    runs: list[str] = []
    original = mirror._runner.run

    def counted(args: list[str], **options: object) -> object:
        runs.append(args[0])
        return original(args, **options)  # type: ignore[arg-type]

    mirror._runner.run = counted  # type: ignore[assignment, method-assign]
    drafts = [
        draft((base, old)[n % 2], {f"t/{n}/{m}": f"{m}\n" for m in range(6)}) for n in range(100)
    ]
    results = mirror.commit_many(drafts)
    assert runs == ["fast-import", "diff-tree"]
    assert len({result.unwrap() for result in results}) == 100
    local = Origin(mirror.path)
    assert local.git("for-each-ref", "--format=%(refname)") == "refs/gatehouse/base/main"
    for item, result in zip(drafts[:4], results, strict=False):
        names = local.git("diff-tree", "-r", "--name-only", item.parent, result.unwrap())
        assert names.splitlines() == sorted(path for path, _ in item.changes)


def test_commits_without_a_reference_outlive_housekeeping(mirror: Mirror) -> None:
    base = mirror.fetch("main")
    (result,) = mirror.commit_many([draft(base, {"a": "a\n"})])
    mirror.housekeeping()
    assert mirror.has_commit(result.unwrap())
    assert mirror.tree(result.unwrap())["a"]


# What stands in the repository, what the draft does, and what is said about it.
CONFLICTS: list[tuple[str, dict[str, str | None], str]] = [
    ("an ancestor is a symbolic link", {"link/a.yaml": "x"}, "symbolic link"),
    ("an ancestor is a submodule", {"module/a.yaml": "x"}, "submodule"),
    ("an ancestor is a file", {"README.md/a.yaml": "x"}, "'README.md' is a file"),
    (
        "a far ancestor is a file",
        {"tenants/base/a.yaml/b/c": "x"},
        "'tenants/base/a.yaml' is a file",
    ),
    ("the target is a directory", {"tenants/base": "x"}, "is a directory"),
    ("the target is a symbolic link", {"link": "x"}, "symbolic link"),
    ("the target is a submodule", {"module": "x"}, "submodule"),
    ("the target is executable", {"run.sh": "x"}, "executable"),
    ("a symbolic link is deleted", {"link": None}, "symbolic link"),
    ("a directory is deleted", {"tenants": None}, "is a directory"),
    ("what is not there is deleted", {"tenants/none": None}, "not there"),
    ("nothing would change", {"README.md": "hello\n"}, "already exactly so"),
    ("the path leaves", {"../x": "x"}, "'..'"),
    ("git's own directory", {".GIT/config": "x"}, "git's own"),
    ("a file and below it", {"n/a": "x", "n/a/b": "x"}, "'n/a' is a file"),
]


@pytest.fixture
def crowded(origin: Origin) -> Origin:
    """An origin with everything in the way that can be."""
    origin.commit(
        {
            "link": ("120000", "/etc"),
            "module": ("160000", origin.branch("main")),
            "run.sh": ("100755", "#!/bin/sh\n"),
        }
    )
    return origin


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize(
    ("changes", "words"), [c[1:] for c in CONFLICTS], ids=[c[0] for c in CONFLICTS]
)
def test_what_stands_in_the_way(mirror: Mirror, changes: dict[str, str | None], words: str) -> None:
    """Each is an error of that draft, and the drafts beside it become commits."""
    base = mirror.fetch("main")
    bad = draft(base, {"fine.yaml": "x", **changes})
    before, result, after = mirror.commit_many(
        [draft(base, {"b": "b"}), bad, draft(base, {"a": "a"})]
    )
    assert before.unwrap() != after.unwrap()
    assert isinstance(result.error, PathConflict)
    assert words in str(result.error)
    assert result.error.cause is Cause.CONFLICT
    with pytest.raises(PathConflict):
        result.unwrap()


def test_the_bad_drafts(mirror: Mirror) -> None:
    base = mirror.fetch("main")
    good = draft(base, {"a": "a"})
    bad = [
        dataclasses.replace(good, changes=()),
        dataclasses.replace(good, when=-1),
        dataclasses.replace(good, message=" \n"),
        dataclasses.replace(good, message="a\0b"),
        dataclasses.replace(good, changes=(("a", "\udc80"),)),
        dataclasses.replace(good, author=Identity(name="A <x@y>", email="x")),
        dataclasses.replace(good, author=Identity(name="A", email="x>\nfrom 123")),
        dataclasses.replace(good, author=Identity(name=" ", email="x")),
    ]
    results = mirror.commit_many([*bad, good])
    assert [type(result.error) for result in results] == [BadDraft] * len(bad) + [type(None)]
    assert mirror.commit_many([]) == []


def test_a_message_cannot_speak_to_fast_import(mirror: Mirror) -> None:
    base = mirror.fetch("main")
    text = "x\n\nfrom 0000\nM 100644 inline evil\ndata 1\nx\ndone\ncommit refs/heads/evil\n"
    (result,) = mirror.commit_many([draft(base, {"a": text}, message=text)])
    assert [path for path, _ in mirror.changed_paths(base, result.unwrap())] == ["a"]


def test_a_parent_that_is_not_here(mirror: Mirror) -> None:
    base = mirror.fetch("main")
    blob = mirror.tree(base)["README.md"].blob
    results = mirror.commit_many(
        [draft("1" * 40, {"a": "a"}), draft(blob, {"a": "a"}), draft(base, {"a": "a"})]
    )
    assert [type(result.error) for result in results] == [BaseMissing, BaseMissing, type(None)]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda s: s.replace(
            b'M 100644 inline "a"', b'M 100644 inline "extra"\ndata 1\nx\nM 100644 inline "a"'
        ),
        lambda s: s.replace(b'inline "a"', b'inline "b"'),
        lambda s: s.replace(b"M 100644", b"M 100755"),
        lambda s: s.replace(b"M 100644", b"M 120000"),
        lambda s: s.replace(b"data 2\na\n", b"data 2\nb\n"),
        lambda s: s.replace(b'M 100644 inline "a"', b'D "README.md"\nM 100644 inline "a"'),
    ],
)
def test_a_commit_that_is_not_its_draft_is_given_to_nobody(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[bytes], bytes]
) -> None:
    """The stream is changed on its way, as a bug in it would."""
    base = mirror.fetch("main")
    original = fast_import.stream
    monkeypatch.setattr(fast_import, "stream", lambda drafts: tamper(original(drafts)))
    (result,) = mirror.commit_many([draft(base, {"a": "a\n"})])
    assert isinstance(result.error, fast_import.ProofFailed)
    assert result.commit is None


def test_no_attribute_hook_or_filter_has_a_say(mirror: Mirror, origin: Origin) -> None:
    origin.commit({".gitattributes": "* text eol=crlf ident filter=evil\n"})
    base = mirror.fetch("main")
    (result,) = mirror.commit_many([draft(base, {"a": "$Id$\r\nx\n"})])
    blob = mirror.tree(result.unwrap())["a"].blob
    assert mirror.read_blobs([blob])[blob] == b"$Id$\r\nx\n"


def test_cost_depends_on_the_way_and_not_on_the_repository(
    mirror: Mirror, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only directories on the way to a draft's paths are read, and each of them once."""
    origin.commit({f"tenants/c{n}/t{m}/a.yaml": "x\n" for n in range(20) for m in range(20)})
    base = mirror.fetch("main")
    read: list[str] = []
    original = ObjectReader.contents

    def counted(
        self: ObjectReader, ids: list[str], *, kind: str, deadline: float
    ) -> dict[str, bytes]:
        read.extend(f"{kind} {one}" for one in ids)
        return original(self, ids, kind=kind, deadline=deadline)

    monkeypatch.setattr(ObjectReader, "contents", counted)
    drafts = [draft(base, {f"tenants/c3/t5/n{n}.yaml": "n\n"}) for n in range(50)]
    assert all(result.commit for result in mirror.commit_many(drafts))
    # The commit, and the directories root, tenants, c3, t5.
    assert len(read) == 5


def test_a_deadline_holds_for_writing_too(
    make_mirror: MakeMirror, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mirror = make_mirror()
    base = mirror.fetch("main")
    script = tmp_path_factory.mktemp("bin") / "git"
    script.write_text('#!/bin/sh\n[ "$1" = fast-import ] && sleep 30\nexec /usr/bin/env git "$@"\n')
    script.chmod(0o755)
    slow = make_mirror(local=0.5)
    slow._runner = GitRunner(executable=str(script))
    with pytest.raises(DeliveryError, match="fast-import was stopped") as passed:
        slow.commit_many([draft(base, {"a": "a"})])
    assert passed.value.cause is Cause.TRANSIENT


def test_drafts_are_values() -> None:
    one = CommitDraft(parent="1" * 40, changes=(("a", "b"),), message="m", author=AUTHOR, when=1)
    assert one == dataclasses.replace(one)
    assert hash(one)
