"""A train server of few words, which fails as a test wants it to."""

from __future__ import annotations

import queue
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Callable

from onlearn_client import _frames as frames
from onlearn_client._checksum import crc32c
from onlearn_client._messages import Reader

GAP, OVERLAP = 407, 408


@dataclass(frozen=True)
class Batch:
    """What a client wants to have applied."""

    source: str
    begin: int
    end: int
    request_id: int


# What is sent because of a batch; None closes the connection instead.
Reaction = Callable[["FakeServer", Batch], "bytes | None"]


class FakeServer:
    """Applies batches as a train server does, where it is not told to react otherwise, and notes what comes."""

    def __init__(self, *reactions: Reaction, payload_limit: int = 1 << 20) -> None:
        self.batches: list[Batch] = []
        self.applied: list[Batch] = []
        self.arrived: queue.Queue[Batch] = queue.Queue()
        self.connections = 0
        self._reactions = list(reactions)
        self._payload_limit = payload_limit
        self._ends: dict[str, int] = {}
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A thread that waits for a connection or for bytes hears of a shutdown, but not of a close.
        for connection in [self._listener, *self._open]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The client was faster.
            connection.close()

    def apply(self, batch: Batch) -> bytes:
        """Does what a train server does, and answers."""
        stored = self._ends.get(batch.source)
        is_duplicate = stored is not None and batch.end <= stored
        if stored is not None and not is_duplicate and batch.begin != stored:
            # This is a refusal that time could repair, as far as the server knows.
            code, retry = (GAP, 1) if batch.begin > stored else (OVERLAP, 0)
            return error_frame(code, batch.request_id, retry, stored)
        if not is_duplicate:
            self._ends[batch.source] = batch.end
            self.applied.append(batch)
        body = struct.pack("<QfB3xII", len(self.applied), 0.5, is_duplicate, 1, 0)
        return frame(frames.MessageType.TRAIN_BATCH, batch.request_id, body)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._shake_hands(connection)
                while reply := self._react(connection):
                    connection.sendall(reply)
            except OSError:
                pass  # The client is gone.

    def _shake_hands(self, connection: socket.socket) -> None:
        _read_frame(connection)
        challenge = struct.pack("<BBHIQ", 1, 0, 32, self._payload_limit, 0) + bytes(68) + struct.pack("<I", 0)
        connection.sendall(frame(frames.MessageType.CHALLENGE, 0, challenge, flags=0))
        _read_frame(connection)
        connection.sendall(frame(frames.MessageType.AUTH_OK, 0, bytes(48), flags=0))

    def _react(self, connection: socket.socket) -> bytes | None:
        header, payload = _read_frame(connection)
        if header.type != frames.MessageType.TRAIN_BATCH:
            return frame(header.type, header.request_id, bytes(4))
        reader = Reader(payload)
        reader.string()
        source = reader.string()
        begin, end = (int(offset) for offset in reader.take("QQ"))
        batch = Batch(source, begin, end, header.request_id)
        self.batches.append(batch)
        self.arrived.put(batch)
        return self._reactions.pop(0)(self, batch) if self._reactions else self.apply(batch)


def lose_answer(server: FakeServer, batch: Batch) -> None:
    """Applies the batch and closes the connection."""
    server.apply(batch)


def answer_after(event: threading.Event) -> Reaction:
    """Applies the batch, and answers when something has happened."""

    def react(server: FakeServer, batch: Batch) -> bytes:
        reply = server.apply(batch)
        event.wait(10)
        return reply

    return react


def refuse(code: int, retry: int = 0, detail: int = 0) -> Reaction:
    """Refuses the batch."""
    return lambda server, batch: error_frame(code, batch.request_id, retry, detail)


def refuse_connection(code: int, retry: int = 0, detail: int = 0) -> Reaction:
    """Says why the connection ends, and stays for a moment, as a train server does so that this is read."""
    return lambda server, batch: error_frame(code, 0, retry, detail)


def error_frame(code: int, request_id: int, retry: int, detail: int) -> bytes:
    """A refusal of a request, or of the connection if `request_id` is 0."""
    text = b"no"
    payload = struct.pack("<HBBIQH", code, request_id == 0, retry, 1, detail, len(text)) + text
    type = frames.MessageType.TRAIN_BATCH if request_id else frames.MessageType.GO_AWAY
    return frame(type, request_id, payload, frames.RESPONSE | frames.ERROR)


def frame(type: int, request_id: int, payload: bytes, flags: int = frames.RESPONSE) -> bytes:
    """A frame of a server."""
    head = struct.pack("<4sBBHIIQI", frames.MAGIC, 1, type, flags, len(payload), 0, request_id, crc32c(payload))
    return head + struct.pack("<I", crc32c(head)) + payload


def _read_frame(connection: socket.socket) -> tuple[frames.Header, bytes]:
    header = frames.decode_header(_read(connection, frames.HEADER_BYTES))
    return header, _read(connection, header.length)


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionResetError("the client closed the connection")
        data += piece
    return data
