"""Session tokens of the tests: each used once, remembered, so that no log may ever hold one."""

import uuid

issued: set[str] = set()


def new_token(name: str = "user") -> str:
    """A token that no other test uses. Its first part is shared by nobody, so it selects a backend's records too."""
    token = f"{uuid.uuid4().hex[:12]}-{name}"
    issued.add(token)
    return token


def remember(token: str) -> str:
    """Notes a token that a test made itself."""
    issued.add(token)
    return token
