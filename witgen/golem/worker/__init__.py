"""Durable workers: components whose host calls are recorded, so that a worker goes on after its process has died."""
