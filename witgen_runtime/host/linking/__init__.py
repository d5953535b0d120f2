"""What a component needs, whether the host's objects implement it, and how both are connected."""
