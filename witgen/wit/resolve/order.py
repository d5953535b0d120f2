"""Topological order with ties by source order, and cycles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush

__all__ = ["find_cycle", "topological_order"]


def topological_order(edges: Sequence[Sequence[int]]) -> list[int]:
    """Order the nodes so that each follows all that it points at; among candidates, the first one comes next.

    Nodes on a cycle, and those that depend on one, are missing from the result.
    """
    waiting = [len(targets) for targets in edges]
    dependents: list[list[int]] = [[] for _ in edges]
    for node, targets in enumerate(edges):
        for target in targets:
            dependents[target].append(node)
    ready = [node for node, count in enumerate(waiting) if count == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for dependent in dependents[node]:
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                heappush(ready, dependent)
    return order


def find_cycle(edges: Sequence[Sequence[int]], left: Collection[int]) -> tuple[list[tuple[int, int]], int]:
    """Walk from the first node `left` out of the order, always along the first edge to another such node, into a cycle.

    Returns the steps as (node, index of its edge) pairs, and the index of the step where the cycle begins.
    """
    path: dict[int, int] = {}
    node = min(left)
    while node not in path:
        path[node] = next(index for index, target in enumerate(edges[node]) if target in left)
        node = edges[node][path[node]]
    return list(path.items()), list(path).index(node)
