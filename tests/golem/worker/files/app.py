"""A worker that does with files what it is told to do: Python code, because there is no end of ways to use files."""

import json
import os
import random
import shutil
import time

from agent.guest import exports
from agent.guest.exports.golem_api_load_snapshot import LoadSnapshot
from agent.guest.exports.golem_api_save_snapshot import SaveSnapshot

names = {"os": os, "random": random, "shutil": shutil, "time": time}


def run(code: str) -> str:
    names["result"] = None
    exec(code, names)
    return json.dumps(names["result"])


class Save(SaveSnapshot):
    def save(self) -> bytes:
        with open("/saved", "w") as file:
            file.write("by save")
        return b"state"


class Load(LoadSnapshot):
    def load(self, bytes: bytes) -> None:
        names["loaded"] = [bytes.decode(), sorted(os.listdir("/"))]


exports.serve(__name__, run=run, golem_api_save_snapshot=Save(), golem_api_load_snapshot=Load())
