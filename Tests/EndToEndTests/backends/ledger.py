"""What a test backend saw: every connection with its handshake and its messages, readable over HTTP.

Tests use tokens of their own, so they ask for the records of those and never disturb each other."""

import time

from fastapi import FastAPI, WebSocket


class Record:
    """One connection, from its handshake to its end."""

    def __init__(self, websocket: WebSocket, token: str):
        self.token = token
        self.path = websocket.url.path
        self.query = websocket.scope["query_string"].decode("latin-1")
        self.headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in websocket.scope["headers"]]
        self.opened = time.monotonic()
        self.closed = None
        self.close_code = None
        self.texts: list[str] = []

    @property
    def messages(self) -> int:
        return len(self.texts)

    def description(self) -> dict:
        return {
            "token": self.token,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "open": self.closed is None,
            "close_code": self.close_code,
            "messages": self.messages,
        }


class Ledger:
    def __init__(self):
        self.records: list[Record] = []

    def open(self, websocket: WebSocket, token: str) -> Record:
        record = Record(websocket, token)
        self.records.append(record)
        return record

    def close(self, record: Record, code: int | None = None):
        if record.closed is None:
            record.closed = time.monotonic()
            record.close_code = code

    def summary(self, tokens: str) -> dict:
        """The records whose token begins with `tokens`, and the most that were open at one time."""
        chosen = [record for record in self.records if record.token.startswith(tokens)]
        moments = [(record.opened, 1) for record in chosen]
        moments += [(record.closed, -1) for record in chosen if record.closed is not None]
        most = now = 0
        for _, change in sorted(moments):
            now += change
            most = max(most, now)
        return {"dialled": len(chosen), "most_open": most, "connections": [record.description() for record in chosen]}

    def serve(self, app: FastAPI):
        @app.get("/_seen")
        def seen(tokens: str = ""):
            return self.summary(tokens)

        @app.get("/_texts")
        def texts(tokens: str = ""):
            """What was received with each token that begins so, in order, one list for each connection."""
            return [
                {"token": record.token, "path": record.path, "texts": record.texts}
                for record in self.records
                if record.token.startswith(tokens)
            ]

        @app.get("/health")
        def health():
            return {"status": "healthy"}
