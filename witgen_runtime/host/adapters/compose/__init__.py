"""Composes components with adapters around them."""
