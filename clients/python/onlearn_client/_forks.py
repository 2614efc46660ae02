"""Clients that a process has from the one that it was forked from."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Client(Protocol):
    """What has a connection and a stream of batches."""

    def _forked(self) -> None:
        """Leaves both to the parent, and begins anew."""


_clients: WeakSet[Client] = WeakSet()


def keep_apart(client: Client) -> None:
    """Has `client` begin anew in each process that is forked: two that go on with one stream take each other's batches
    for their own, sent again."""
    _clients.add(client)


def _forked() -> None:
    for client in list(_clients):
        client._forked()


# Where there is no such function, nothing is forked either.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
