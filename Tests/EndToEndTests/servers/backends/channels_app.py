"""The backend as a consumer of Channels: for daphne."""

import asyncio
import os
import time

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY=os.urandom(16).hex(), INSTALLED_APPS=[])
django.setup()

from behaviour import CLOSE, DENIAL, FIELDS, GREETING, answer, asked, chosen, note, reply, words_of  # noqa: E402
from channels.exceptions import DenyConnection  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402


class Consumer(AsyncWebsocketConsumer):
    async def connect(self):
        self.token, do = asked(self.scope["query_string"].decode())
        if do in ("refuse", "deny"):
            assert DENIAL, "a consumer has no way to say a status"
            raise DenyConnection
        fields = [(name.encode(), value.encode()) for name, value in FIELDS] if do == "fields" else None
        await self.accept(chosen(self.scope["subprotocols"]), headers=fields)
        if do in ("greet", "shut"):
            if do == "greet":
                await self.send(GREETING)
            await self.close(*CLOSE)

    async def receive(self, text_data=None, bytes_data=None):
        word, others = words_of(text_data)
        match word:
            case "/raise":
                raise RuntimeError("asked to")
            case "/return":
                return
            case "/close":
                await self.close(int(others[0]), " ".join(others[1:]))
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
                text = reply(" ".join(self.scope["subprotocols"]))
            case _:
                text = answer(others[0])
        await self.send(text)

    async def disconnect(self, code):
        note("closed", self.token, code, "")


application = ProtocolTypeRouter({"websocket": URLRouter([re_path(r"^api/ws/\w+$", Consumer.as_asgi())])})
