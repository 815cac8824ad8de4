"""What the end-to-end tests stand on: the proxy and its backends as processes, and clients that talk to it."""

from .chat import Chatter, chatting
from .client import AGENTS, LEGACY_PATHS, ROUTES, Client, address, is_error
from .configuration import MIGRATION, configuration, merged
from .odd_backends import OddBackend
from .old_clients import SocketService, UnifiedHook
from .processes import LegacyBackend, UnifiedBackend, free_port, until
from .proxy import Proxy
from .raw import RawSocket, frame, request
from .storm import storm
from .tokens import new_token

__all__ = [
    "AGENTS",
    "LEGACY_PATHS",
    "MIGRATION",
    "ROUTES",
    "Chatter",
    "Client",
    "LegacyBackend",
    "OddBackend",
    "Proxy",
    "RawSocket",
    "SocketService",
    "UnifiedBackend",
    "UnifiedHook",
    "address",
    "chatting",
    "configuration",
    "frame",
    "free_port",
    "is_error",
    "merged",
    "new_token",
    "request",
    "storm",
    "until",
]
