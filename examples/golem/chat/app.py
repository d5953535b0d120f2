"""A chat agent: it stays connected between calls, and after a restart it still knows what was said."""

import logging

from agent.guest import exports
from agent.guest.logs import Handler
from agent.guest.websockets import WebSocket
from agent.types.chat import JoinError, SayError
from agent.types.golem_websocket_client import Error

logging.basicConfig(handlers=[Handler()], level=logging.INFO)
log = logging.getLogger("chat")


class Agent:
    """One conversation."""

    def __init__(self) -> None:
        self.socket: WebSocket | None = None
        self.lines: list[str] = []

    def join(self, url: str) -> None:
        try:
            self.socket = WebSocket.connect(url, headers={"X-Agent": "witgen"})
        except Error as error:
            raise JoinError(f"cannot join {url}: {error}") from error
        log.info("joined %s", url)

    def say(self, text: str) -> str:
        if self.socket is None:
            raise SayError("join a server first")
        try:
            self.socket.send(text)
            answer = self.socket.receive(timeout=5)
        except Error as error:
            raise SayError(f"the conversation is over: {error}") from error
        if answer is None:
            raise SayError("the server has not answered for 5 seconds")
        reply = answer if isinstance(answer, str) else f"{len(answer)} bytes"
        self.lines += [f"> {text}", f"< {reply}"]
        return reply

    def transcript(self) -> list[str]:
        return self.lines


agent = Agent()
exports.serve(__name__, join=agent.join, say=agent.say, transcript=agent.transcript)
