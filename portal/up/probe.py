"""Ask the web server whether it is ready: `/readyz`, once. `python -m portal.up.probe` is a
container's health check: exit code 0 when it answers 200, else 1 and what it answered."""

import http.client
import sys
from dataclasses import dataclass
from typing import Any

_SAME_MACHINE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 (a key)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Where the web server answers, and the name it is asked by."""

    host: str
    port: int
    name: str

    def look(self) -> str:
        """Empty when `/readyz` answers 200; else what it answered."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz", headers={"Host": self.name})
            response = connection.getresponse()
            body = response.read(2000).decode(errors="replace")
            return "" if response.status == 200 else f"{response.status} {body.strip()}"
        except OSError as error:
            return f"no answer ({error.strerror or error})"
        except http.client.HTTPException as error:
            return f"no sensible answer ({type(error).__name__})"
        finally:
            connection.close()


def of(settings: Any) -> Probe:
    """The probe for the server that these settings describe, from the same machine."""
    host = _SAME_MACHINE.get(settings.HOST, settings.HOST)
    return Probe(host=host, port=settings.PORT, name=settings.ALLOWED_HOSTS[0])


def main() -> None:
    """Look once."""
    from django.conf import settings

    sys.exit(of(settings).look() or 0)


if __name__ == "__main__":
    main()
