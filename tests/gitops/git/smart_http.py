"""git's smart HTTP server (`git http-backend`, a CGI program) behind a threaded Python server."""

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


class SmartHttp:
    """Serves the repositories below `root`. The attributes make it misbehave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.demand: str | None = None  # the Authorization header that is asked for
        self.status: int | None = None  # answer everything with this
        self.body = b"no"
        self.headers: dict[str, str] = {}
        self.hold: threading.Event | None = None  # wait for it before answering
        self.held = threading.Event()  # set when a request waits
        self.cut_after_push = False  # do the work, then drop the connection
        self.seen: list[tuple[str, str, int]] = []  # method, path, size of the body
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "team/platform.git") -> str:
        """The address of a repository below the root."""
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.serve()

            def do_POST(self) -> None:
                self.serve()

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.seen.append((self.command, self.path, len(body)))
                if outer.hold and not outer.hold.is_set():
                    outer.held.set()
                    outer.hold.wait(30)
                if outer.status:
                    self.answer(outer.status, outer.headers, outer.body)
                elif outer.demand and self.headers.get("Authorization") != outer.demand:
                    self.answer(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"who?")
                else:
                    self.backend(body)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the client was ended by its deadline

            def backend(self, body: bytes) -> None:
                path, _, query = self.path.partition("?")
                done = subprocess.run(
                    ["git", "http-backend"],
                    input=body,
                    capture_output=True,
                    env={
                        "PATH": os.environ["PATH"],
                        "HOME": "/dev/null",
                        "GIT_PROJECT_ROOT": str(outer.root),
                        "GIT_HTTP_EXPORT_ALL": "1",
                        "REQUEST_METHOD": self.command,
                        "PATH_INFO": path,
                        "QUERY_STRING": query,
                        "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                        "CONTENT_LENGTH": str(len(body)),
                        "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                        "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                        "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    },
                )
                if outer.cut_after_push and path.endswith("git-receive-pack") and body:
                    self.close_connection = True
                    return
                head, _, rest = done.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
                status = int(fields.pop("Status", "200 OK").split()[0])
                self.answer(status, fields, rest)

        return Handler
