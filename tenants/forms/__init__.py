"""The browser's form of a request: a thin cover over an operation's payload.

Nothing is decided here. A form turns what a browser sent into the same raw payload the REST
interface takes, and shows a payload and its problems as fields.
"""
