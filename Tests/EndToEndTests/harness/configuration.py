"""Configurations of the proxy as the tests want them: JSON, which is YAML too."""

import copy

PILLARS = ["content", "insights", "operations", "business_outcomes"]


def merged(base: dict, changes: dict) -> dict:
    """Maps merge, everything else replaces."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def configuration(legacy: int, unified: int, changes: dict | None = None, liaison: int | None = None) -> dict:
    """The five agents of the field, legacy at one port (the liaisons elsewhere if `liaison` is given), unified at
    another. `listen.clients` is filled in by the proxy's own start."""
    base = {
        "listen": {"clients": "", "workers": 2},
        "unified": {
            "path": "/api/ws/agent",
            "aliases": ["/api/ws/agent/api/ws/agent"],
            "route_by": ["agent_type", "pillar"],
            "default_route": "guide",
            "upstream": {
                "url": f"ws://127.0.0.1:{unified}/api/ws/agent",
                "correlation": {"field": "conversation_id"},
                "pace": ["9/s", "90/1m"],
                "pushes": {"system": "drop", "heartbeat": {"answer": '{"type":"heartbeat","action":"pong"}'}},
                "closes": {4003: "refuse", 4004: "limit", 4005: "limit", 4029: "limit"},
                "to_unified": {
                    "rename": {"response": "message"},
                    "map": {"type": {"response": "message"}},
                    "default": {"type": "message"},
                    "drop": ["success", "agent"],
                },
            },
        },
        "routes": {
            "guide": {
                "match": {"agent_type": "guide"},
                "served_by": "legacy",
                "legacy": {
                    "upstream": {"url": f"ws://127.0.0.1:{legacy}/api/ws/guide"},
                    "to_unified": {"map": {"type": {"response": "message"}}, "drop": ["response"]},
                },
            },
            "liaison/{pillar}": {
                "values": {"pillar": PILLARS},
                "match": {"agent_type": "liaison", "pillar": "{pillar}"},
                "served_by": "legacy",
                "legacy": {
                    "upstream": {"url": f"ws://127.0.0.1:{liaison or legacy}/api/ws/liaison/{{pillar}}"},
                    "to_unified": {"map": {"type": {"chat_response": "message"}}, "drop": ["session_token"]},
                },
            },
        },
    }
    return merged(base, changes or {})


# What a migration of old clients needs on top: replies in the shape of each legacy endpoint, and no limit or pace that
# would slow a test that wants many messages.
MIGRATION = {
    "store": {"url": "sqlite:shunt.db"},
    "drain": {"exchanges": "5s", "spread": "1s", "limit": "10s"},
    "limits": {"messages_per_second": 100000},
    "unified": {"upstream": {"pace": []}},
    "routes": {
        "guide": {
            "legacy": {
                "path": "/api/ws/guide",
                "aliases": ["/api/ws/agent/api/ws/guide"],
                "to_legacy": {"map": {"type": {"message": "response"}}, "copy": {"message": "response"}},
            }
        },
        "liaison/{pillar}": {
            "legacy": {
                "path": "/api/ws/liaison/{pillar}",
                "to_legacy": {"map": {"type": {"message": "chat_response"}}},
                "pushes": {"conversation_restored": "forward", "welcome": "forward"},
            }
        },
    },
}
