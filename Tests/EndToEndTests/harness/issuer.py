"""Who makes tokens and says whose they are: a set of keys behind a URL, and a session service, on one local port."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .tokens import remember

ISSUER = "https://id.example.com"
AUDIENCE = "agents"


class Key:
    """A key pair, with the id that its tokens name."""

    def __init__(self, kid: str, algorithm: str = "ES256"):
        self.kid = kid
        self.algorithm = algorithm
        match algorithm:
            case "ES256":
                self.private = ec.generate_private_key(ec.SECP256R1())
            case "EdDSA":
                self.private = ed25519.Ed25519PrivateKey.generate()
            case _:
                self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwk(self) -> dict:
        made = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return made | {"kid": self.kid, "use": "sig", "alg": self.algorithm}

    def token(self, session: str, seconds: float = 600, kid: str | None = None, **claims) -> str:
        now = time.time()
        payload = {"iss": ISSUER, "aud": AUDIENCE, "sid": session, "sub": f"user-{session}", "iat": int(now)}
        payload |= {"exp": now + seconds} | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        return remember(jwt.encode(payload, self.private, self.algorithm, headers={"kid": kid or self.kid}))


class Server(ThreadingHTTPServer):
    # Whoever asked may be gone before the answer: that is no test's business.
    def handle_error(self, *_):
        pass


class Issuer:
    """`keys` are in the set. `sessions` says what the service answers to a token: claims, or a status."""

    def __init__(self):
        self.keys: list[Key] = []
        self.sessions: dict[str, dict | int] = {}
        self.fetches = 0
        self.questions: list[str] = []
        self.body: bytes | None = None
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if issuer.server is None:
                    # What is down does not go on with connections that are open.
                    self.close_connection = True
                elif self.path.startswith("/jwks.json"):
                    issuer.fetches += 1
                    body = issuer.body or json.dumps({"keys": [key.jwk for key in issuer.keys]}).encode()
                    self.answer(200, body)
                else:
                    token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                    issuer.questions.append(token)
                    found = issuer.sessions.get(token, 401)
                    if isinstance(found, int):
                        self.answer(found, b"{}")
                    else:
                        self.answer(200, json.dumps(found).encode())

            def answer(self, status: int, body: bytes):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.handler = Handler
        self.server = None
        self.port = 0

    def start(self) -> "Issuer":
        self.server = Server(("127.0.0.1", self.port), self.handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> "Issuer":
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def jwks(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    @property
    def service(self) -> str:
        return f"http://127.0.0.1:{self.port}/session"

    def by_token(self, **more) -> dict:
        """`session` of a configuration that looks at tokens by their signature."""
        validate = {
            "with": "jwt",
            "keys": [{"url": self.jwks, "refresh": "30s"}],
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "leeway": "0s",
            "claims": {"session": "sid", "user": "sub", "tenant": "tid"},
        }
        return {"validate": validate | more}

    def by_service(self, **more) -> dict:
        """The same for one that asks the service."""
        validate = {
            "with": "http",
            "url": self.service,
            "cache": "1s",
            "timeout": "1s",
            "claims": {"session": "sid", "user": "sub", "tenant": "tid"},
        }
        return {"validate": validate | more}
