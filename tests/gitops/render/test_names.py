"""Rules for names, texts and addresses: a corpus of good and bad values with their codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import addresses, names, texts
from gitops.names import Verdict
from tests.gitops.render.samples import slugs


def codes(found: Verdict) -> list[str]:
    for rule in found:
        assert rule.detail
    return [rule.code for rule in found]


@pytest.mark.parametrize("value", ["a", "iris-blue", "x" * 63, "0a", "a--b"])
def test_good_namespace_names(value: str) -> None:
    assert names.namespace_name(value) == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "required"),
        ("x" * 64, "too-long"),
        ("Iris", "not-a-label"),
        ("-a", "not-a-label"),
        ("a-", "not-a-label"),
        ("a.b", "not-a-label"),
        ("a_b", "not-a-label"),
        ("a\n", "not-a-label"),
        ("\u0430bc", "not-a-label"),  # a Cyrillic a
        ("\u0661", "not-a-label"),  # an Arabic digit
        ("../x", "not-a-label"),
        *((name, "reserved-name") for name in sorted(names.RESERVED_NAMES)),
        ("flux-system", "reserved-name"),
        ("default", "reserved-name"),
        ("kyverno", "reserved-name"),
        ("kube-system", "reserved-name"),
        ("tanzu-x", "reserved-name"),
        ("vmware-system-a", "reserved-name"),
    ],
)
def test_bad_namespace_names(value: str, code: str) -> None:
    assert codes(names.namespace_name(value)) == [code]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * 41, "too-long"),
        ("iris--blue", "double-hyphen"),
        ("kube", "reserved-name"),
        ("tanzu", "reserved-name"),
        ("vmware-system", "reserved-name"),
        ("default", "reserved-name"),
        ("kustomize-controller", "reserved-name"),
        ("Iris", "not-a-label"),
    ],
)
def test_bad_tenant_names(value: str, code: str) -> None:
    assert codes(names.tenant_slug(value)) == [code]


def test_good_tenant_names() -> None:
    assert names.tenant_slug("iris-blue") == names.tenant_slug("x" * 40) == ()


@given(slugs)
def test_a_good_tenant_has_good_namespaces(slug: str) -> None:
    assert names.tenant_slug(slug) == names.namespace_name(slug) == ()
    assert names.namespace_name(f"{slug}-x") == ()


@pytest.mark.parametrize(
    ("tenant", "others", "code"),
    [
        ("iris", ["iris-green"], ["prefix-of-tenant"]),
        ("iris-green", ["iris"], ["prefix-of-tenant"]),
        ("iris-green-x", ["iris"], ["prefix-of-tenant"]),
        ("iris", ["red", "iris"], ["name-taken"]),
        ("iris", ["irisx", "iri", "ir-is"], []),
        ("iris-blue", ["iris-green", "iris-red", "iris-bluest"], []),
    ],
)
def test_no_tenants_name_begins_anothers(tenant: str, others: list[str], code: list[str]) -> None:
    assert codes(names.apart_from(tenant, others)) == code


@given(slugs, slugs, slugs)
def test_apart_means_that_no_namespace_fits_both(one: str, other: str, end: str) -> None:
    if names.apart_from(one, [other]) == ():
        assert names.in_tenant_space(f"{one}-{end}", other)
        assert names.in_tenant_space(f"{other}-{end}", one)


def test_a_namespace_is_in_its_tenants_space_only() -> None:
    assert names.in_tenant_space("iris", "iris") == names.in_tenant_space("iris-x", "iris") == ()
    assert codes(names.in_tenant_space("irisx", "iris")) == ["tenant-prefix"]
    assert names.outside_other_tenants("iris-x", "iris", ["red", "iris"]) == ()
    found = names.outside_other_tenants("iris-green-x", "iris", ["iris-green"])
    assert codes(found) == ["other-tenants-name"]


@pytest.mark.parametrize("value", ["500m", "4", "8Gi", "0.5", "50", "1E", "10k"])
def test_good_quantities(value: str) -> None:
    assert names.quantity(value) == ()


@pytest.mark.parametrize(
    "value", ["", "-1", "1e400", "1Ki1", "4 Gi", "٤", "8gi", "Gi", "1" * 19, "1.0e3", "4\n"]
)
def test_bad_quantities(value: str) -> None:
    assert codes(names.quantity(value)) == ["not-a-quantity"]


@pytest.mark.parametrize(
    "value", ["", "Payments API for the pilot", "yes", "a: b # c", "中文 😀", "x" * 500, "$x $(y)"]
)
def test_good_texts(value: str) -> None:
    assert texts.purpose(value) == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((f"a{char}b", "control-character") for char in "\x00\t\n\r\x1b\x7f\x80\x85\x9f"),
        *((f"a{char}b", "control-character") for char in "\u2028\u2029\ufeff\u202e\u2066\u200b"),
        *((f"a{char}b", "control-character") for char in "\u00ad\ud800\udfff\ufffe\U000e0041"),
        ("${cluster_secret}", "substitution"),
        ("$${x}", "substitution"),
        (" a", "outer-space"),
        ("a ", "outer-space"),
        ("\u00a0a", "outer-space"),
        ("x" * 501, "too-long"),
    ],
)
def test_bad_texts(value: str, code: str) -> None:
    assert codes(texts.purpose(value)) == [code]


@given(st.text())
def test_accepted_text_is_one_visible_line(value: str) -> None:
    if texts.purpose(value) == ():
        assert len(value.splitlines()) <= 1
        assert value.encode().decode() == value


@pytest.mark.parametrize("value", ["oidc:team", "Team A", "cn=a,ou=b", "0e1", "yes"])
def test_good_groups(value: str) -> None:
    assert texts.group_name(value) == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "required"),
        ("system:masters", "reserved-name"),
        ("System:authenticated", "reserved-name"),
        ("a\nb", "control-character"),
        ("x" * 257, "too-long"),
    ],
)
def test_bad_groups(value: str, code: str) -> None:
    assert codes(texts.group_name(value)) == [code]


def test_dates() -> None:
    assert texts.iso_date("2028-02-29") == ()
    for bad in (
        "2027-02-29",
        "2027-2-9",
        "20270609",
        "2027-06-30T00:00",
        "",
        "٢٠٢٧-٠٦-٣٠",
        "0000-01-01",
    ):
        assert codes(texts.iso_date(bad)) == ["not-a-date"], bad


@pytest.mark.parametrize(
    "value",
    [
        "https://forge.example.com/team/repo.git",
        "https://forge.example.com:8443/a/b/c.git",
        "ssh://git@forge.example.com/team/repo.git",
        "ssh://git@forge.example.com:22/team/repo",
        "https://dev.azure.com/foo/My%20Project/_git/podinfo",
        "https://[2001:db8::1]/a/b",
        "https://git.example.com/~user/repo.git",
    ],
)
def test_good_addresses(value: str) -> None:
    assert addresses.git_url(value) == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "required"),
        ("git@forge.example.com:team/repo.git", "git-url-scp"),
        ("forge.example.com:team/repo.git", "git-url-scp"),
        ("http://forge.example.com/a/b.git", "git-url-scheme"),
        ("git://forge.example.com/a/b.git", "git-url-scheme"),
        ("file:///etc/passwd", "git-url-scheme"),
        ("/srv/git/a.git", "git-url-scheme"),
        ("ext::sh -c id", "git-url-scheme"),
        ("oci://forge.example.com/a/b", "git-url-scheme"),
        ("https://user:secret@forge.example.com/a/b.git", "git-url-credential"),
        ("https://token@forge.example.com/a/b.git", "git-url-credential"),
        ("ssh://git:secret@forge.example.com/a/b.git", "git-url-credential"),
        ("https://forge.example.com", "git-url"),
        ("https:///a/b.git", "git-url"),
        ("https://forge.example.com/../b.git", "git-url"),
        ("https://forge.example.com/%2e%2e/b.git", "git-url"),
        ("https://forge.example.com/a/b.git?x=1", "git-url"),
        ("https://forge.example.com/a/b.git#x", "git-url"),
        ("https://forge.example.com/a b.git", "git-url"),
        ("https://forge.example.com/a\nb.git", "git-url"),
        ("https://forge.example.com/${X}/b.git", "git-url"),
        ("https://forge.example.com/$X/b.git", "git-url"),
        ("https://forge.example.com:99999/a/b.git", "git-url"),
        ("https://-x/a/b.git", "git-url"),
        ("ssh://-oProxyCommand=x/a/b.git", "git-url"),
        ("https://forge.example.com/-a/b.git", "git-url"),
        ("https://fоrge.example.com/a/b.git", "git-url"),  # a Cyrillic o
        ("https://[::1/a", "git-url"),
        ("https://forge.example.com/" + "x" * 1024, "too-long"),
    ],
)
def test_bad_addresses(value: str, code: str) -> None:
    assert codes(addresses.git_url(value)) == [code]


def test_an_scp_address_comes_with_the_one_to_use() -> None:
    (found,) = addresses.git_url("git@forge.example.com:team/repo.git")
    assert "ssh://git@forge.example.com/team/repo.git" in found.detail
    assert addresses.git_url("ssh://git@forge.example.com/team/repo.git") == ()


def test_http_is_for_named_hosts_only() -> None:
    local = "http://127.0.0.1:8000/git/iris-blue/apps.git"
    assert addresses.git_url(local, allow_insecure_hosts={"127.0.0.1:8000"}) == ()
    assert addresses.git_url(local, allow_insecure_hosts={"127.0.0.1"}) == ()
    assert codes(addresses.git_url(local, allow_insecure_hosts={"127.0.0.1:9"}))
    assert codes(addresses.git_url("file://127.0.0.1/x", allow_insecure_hosts={"127.0.0.1"}))


@pytest.mark.parametrize("value", ["main", "team/next", "v1.2", "a_b", "Feature/ABC-1"])
def test_good_branches(value: str) -> None:
    assert addresses.branch(value) == ()


@pytest.mark.parametrize(
    "value",
    [
        *("", "-x", "--upload-pack=x", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock"),
        *("a.lock/b", "a.", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "@{x}", "a\n"),
        *("x" * 201, "é"),
    ],
)
def test_bad_branches(value: str) -> None:
    assert addresses.branch(value)


@pytest.mark.parametrize("value", ["./", "./clusters/dev-1", "./a/b.c/_d"])
def test_good_paths(value: str) -> None:
    assert addresses.sync_path(value) == ()


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "/", "clusters", "/etc", "./..", "./a/../b", "./a//b", "./a/", ".//a"),
        *("./.git/x", "./.GIT", "./a b", "./${x}", "./-x", "./a\n", "./" + "x" * 600),
    ],
)
def test_bad_paths(value: str) -> None:
    assert addresses.sync_path(value)
