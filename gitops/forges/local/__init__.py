"""The built-in forge: pull requests over bare git repositories, to try things out and to test.

`store` finds and makes repositories. What happens to pull requests is in `pulls`, `merging` (the
far side alone), `following` (what plain git did), `contents` (for pages) and `events` (for
webhooks); `http` serves clones. `adapter` is the forge protocol over all that.
"""
