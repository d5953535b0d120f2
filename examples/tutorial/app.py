"""The guest: an `add` component."""

from wit_world import exports


class Add(exports.Add):
    """What the world exports."""

    def add(self, x: int, y: int) -> int:
        """Return the sum."""
        return x + y
