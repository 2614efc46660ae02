"""Frames of OLP/1 and its handshake, without any input or output."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from enum import IntEnum

from ._checksum import crc32c
from ._errors import OnlearnError, Refused

_HEADER = struct.Struct("<4sBBHIIQI")
HEADER_BYTES = 32
MAGIC = b"\x89OLP"
RESPONSE, ERROR = 1, 2
RECEIVE_LIMIT = 256 << 20


class MessageType(IntEnum):
    """The kinds of frames that a client of a train server sees."""

    HELLO = 0x01
    CHALLENGE = 0x02
    AUTH = 0x03
    AUTH_OK = 0x04
    PING = 0x05
    GO_AWAY = 0x06
    LIST_MODELS = 0x40
    LOAD_MODEL = 0x41
    TRAIN_BATCH = 0x42
    SCORE_BATCH = 0x43
    METRICS = 0x44
    UNLOAD_MODEL = 0x45
    SET_STATE = 0x46
    GET_OFFSET = 0x47


class ErrorCode(IntEnum):
    """The reasons of refusals that this client tells apart."""

    FRAME_TOO_LARGE = 103
    FORBIDDEN = 202
    MALFORMED = 300
    LIMIT = 301
    UNKNOWN_MODEL = 302
    SHAPE_MISMATCH = 304
    NOT_FINITE = 306
    SCHEMA_CONFLICT = 307
    OFFSET_GAP = 407
    BUSY = 500
    DRAINING = 503
    DEADLINE = 506


class ProtocolError(OnlearnError):
    """The other end is no train server, or the bytes were damaged on the way."""


@dataclass(frozen=True)
class Header:
    """The first 32 bytes of a frame."""

    type: int
    flags: int
    length: int
    request_id: int
    checksum: int


def encode(type: int, request_id: int, payload: bytes) -> bytes:
    """A frame."""
    head = _HEADER.pack(MAGIC, 1, type, 0, len(payload), 0, request_id, crc32c(payload))
    return head + struct.pack("<I", crc32c(head)) + payload


def decode_header(data: bytes) -> Header:
    """The header in `data`."""
    magic, version, type, flags, length, _, request_id, checksum = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise ProtocolError("the server does not speak OLP/1")
    if crc32c(data[:28]) != struct.unpack_from("<I", data, 28)[0]:
        raise ProtocolError("a damaged header")
    if version != 1 or length > RECEIVE_LIMIT:
        raise ProtocolError(f"a frame of version {version} with {length} bytes")
    return Header(type, flags, length, request_id, checksum)


def settles(header: Header, request_id: int) -> bool:
    """Whether a frame answers the request, or says why the connection ends before the answer.

    A server that is about to leave says so in a frame of the connection that is no error: it answers what it has got.
    """
    return header.request_id == request_id or (header.request_id == 0 and header.flags & ERROR != 0)


def check(header: Header, payload: bytes) -> None:
    """Raises what a frame says is wrong, with it, with the request, or with the connection."""
    if crc32c(payload) != header.checksum:
        raise ProtocolError("a damaged payload")
    if header.flags & ERROR:
        code, scope, retry, after, detail, count = struct.unpack_from("<HBBIQH", payload)
        text = payload[18 : 18 + count].decode("utf-8", "replace")
        raise Refused(code, text, detail, retry, after / 1000, scope == 1 or header.request_id == 0)


def check_size(payload: bytes, limit: int) -> None:
    """Raises what the server would say to a request that is larger than it takes, without sending it."""
    if len(payload) > limit:
        text = f"a request of {len(payload)} bytes, but the server takes at most {limit}; use smaller batches"
        raise Refused(ErrorCode.FRAME_TOO_LARGE, text, limit)


class Handshake:
    """A client's side of the handshake: what it sends, and what it checks."""

    def __init__(self, role: int, client_id: bytes, key: tuple[str, bytes] | None) -> None:
        self._key = key
        name = key[0].encode() if key else b""
        self._hello = (
            struct.pack("<BBBBIQ", 1, 1, role, 0, RECEIVE_LIMIT, 0)
            + client_id
            + os.urandom(32)
            + name.ljust(16, b"\0")
            + b"python\0\0"
        )
        self._challenge = b""
        # The largest payload that the server takes, which its challenge says.
        self.payload_limit = 0

    @property
    def hello(self) -> bytes:
        """The first frame."""
        return encode(MessageType.HELLO, 0, self._hello)

    def answer(self, challenge: bytes) -> bytes:
        """The frame that answers the server's challenge."""
        if len(challenge) != 88:
            raise ProtocolError("a challenge of the wrong size")
        self._challenge = challenge
        (self.payload_limit,) = struct.unpack_from("<I", challenge, 4)
        if self._key and challenge[1] == 0:
            raise ProtocolError("the server wants no key, although this client has one")
        return encode(MessageType.AUTH, 0, self._proof(b"olp1 client"))

    def verify(self, payload: bytes) -> None:
        """Checks that the server has the key as well."""
        if len(payload) != 48 or not hmac.compare_digest(payload[:32], self._proof(b"olp1 server")):
            raise ProtocolError("the server does not have the key")

    def _proof(self, prover: bytes) -> bytes:
        if self._key is None:
            return bytes(32)
        transcript = hashlib.sha256(self._hello + self._challenge).digest()
        return hmac.new(self._key[1], prover + transcript, hashlib.sha256).digest()
