"""The dumper: every reader gets back what was written, and nothing is quoted without need."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.manifests.dump import dump, text
from gitops.manifests.read import UnreadableManifest, load_all, read
from gitops.manifests.scalars import is_plain, quoted, scalar

# Strings that at least one reader of YAML takes for something else when they stand bare.
_DANGEROUS = """
    y Y n N yes Yes YES no No NO on On ON off OFF true True TRUE false FALSE null Null NULL ~ = <<
    0 7 08 0755 0o7 0O7 0b1 0B1 0x1F 0X1f -0x1 +0x1 0x_ 0b_ 1_000 1__0 -_1 +1 -1 1. 1.5 .5 +.5 -.5
    1e3 1E3 1e+3 1.e3 12e03 1e400 1_e3 .inf -.inf +.INF .nan .NaN .NAN 1:30 0:30 190:20:30
    190:20:30.15 2026-01-01 2026-1-2 2001-12-14t21:59:43.10-05:00 - ? : --- ...
    #x &x *x !x |x >x %x @x `x
    "x" 'x' [x] {x} ,x x: a:
"""
NOT_BARE = [
    *_DANGEROUS.split(),
    "",
    " ",
    " a",
    "a ",
    "a: b",
    "a #b",
    "- a",
    "? a",
    ": a",
    "--- a",
    "a\tb",
    "a\rb",
    "\x00",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u202ea",
    "\u00a0",
    "2001-12-14 21:59:43.10 -5",
]

# Strings that every reader takes for strings.
_HARMLESS = """
    iris-blue 1m0s 4Gi 500m 1.2.3 v1 10.0.0.0/8 ::1 fe80::/10 2000::/3 -x :x ?x a:b a#b .x . .. ....
    tRUE 0o8 0b2 0xg 1-2 1e 0x _1 __ inf NaN a-b_c ~x =x <<x https://forge.example.com/a/b.git
    system:serviceaccount:a:b Zürich 中文 😀 kustomize.toolkit.fluxcd.io/v1 $(x) $x 2026-01 1.2:3
"""
BARE = [*_HARMLESS.split(), "Payments API for the pilot", "a, b", "it's", 'say "x"']

BLOCKS = ["a\nb\n", "a\nb", "a\n\n  b\n", "- op: add\n  path: /x\n", "a\n---\nb\n", "a\n# b\n"]
ODD_BLOCKS = ["\n", "a\n\n", "\na", " a\nb", "a \nb", "a\n\tb", "a\r\nb", "\n\n", "a\n \nb"]


def _in_object(strings: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "data": {f"k{index:03}": value for index, value in enumerate(strings)},
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
    }


@pytest.mark.parametrize("value", NOT_BARE)
def test_dangerous_strings_are_quoted(value: str) -> None:
    assert scalar(value).startswith('"')


@pytest.mark.parametrize("value", BARE)
def test_harmless_strings_stay_bare(value: str) -> None:
    assert scalar(value) == value


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_both_loaders_of_pyyaml_read_back_what_was_written(loader: Any) -> None:
    wanted = _in_object(NOT_BARE + BARE + BLOCKS + ODD_BLOCKS)
    assert yaml.load(dump([wanted]), Loader=loader) == wanted  # noqa: S506  # both are safe ones


def _kubectl_reads(path: Path) -> Any:
    """The object as Go's library sees it, without a cluster."""
    command = ["kubectl", "label", "--local", "-f", str(path), "seen=true", "-o", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)


def _go_data(folder: Path, manifest: dict[str, Any], tool: str) -> dict[str, str]:
    """A ConfigMap's data through Go: by kubectl, else as kustomize writes it again."""
    (folder / "x.yaml").write_text(dump([manifest]), encoding="utf-8")
    if shutil.which("kubectl"):
        found = _kubectl_reads(folder / "x.yaml")
    else:
        (folder / "kustomization.yaml").write_text("resources: [x.yaml]\n", encoding="utf-8")
        command = [*tool.split(), str(folder)]
        built = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
        found = yaml.load(built, Loader=yaml.BaseLoader)  # noqa: S506  # everything is a string
    data: dict[str, str] = found["data"]
    return data


def test_go_reads_back_what_was_written(tmp_path: Path, need: Callable[[str], str]) -> None:
    wanted = _in_object(NOT_BARE + BARE + BLOCKS + ODD_BLOCKS)
    assert _go_data(tmp_path, wanted, need("kustomize")) == wanted["data"]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=200, max_size=300))
def test_go_reads_back_any_text(
    tmp_path_factory: pytest.TempPathFactory, strings: list[str]
) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("needs kubectl: kubectl is not installed")
    folder = tmp_path_factory.mktemp("go")
    wanted = _in_object(strings)
    assert _go_data(folder, wanted, "kubectl kustomize") == wanted["data"]


_numbers = st.from_regex(re.compile(r"[-+.]{0,2}[0-9_]{1,4}[.:_eExXoObB]?[-+]?[0-9a-fA-F_:]{0,4}"))
_any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | _numbers


@settings(max_examples=400, deadline=None)
@given(_any_text)
def test_any_text_is_one_string_to_pyyaml(value: str) -> None:
    for written in ({"k": value}, {"k": [value]}, {"k": [[value, {"x": value}]]}):
        assert yaml.safe_load(text(written)) == written
    assert yaml.safe_load(f"k: {quoted(value)}\n") == {"k": value}


@settings(max_examples=400, deadline=None)
@given(_numbers)
def test_a_number_is_quoted_only_when_a_reader_sees_one(value: str) -> None:
    """Against the grammars themselves, so that `4Gi` never becomes `"4Gi"`."""
    if is_plain(value) or not value.isprintable() or value[-1] == ":":
        return
    bare = value.replace("_", "")
    go = re.fullmatch(
        r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][\da-fA-F]+|(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?)", bare
    )
    try:
        python = yaml.safe_load(f"k: {value}\n") != {"k": value}
    except (yaml.YAMLError, ValueError):
        python = True
    sexagesimal = re.fullmatch(r"[-+]?\d+(:[0-5]?\d)+(\.\d*)?", bare)
    date = re.fullmatch(r"\d{4}-\d\d?-\d\d?", value)
    assert go or python or sexagesimal or date, value


_keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.recursive(
    _any_text | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(_keys, _values, min_size=1, max_size=3), min_size=1, max_size=3))
def test_any_objects_come_back(objects: list[dict[str, Any]]) -> None:
    written = dump(objects)
    assert list(yaml.safe_load_all(written)) == objects
    assert "\r" not in written
    assert written.endswith("\n")
    assert dump(list(yaml.safe_load_all(written))) == written


def test_the_shape_is_the_flux_clis() -> None:
    written = dump([{"b": [{"y": 1, "x": ["p", "q"]}], "a": {}}, {"c": []}], leading=True)
    assert written == '---\na: {}\nb:\n- x:\n  - p\n  - q\n  "y": 1\n---\nc: []\n'


def test_patches_are_literal_blocks() -> None:
    assert text({"patch": "- a\n- b\n"}) == "patch: |\n  - a\n  - b\n"
    assert text([{"patch": "x\ny"}]) == "- patch: |-\n    x\n    y\n"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({1: "x"}, TypeError),
        ({"a": 1.5}, TypeError),
        ({"a": b"x"}, TypeError),
        ({"a": "\ud800"}, ValueError),
        ({"k" * 129: "x"}, ValueError),
    ],
)
def test_what_manifests_have_no_word_for_is_refused(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        dump([value])


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a: {x: 1, x: 2}\n", 1),
        ("a: &x 1\nb: *x\n", 1),
        ("a:\n  <<: {b: 1}\n", 2),
        ("a: !!python/object/apply:os.system [x]\n", 1),
        ("a: !!str 1\n", 1),
        ("on: 1\n", 1),
        ("1: x\n", 1),
        ("a: [\n", 2),
        ("a: b: c\n", 1),
        ("? [a]\n: b\n", 1),
        ("a: 1\n---\nb: 1\nb: 2\n", 4),
    ],
)
def test_the_reader_is_strict_and_says_where(written: str, line: int) -> None:
    with pytest.raises(UnreadableManifest) as caught:
        load_all(written)
    assert caught.value.line == line


@pytest.mark.parametrize("written", ["[" * 5000, "a: 0x_\n", "\x00", "a: \ud800"])
def test_the_reader_survives_nonsense(written: str) -> None:
    with pytest.raises(UnreadableManifest):
        load_all(written)


def test_the_reader_knows_lines_and_keeps_dates_as_text() -> None:
    (first, second) = read("---\na:\n  b: 2026-01-01\n---\n---\nc:\n- d: 1\n- e: 2\n")
    assert first.value == {"a": {"b": "2026-01-01"}}
    assert (first.line("a"), first.line("a", "b"), first.line("a", "gone")) == (2, 3, 2)
    assert (second.line("c", 1, "e"), second.line()) == (8, 6)
