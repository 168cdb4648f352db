"""The demo: a small fleet with three tenants, and what their repositories held before the portal.

`fleet` has the values, `platform` and `tenant_repository` the files that people would have written.
"""
