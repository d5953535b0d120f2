"""Answers every message with itself."""

import wit_world
from componentize_py_types import Err
from wit_world.imports import client


class WitWorld(wit_world.WitWorld):
    def serve(self, url: str) -> int:
        count = 0
        with client.WebsocketConnection.connect(url, None) as connection:
            while True:
                try:
                    message = connection.receive()
                except Err as error:
                    if isinstance(error.value, client.Error_Closed):
                        return count
                    raise
                connection.send(message)
                count += 1
