"""Agents of Golem 1.5, seen from outside: their types, ids, values and HTTP routes."""
