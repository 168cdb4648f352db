"""What the forges can do, as a table for the manual: only this side of the border may ask them."""

from gitops.forges.registry import capabilities


def forge_rows() -> dict[str, dict[str, str]]:
    """By a forge's name in `FORGES`: each capability in words."""
    return {
        name: {
            "title": able.title,
            "body of a pull request": f"{able.body_limit:,} characters",
            "title of a pull request": f"{able.title_limit:,} characters",
            "labels": _word(able.labels),
            "draft pull requests": _word(able.draft),
            "signed webhooks": _word(able.signed_webhooks),
            "delivery ids": _word(able.delivery_ids),
            "may be on loopback": _word(able.loopback),
        }
        for name, able in capabilities().items()
    }


def _word(able: bool) -> str:
    return "yes" if able else "no"
