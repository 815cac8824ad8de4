"""What hypercorn has no option for on its command line."""

from behaviour import LIMIT, ping_seconds, port

bind = [f"127.0.0.1:{port}"]
websocket_max_message_size = LIMIT
websocket_ping_interval = ping_seconds
graceful_timeout = 1
