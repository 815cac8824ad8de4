"""A client of the unified endpoint, as a frontend would be."""

import json

AGENTS = {
    "guide": {"agent_type": "guide"},
    "content": {"agent_type": "liaison", "pillar": "content"},
    "insights": {"agent_type": "liaison", "pillar": "insights"},
    "operations": {"agent_type": "liaison", "pillar": "operations"},
    "business_outcomes": {"agent_type": "liaison", "pillar": "business_outcomes"},
}
# Each agent's route, and the path where old clients find it.
ROUTES = {agent: agent if agent == "guide" else f"liaison/{agent}" for agent in AGENTS}
LEGACY_PATHS = {agent: f"/api/ws/{route}" for agent, route in ROUTES.items()}


def address(agent: str, text: str, **members) -> str:
    """A message for an agent, as text."""
    return json.dumps(AGENTS[agent] | {"message": text} | members)


def is_error(reply: dict, code: str, sent: bool | None = None) -> bool:
    """Whether the reply is the proxy's own error with that code; `sent`: whether the backend may have it."""
    return (
        reply.get("type") == "error"
        and reply.get("code") == code
        and bool(reply.get("message"))
        and (sent is None or reply.get("sent") is sent)
    )


class Client:
    def __init__(self, socket):
        self.socket = socket
        # Types that no test waits for.
        self.passed_over: set[str] = set()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, agent: str, text: str, **members):
        self.socket.send(address(agent, text, **members))

    def send_text(self, text: str | bytes):
        self.socket.send(text)

    def receive_text(self, seconds: float = 15) -> str:
        return self.socket.recv(timeout=seconds)

    def receive(self, seconds: float = 15) -> dict:
        while True:
            message = json.loads(self.receive_text(seconds))
            if not self.passed_over or message.get("type") not in self.passed_over:
                return message

    def ask(self, agent: str, text: str, **members) -> dict:
        self.send(agent, text, **members)
        return self.receive()

    def hears_nothing_but(self, agent: str, text: str) -> dict:
        """Asks, and returns the answer, which must be the very next message: nothing came before it."""
        reply = self.ask(agent, text)
        assert text in str(reply.get("message")), reply
        return reply
