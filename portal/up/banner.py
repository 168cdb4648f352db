"""What the terminal says once everything answers."""

from django.conf import settings

ACCOUNTS = (
    ("alice", "owner of iris-blue"),
    ("bob", "platform admin"),
    ("carol", "platform admin"),
    ("charlie", "member of iris-red"),
)


def text(*, demo: bool) -> str:
    """The address, how to get in, how to stop."""
    lines = ["", f"Gatehouse is ready: {settings.PUBLIC_URL}/", ""]
    lines += _accounts() if demo else _first_admin()
    lines += [f"Data and logs: {settings.GATEHOUSE_DATA}", "Stop with Ctrl-C.", ""]
    return "\n".join(lines)


def _accounts() -> list[str]:
    rows = [f"  {name:<8} {role}" for name, role in ACCOUNTS]
    return ["Demo accounts:", *rows, f"  password: {settings.DEMO_PASSWORD}", ""]


def _first_admin() -> list[str]:
    command = ".venv/bin/python manage.py createsuperuser"
    if settings.GATEHOUSE_DATA != settings.BASE_DIR / "var":
        command = f"GATEHOUSE_DATA={settings.GATEHOUSE_DATA} {command}"
    return [
        "Nobody can sign in yet. Create the first admin in another terminal:",
        f"  {command}",
        "",
    ]
