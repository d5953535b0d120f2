"""Durable workers: components whose host calls are recorded, so that a worker survives the end of its process."""
