"""Addresses of the local forge: its pages, and smart HTTP for git."""

from django.urls import URLPattern, path

from portal.localforge.views import actions, browse, git, pulls, repositories

_GIT = "git/<str:owner>/<str:name>.git"
_PAGES = "forge/<str:owner>/<str:name>/"

urlpatterns: list[URLPattern] = [
    path("forge/", repositories.repository_list, name="forge-repositories"),
    path("forge/new/", repositories.create, name="forge-create"),
    path(_PAGES, browse.repository, name="forge-repository"),
    path(f"{_PAGES}tree/<path:rest>", browse.tree, name="forge-tree"),
    path(f"{_PAGES}pulls/", pulls.pull_list, name="forge-pulls"),
    path(f"{_PAGES}pulls/<int:number>/", pulls.pull_page, name="forge-pull"),
    path(f"{_PAGES}pulls/<int:number>/<slug:action>/", actions.act, name="forge-action"),
    path(_GIT, git.clone_address, name="forge-git"),
    path(f"{_GIT}/info/refs", git.info_refs, name="forge-git-refs"),
    path(f"{_GIT}/git-upload-pack", git.upload_pack, name="forge-git-upload-pack"),
    path(f"{_GIT}/git-receive-pack", git.receive_pack, name="forge-git-receive-pack"),
]
