"""`witgen golem client`: typed Python clients for agents of other components, from their agent types."""
