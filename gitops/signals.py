"""The one thing delivery says to whoever listens. It never calls up."""

from django.dispatch import Signal

change_set_advancing = Signal()
"""Sent inside the transaction that is about to move a row, before it writes anything: whoever
listens takes the locks it will need now, so that everybody takes them in the same order."""

change_set_advanced = Signal()
"""Sent inside the transaction that moved the row: `change_set`, `move` (a `Move`), `before`
(a `State`). A receiver that raises undoes the move; the next sweep tries again."""

base_moved_under = Signal()
"""Sent when the target branch no longer holds what an approved change set was planned from:
`change_set`. Whoever knows the request answers by superseding the change set."""

first_seen = Signal()
"""Sent inside the transaction that stored a repository's first snapshot: `repository`. What was
planned before nobody had looked may have to be planned again."""

condition_observed = Signal()
"""Sent inside the transaction that wrote a condition: `change_set`, `condition`."""
