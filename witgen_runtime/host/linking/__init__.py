"""Links components: what they import, whether the host's objects implement it, and the linker."""
