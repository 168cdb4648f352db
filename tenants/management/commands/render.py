"""`manage.py render SPEC.yaml --out DIR`: a request's files, offline and without a database."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gitops.changes import Owned
from gitops.errors import InvalidSpec, Problem
from gitops.manifests.read import UnreadableManifest, load_all
from gitops.policies import Context, Severity, Verdict, verdicts
from gitops.rendering import ManualStep, Rendered, render
from gitops.spec import Ownership, Role
from tenants.operations.base import Stage
from tenants.operations.documents import Document, read_document
from tenants.operations.fleet_rows import LOOPBACK

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a document comes to: files by path below the output folder, and what was said."""

    files: Mapping[str, str]
    ownership: Mapping[str, Ownership]
    steps: tuple[ManualStep, ...]
    verdicts: tuple[Verdict, ...]


class Command(BaseCommand):
    help = "Write the files a request asks for, and what a person has to do. Needs no database."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "spec",
            metavar="SPEC.yaml",
            help="operation, tenant, spec, purpose and the fleet before; see docs/examples",
        )
        parser.add_argument(
            "--out",
            required=True,
            metavar="DIR",
            help="the files go to DIR/platform/ and DIR/tenant/, by repository",
        )
        parser.add_argument(
            "--force", action="store_true", help="write although other files are in DIR"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        document = self._document(Path(options["spec"]))
        output = self._output(document)
        if any(v.severity is Severity.ERROR for v in output.verdicts):
            self._report(output.verdicts)
            raise SystemExit(1)
        _write(Path(options["out"]), output.files, force=options["force"])
        self._tell(document, output)

    def _document(self, path: Path) -> Document:
        try:
            return read_document(_load(path), today=date.today())
        except InvalidSpec as error:
            raise self._refuse(error.problems) from error

    def _output(self, document: Document) -> Output:
        stages = document.operation.stages(document.before, document.payload, document.facts)
        try:
            return _together(document, stages)
        except InvalidSpec as error:
            # The wish was checked; what is left is the fleet's description.
            raise self._refuse(error.problems) from error

    def _refuse(self, problems: tuple[Problem, ...]) -> SystemExit:
        for problem in problems:
            self.stderr.write(f"{problem.pointer or '/'}: {problem.code}: {problem.detail}")
        return SystemExit(1)

    def _report(self, found: tuple[Verdict, ...]) -> None:
        for v in found:
            line = f"{v.path}:{v.line}" if v.line else v.path
            self.stderr.write(f"{line}: {v.severity}: {v.pack}/{v.rule}: {v.message} {v.fix}")

    def _tell(self, document: Document, output: Output) -> None:
        self.stdout.write(document.operation.sentence(document.payload))
        for path in sorted(output.files):
            self.stdout.write(f"{output.ownership[path].value:8} {path}")
        for step in output.steps:
            self.stdout.write(f"\nBy hand: {step.title}")
            for command in step.commands:
                self.stdout.write(f"  {command}")
            self.stdout.write(f"  Then: {step.expect}")
        self._report(output.verdicts)


def _load(path: Path) -> object:
    """The one YAML document in a file. Raises InvalidSpec, and CommandError without a file."""
    try:
        found = load_all(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _unreadable("the file is not UTF-8") from error
    except UnreadableManifest as error:
        raise _unreadable(str(error)) from error
    if len(found) != 1:
        raise _unreadable(f"one document is expected, here are {len(found)}")
    return found[0]


def _unreadable(why: str) -> InvalidSpec:
    return InvalidSpec([Problem(pointer="", code="unreadable", detail=why)])


def _together(document: Document, stages: tuple[Stage, ...]) -> Output:
    """All stages. When there are several, each has a folder of its own below the output folder."""
    files: dict[str, str] = {}
    ownership: dict[str, Ownership] = {}
    steps: list[ManualStep] = []
    found: list[Verdict] = []
    for number, stage in enumerate(stages, 1):
        folder = f"stage-{number}/" if len(stages) > 1 else ""
        rendered = render(stage.specs, allow_insecure_hosts=LOOPBACK)
        for role, owned in stage.owned.items():
            mine = Owned(owned)
            for path, file in rendered.of_role(role).items():
                if path in mine:
                    files[f"{folder}{role}/{path}"] = file.text
                    ownership[f"{folder}{role}/{path}"] = file.ownership
            found += (v for v in _judge(document, role, rendered) if v.path in mine)
        steps += rendered.steps
    return Output(files=files, ownership=ownership, steps=tuple(steps), verdicts=tuple(found))


def _judge(document: Document, role: Role, rendered: Rendered) -> tuple[Verdict, ...]:
    """What the policy packs say. Some rules need to see all of the tenant's files, ours or not."""
    subject = document.operation.subject(document.payload)
    tenant = document.before.tenant
    there = (n.name for p in tenant.placements for n in p.namespaces) if tenant else ()
    texts = {path: file.text for path, file in rendered.of_role(role).items()}
    context = Context(
        role=role,
        tenant=tenant.slug if tenant else subject,
        namespaces=frozenset((*there, subject)),
        insecure_hosts=LOOPBACK,
    )
    return verdicts(texts, context)


def _write(out: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write `files` below `out`, which has to be empty, or hold these files already."""
    try:
        strangers = [] if force else sorted(_strangers(out, files))
        if strangers:
            shown = ", ".join(strangers[:_SHOWN]) + (" …" if len(strangers) > _SHOWN else "")
            raise CommandError(f"{out} holds something else: {shown}. Empty it, or add --force.")
        for path, text in files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    except OSError as error:
        raise CommandError(f"{error.filename or out}: {error.strerror}.") from error


def _strangers(out: Path, files: Mapping[str, str]) -> Iterator[str]:
    """What is in the folder and is not exactly what would be written there."""
    if out.exists() and not out.is_dir():
        raise CommandError(f"{out} is not a folder.")
    for found in out.rglob("*"):
        name = found.relative_to(out).as_posix()
        if found.is_symlink() or (found.is_file() and not _same(found, files.get(name))):
            yield name


def _same(found: Path, text: str | None) -> bool:
    return text is not None and found.read_bytes() == text.encode()
