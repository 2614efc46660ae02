"""The client for threads."""

from __future__ import annotations

import os
import socket
import threading
import time
from types import TracebackType
from typing import Callable, TypeVar

from numpy.typing import ArrayLike

from . import _frames as frames
from ._errors import Refused
from ._forks import keep_apart
from ._messages import ModelDescription, ModelEntry, ScoreReply, TrainReply
from ._requests import WORKER, Attempts, Request, Requests, ends_connection

Answer = TypeVar("Answer")


class TrainClient:
    """Trains and scores one model of a train server over one connection.

    Threads may share a client; their requests take turns. In a forked process it has a connection of its own. A
    request is sent again, on a new connection if need be, until it is answered or `timeout` seconds are over; the
    server applies a batch once.
    """

    def __init__(
        self,
        host: str,
        port: int,
        model: str,
        *,
        key: tuple[str, bytes] | None = None,
        role: int = WORKER,
        timeout: float = 60.0,
    ) -> None:
        self._address = (host, port)
        self._model = model
        self._key = key
        self._role = role
        self._timeout = timeout
        self._begin()
        keep_apart(self)

    def _begin(self) -> None:
        self._requests = Requests(self._model)
        self._client_id = os.urandom(16)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._payload_limit = 0
        self._last_id = 0

    def _forked(self) -> None:
        self._disconnect()
        self._begin()

    def models(self) -> list[ModelEntry]:
        """The models of the server."""
        return self._ask(self._requests.models)

    def load(self) -> ModelDescription:
        """Loads the model if it is not loaded, and describes it."""
        return self._ask(self._requests.load)

    def unload(self) -> None:
        """Unloads the model: what waits is trained, and its parameters are saved."""
        self._ask(self._requests.unload)

    def freeze(self, frozen: bool = True) -> None:
        """Freezes the model, which then scores but does not train, or lets it train again."""
        self._ask(lambda: self._requests.freeze(frozen))

    def train(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        source: str | None = None,
        begin: int | None = None,
        end: int | None = None,
    ) -> TrainReply:
        """Learns from the examples `x` with the labels `y`: the part `begin` to `end` of the stream `source`."""
        return self._ask(lambda: self._requests.train(x, y, source, begin, end))

    def score(self, x: ArrayLike, *, min_version: int = 0) -> ScoreReply:
        """Scores the examples `x` with parameters of at least `min_version`."""
        return self._ask(lambda: self._requests.score(x, min_version))

    def metrics(self) -> dict[str, float]:
        """How the model does."""
        return self._ask(self._requests.metrics)

    def offset(self, source: str) -> int | None:
        """The end of what was applied of the stream `source`; None if nothing was."""
        return self._ask(lambda: self._requests.offset(source))

    def close(self) -> None:
        """Closes the connection; the next request makes another one."""
        with self._lock:
            self._disconnect()

    def __enter__(self) -> TrainClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, make: Callable[[], Request[Answer]]) -> Answer:
        """Has the request answered that `make` makes when it is its turn."""
        attempts = Attempts(time.monotonic(), self._timeout)
        with self._lock:
            request = make()
            while True:
                try:
                    return self._exchange(request, attempts)
                except (OSError, Refused) as error:
                    if ends_connection(error):
                        self._disconnect()
                    time.sleep(attempts.pause(error, time.monotonic()))
                except BaseException:
                    self._disconnect()
                    raise

    def _exchange(self, request: Request[Answer], attempts: Attempts) -> Answer:
        if self._socket is None:
            self._socket = self._connect(attempts)
        frames.check_size(request.payload, self._payload_limit)
        self._socket.settimeout(attempts.remaining(time.monotonic()))
        self._last_id += 1
        with request.on_its_way():
            self._socket.sendall(frames.encode(request.type, self._last_id, request.payload))
            return request.read(self._answer(self._socket))

    def _answer(self, connection: socket.socket) -> bytes:
        """The answer to the last request; raises the refusal of it or of the connection."""
        while True:
            header, payload = self._receive(connection)
            if frames.settles(header, self._last_id):
                frames.check(header, payload)
                return payload

    def _connect(self, attempts: Attempts) -> socket.socket:
        connection = socket.create_connection(self._address, attempts.remaining(time.monotonic()))
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            handshake = frames.Handshake(self._role, self._client_id, self._key)
            connection.sendall(handshake.hello)
            connection.sendall(handshake.answer(self._checked(connection)))
            handshake.verify(self._checked(connection))
            self._payload_limit = handshake.payload_limit
        except BaseException:
            connection.close()
            raise
        return connection

    def _checked(self, connection: socket.socket) -> bytes:
        header, payload = self._receive(connection)
        frames.check(header, payload)
        return payload

    @staticmethod
    def _receive(connection: socket.socket) -> tuple[frames.Header, bytes]:
        header = frames.decode_header(_read(connection, frames.HEADER_BYTES))
        return header, _read(connection, header.length)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _read(connection: socket.socket, count: int) -> bytes:
    data = bytearray(count)
    view = memoryview(data)
    while view:
        received = connection.recv_into(view)
        if received == 0:
            raise ConnectionResetError("the server closed the connection")
        view = view[received:]
    return bytes(data)
