"""The backend on Tornado. It has no handling of SIGTERM of its own."""

import asyncio
import time

from behaviour import CLOSE, DENIAL, FIELDS, GREETING, LIMIT, answer, asked, chosen, note, port, reply, words_of
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Handler(WebSocketHandler):
    def prepare(self):
        self.token, self.do = asked(self.request.query)
        if self.do == "refuse":
            self.set_status(401)
            self.set_header("x-reason", "because")
            self.finish("log in\n")
        elif self.do == "deny":
            status, body, fields = DENIAL
            self.set_status(status)
            for name, value in fields.items():
                self.set_header(name, value)
            self.finish(body)
        elif self.do == "fields":
            for name, value in FIELDS:
                self.add_header(name, value)

    def check_origin(self, origin):
        return True

    def select_subprotocol(self, subprotocols):
        self.offered = subprotocols
        return chosen(subprotocols)

    def open(self, *_):
        if self.do in ("greet", "shut"):
            if self.do == "greet":
                self.write_message(GREETING)
            self.close(*CLOSE)

    async def on_message(self, message):
        word, others = words_of(message)
        match word:
            case "/raise":
                raise RuntimeError("asked to")
            case "/return":
                return
            case "/close":
                self.close(int(others[0]), " ".join(others[1:]))
                return
            case "/big":
                text = reply("x" * int(others[0]))
            case "/sleep":
                note("busy", self.token)
                await asyncio.sleep(float(others[0]))
                text = answer("slept")
            case "/block":
                note("busy", self.token)
                time.sleep(float(others[0]))
                text = answer("blocked")
            case "/offered":
                text = reply(" ".join(self.offered))
            case _:
                text = answer(others[0])
        await self.write_message(text)

    def on_close(self):
        note("closed", self.token, self.close_code, self.close_reason or "")


async def main():
    settings = {"websocket_max_message_size": LIMIT}
    Application([(r"/api/ws/\w+", Handler)], **settings).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
