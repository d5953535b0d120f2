"""A module for every package."""
