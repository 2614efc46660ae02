"""The client for asyncio."""

from __future__ import annotations

import asyncio
import os
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
    """Trains and scores one model of a train server over one connection; requests of several tasks take turns.

    The same as :class:`onlearn_client.TrainClient`, with methods to await. Arrays are read when it is the turn of their
    request: they must not be changed before it is answered.
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
        self._inherited: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._begin()
        keep_apart(self)

    def _begin(self) -> None:
        self._requests = Requests(self._model)
        self._client_id = os.urandom(16)
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._payload_limit = 0
        self._last_id = 0

    def _forked(self) -> None:
        # Kept: a process that closes it, or lets it go, takes it out of its parent's event loop.
        if self._streams is not None:
            self._inherited.append(self._streams)
        self._begin()

    async def models(self) -> list[ModelEntry]:
        """The models of the server."""
        return await self._ask(self._requests.models)

    async def load(self) -> ModelDescription:
        """Loads the model if it is not loaded, and describes it."""
        return await self._ask(self._requests.load)

    async def unload(self) -> None:
        """Unloads the model: what waits is trained, and its parameters are saved."""
        await self._ask(self._requests.unload)

    async def freeze(self, frozen: bool = True) -> None:
        """Freezes the model, which then scores but does not train, or lets it train again."""
        await self._ask(lambda: self._requests.freeze(frozen))

    async def train(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        source: str | None = None,
        begin: int | None = None,
        end: int | None = None,
    ) -> TrainReply:
        """Learns from the examples `x` with the labels `y`: the part `begin` to `end` of the stream `source`."""
        return await self._ask(lambda: self._requests.train(x, y, source, begin, end))

    async def score(self, x: ArrayLike, *, min_version: int = 0) -> ScoreReply:
        """Scores the examples `x` with parameters of at least `min_version`."""
        return await self._ask(lambda: self._requests.score(x, min_version))

    async def metrics(self) -> dict[str, float]:
        """How the model does."""
        return await self._ask(self._requests.metrics)

    async def offset(self, source: str) -> int | None:
        """The end of what was applied of the stream `source`; None if nothing was."""
        return await self._ask(lambda: self._requests.offset(source))

    async def close(self) -> None:
        """Closes the connection; the next request makes another one."""
        async with self._lock:
            self._disconnect()

    async def __aenter__(self) -> TrainClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, make: Callable[[], Request[Answer]]) -> Answer:
        """Has the request answered that `make` makes when it is its turn; one cancelled before has taken nothing."""
        attempts = Attempts(time.monotonic(), self._timeout)
        async with self._lock:
            request = make()
            while True:
                try:
                    remaining = attempts.remaining(time.monotonic())
                    return await asyncio.wait_for(self._exchange(request), remaining)
                # The time is over, or that of the system is, which gives up some connections sooner.
                except (asyncio.TimeoutError, OSError, EOFError, Refused) as error:
                    if ends_connection(error):
                        self._disconnect()
                    await asyncio.sleep(attempts.pause(error, time.monotonic()))
                except BaseException:
                    self._disconnect()
                    raise

    async def _exchange(self, request: Request[Answer]) -> Answer:
        if self._streams is None:
            self._streams = await self._connect()
        frames.check_size(request.payload, self._payload_limit)
        reader, writer = self._streams
        self._last_id += 1
        with request.on_its_way():
            writer.write(frames.encode(request.type, self._last_id, request.payload))
            await writer.drain()
            return request.read(await self._answer(reader))

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        """The answer to the last request; raises the refusal of it or of the connection."""
        while True:
            header, payload = await self._receive(reader)
            if frames.settles(header, self._last_id):
                frames.check(header, payload)
                return payload

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            handshake = frames.Handshake(self._role, self._client_id, self._key)
            writer.write(handshake.hello)
            writer.write(handshake.answer(await self._checked(reader)))
            handshake.verify(await self._checked(reader))
            self._payload_limit = handshake.payload_limit
        except BaseException:
            writer.close()
            raise
        return reader, writer

    async def _checked(self, reader: asyncio.StreamReader) -> bytes:
        header, payload = await self._receive(reader)
        frames.check(header, payload)
        return payload

    @staticmethod
    async def _receive(reader: asyncio.StreamReader) -> tuple[frames.Header, bytes]:
        header = frames.decode_header(await reader.readexactly(frames.HEADER_BYTES))
        return header, await reader.readexactly(header.length)

    def _disconnect(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
