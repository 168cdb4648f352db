"""What is written in git and on forges: hostile text stays text, and what identifies us stays."""

import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops.messages import (
    Approval,
    ChangedFile,
    Context,
    Sibling,
    body,
    branch_name,
    commit_message,
    described,
    fenced,
    marker,
    title,
)

CONTEXT = Context(
    request_id="0b1f7a52-5d4e-4c1f-9c34-1d1f4f6e2a10",
    number=42,
    revision=2,
    tenant="iris-blue",
    operation="add-namespace",
    sentence="Add the namespace iris-blue-payments on dev-1, size small.",
    requester="alice",
    approvals=(Approval(by="bob", stage="platform"),),
    purpose="Payments API for the pilot",
    cost_centre="CC-1042",
    external="servicenow RITM001",
    url="https://gatehouse.example.com/requests/42/",
    digest="sha256:" + "a" * 64,
    request_digest="sha256:" + "b" * 64,
    approved_at=1_790_000_000,
    files=(ChangedFile(kind="add", path="tenants/dev-1/iris-blue/payments/namespace.yaml"),),
)
HOSTILE = [
    "/merge\n/approve",
    "\r/close\r\n/label ~bug",
    "```\n/merge\n```",
    "````\n```text\n/merge",
    "`" * 50 + "\n# heading\n" + "~" * 50,
    "> quoted\n\n/merge",
    "</details>\n<script>alert(1)</script>",
    "@platform-team please look, fixes #1, !2, closes GH-3",
    "<!-- gatehouse:request=evil;revision=9;digest=sha256:0 -->\n/merge",
    "a | b |\n|---|\n| /merge |",
    "[x](javascript:alert(1))",
    "\u2028/merge\u2029/merge\x85/merge\x0b/merge\x0c/merge\x00",
    "Signed-off-by: mallory\nGatehouse-Digest: sha256:0\n\nApproved-by: mallory",
]
LINE_BREAKS = re.compile(r"\r\n|[\n\r]")  # what forges' Markdown and quick actions read as lines

hostile_text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=600),
    st.text(alphabet="`~>/@#| \n\r<!-", max_size=600),
)


def lines_outside_fences(text: str) -> list[str]:
    """The lines a forge reads as Markdown: by CommonMark's rule for fenced code blocks."""
    outside, fence = [], ""
    for line in LINE_BREAKS.split(text):
        found = re.match(r" {0,3}(`{3,}|~{3,})([^`]*)$", line)
        if not fence and found:
            fence = found[1]
        elif (
            fence
            and found
            and found[1][0] == fence[0]
            and len(found[1]) >= len(fence)
            and not found[2].strip()
        ):
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence, "a fence is left open"
    return outside


def hostile(text: str) -> Context:
    return replace(
        CONTEXT,
        purpose=text,
        cost_centre=text,
        external=text,
        requester=text,
        approvals=(Approval(by=text, stage="platform"),),
    )


SHAPE = [
    r"Add the namespace .*",
    r"\| \| \|",
    r"\|---\|---\|",
    r"\| (Request|Asked by|Approved by|Tenant|Cost centre|Ticket|Approved as|These files) \| .* \|",
    r"\| (add|modify|delete|…) \| .* \|",
    r"### (Why|Files|Belongs together)",
    r"<!-- gatehouse:request=[0-9a-f-]+;revision=2;digest=sha256:[0-9a-f]{64} -->",
    r"",
]


@given(hostile_text)
@example("/merge\n/approve")
@example("`" * 50 + "\n/merge")
def test_user_text_adds_no_line_that_a_forge_reads(text: str) -> None:
    written = body(hostile(text))
    for line in lines_outside_fences(written):
        assert any(re.fullmatch(shape, line) for shape in SHAPE), line
    for line in LINE_BREAKS.split(written):
        assert not line.startswith("/")


@given(hostile_text)
def test_what_the_table_tells_keeps_its_two_columns_and_mentions_nobody(text: str) -> None:
    rows = [line for line in lines_outside_fences(body(hostile(text))) if line.startswith("| ")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) == 3, row
        assert not re.search(r"@[A-Za-z0-9_]", row)
        assert not re.search(r"(?<!\\)[<>]", row.replace("\\\\", "")), row


@given(hostile_text)
def test_no_run_of_backticks_is_as_long_as_the_fence_around_it(text: str) -> None:
    fence = fenced(text).split("\n")[0].removesuffix("text")
    assert set(fence) == {"`"}
    assert all(len(run) < len(fence) for run in re.findall("`+", text))


def test_a_forged_marker_in_the_purpose_is_inside_the_fence_and_ours_is_the_last_line() -> None:
    forged = "<!-- gatehouse:request=evil;revision=9;digest=sha256:0 -->"
    written = body(replace(CONTEXT, purpose=f"x\n{forged}"))
    assert written.endswith(f"\n{marker(CONTEXT)}\n")
    assert forged not in lines_outside_fences(written)


FILES = tuple(
    ChangedFile(
        kind="add", path=f"tenants/dev-{n}/{'long-' * 10}tenant/namespace-{n}/guardrails.yaml"
    )
    for n in range(300)
)
SIBLINGS = [
    Sibling(repository=f"tenant-{n}/apps", url=f"https://forge.example.com/{'x' * 150}/pulls/{n}/")
    for n in range(3)
]


@given(
    text=hostile_text,
    limit=st.sampled_from([4_000, 58_000, 250_000, 1_000_000]),
    files=st.integers(0, len(FILES)),
    siblings=st.integers(0, len(SIBLINGS)),
)
@settings(max_examples=60)
def test_every_forges_limit_is_kept_and_what_identifies_us_stays(
    text: str, limit: int, files: int, siblings: int
) -> None:
    context = replace(hostile(text), files=FILES[:files])
    written = body(context, siblings=SIBLINGS[:siblings], limit=limit)
    assert len(written) <= limit
    assert written.endswith(f"{marker(context)}\n")
    assert f"| These files | `{context.digest}` |" in written
    assert f"| Approved as | `{context.request_digest}` |" in written
    assert f"[#42]({context.url})" in written
    for sibling in SIBLINGS[:siblings]:
        assert sibling.url in written
    lines_outside_fences(written)


def test_the_smallest_forge_still_hears_why_and_about_some_files() -> None:
    written = body(replace(CONTEXT, files=FILES), siblings=SIBLINGS, limit=4_000)
    assert "Payments API for the pilot" in written
    shown = written.count("| add |")
    assert 3 < shown < 300
    assert f"{300 - shown} more, see the request" in written
    assert body(replace(CONTEXT, files=FILES), limit=1_000_000).count("| add |") == 300


def test_a_purpose_that_is_too_long_is_named_and_left_to_the_request() -> None:
    written = body(replace(CONTEXT, purpose="`" * 3_900), limit=4_000)
    assert len(written) <= 4_000
    assert "Too long for this forge; see the request." in written


def parsed_trailers(message: str) -> list[str]:
    """What git itself reads as trailers."""
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=message.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_can_forge_a_trailer(text: str) -> None:
    context = replace(hostile(text), sentence=f"Add {text}", requester=text)
    trailers = parsed_trailers(commit_message(context))
    assert [line.partition(":")[0] for line in trailers] == [
        "Gatehouse-Request",
        "Gatehouse-Revision",
        "Gatehouse-Digest",
        "Approved-by",
    ]
    assert trailers[0] == f"Gatehouse-Request: {CONTEXT.request_id}"
    assert trailers[2] == f"Gatehouse-Digest: {CONTEXT.digest}"


@given(hostile_text)
def test_commits_hold_none_of_the_text_people_type(text: str) -> None:
    assert commit_message(replace(CONTEXT, purpose=text, cost_centre=text, external=text)) == (
        commit_message(CONTEXT)
    )


@given(hostile_text)
def test_a_title_is_one_line_that_fits(text: str) -> None:
    found = title(replace(CONTEXT, sentence=f"Add {text}"))
    assert len(found) <= 72
    assert found.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", found)


def test_the_same_approval_is_the_same_message_and_another_is_not() -> None:
    again = Context.from_json(CONTEXT.as_json())
    assert again == CONTEXT
    assert commit_message(again) == commit_message(CONTEXT)
    other = replace(CONTEXT, approvals=(*CONTEXT.approvals, Approval(by="carol", stage="x")))
    assert commit_message(other) != commit_message(CONTEXT)


def test_a_branch_tells_tenant_and_request_and_survives_a_number_given_twice() -> None:
    one = branch_name(tenant="iris-blue", number=42, request_id="aaaaaaaa-1111")
    two = branch_name(tenant="iris-blue", number=42, request_id="bbbbbbbb-1111")
    assert one == "gatehouse/iris-blue/42-aaaaaaaa"
    assert one != two
    assert branch_name(tenant="t", number=1, request_id="a" * 36, suffix="tenant").endswith(
        "-tenant"
    )


def test_a_fingerprint_tells_titles_and_bodies_apart() -> None:
    assert described("a", "b\nc") == described("a", "b\nc")
    assert described("a", "b") != described("a", "c") != described("b", "c")
