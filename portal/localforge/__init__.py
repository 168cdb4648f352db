"""The local forge for people and for git: its pages, its smart HTTP, its webhooks.

Everything here counts as the far side of a forge: it may touch repositories from the web process,
and nothing of the portal calls it. The store is `gitops.forges.local`. Who may do what is in
`access`, the facts that takes in `places`.
"""
