"""wasi:random: random numbers of every quality."""

from agent.guest import wasi_random_insecure as insecure
from agent.guest import wasi_random_insecure_seed as seed
from agent.guest import wasi_random_random as random


def cover(_: str) -> None:
    assert len(random.get_random_bytes(16)) == 16
    assert random.get_random_bytes(16) != random.get_random_bytes(16)
    assert random.get_random_u64() != random.get_random_u64()
    assert len(insecure.get_insecure_random_bytes(16)) == 16
    assert 0 <= insecure.get_insecure_random_u64() < 1 << 64
    assert len(seed.insecure_seed()) == 2
