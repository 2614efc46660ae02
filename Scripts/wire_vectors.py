"""Writes the golden vectors of Documentation/WireProtocol.md: python3 Scripts/wire_vectors.py

An encoder of its own, which shares nothing with the Swift sources; a test compares what Swift encodes with the page.
"""

import hashlib
import hmac
import pathlib
import struct
import textwrap

PAGE = pathlib.Path(__file__).resolve().parent.parent / "Documentation" / "WireProtocol.md"
HEADING = "## Golden vectors\n"
RESPONSE, ERROR, CLOCK = 1, 2, 32
ANY = 2**32 - 1
STORE = bytes(range(0x10, 0x20))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(type, request, payload=b"", flags=0, epoch=0):
    checksum = crc32c(payload) if payload else 0
    header = struct.pack("<4sBBHIIQI", b"\x89OLP", 1, type, flags, len(payload), epoch, request, checksum)
    return header + struct.pack("<I", crc32c(header)) + payload


class Body:
    def __init__(self):
        self.bytes = b""

    def add(self, format, *values):
        self.bytes += struct.pack("<" + format, *values)
        return self

    def string(self, text):
        return self.add("H", len(text.encode())).raw(text.encode())

    def raw(self, data):
        self.bytes += data
        return self

    def array(self, format, *values):
        self.bytes += bytes(-len(self.bytes) % 8)
        return self.add(f"{len(values)}{format}", *values)

    def mutation(self, sequence, model, clock=0, source=0, begin=0, end=0):
        return self.add("QIIQQQ", sequence, model, clock, source, begin, end)

    def read(self, model, clock=0, wait=30_000):
        return self.add("IIIB3x", model, clock, wait, 0)

    def reply(self, version, clock=0, ignored=0, durable=0):
        return self.add("QIB3xQ", version, clock, ignored, durable)

    def keys(self, tensors, keys):
        self.add(f"I{len(tensors)}I", len(tensors), *tensors)
        return self.add("I", len(keys)).array("Q", *keys)


def handshake():
    hello = Body().add("BBBxIQ", 1, 1, 1, 64 << 20, 0).raw(bytes(range(16)) + bytes(range(0xC0, 0xE0)))
    hello = hello.add("16s8s", b"k1", b"olp-test").bytes
    challenge = Body().add("BBHIQ", 1, 1, 32, 64 << 20, 0).raw(STORE + bytes(range(0x50, 0x70)))
    challenge = challenge.add("QIHHI4x", 7, 1, 0, 1, 30_000).bytes
    transcript = hashlib.sha256(hello + challenge).digest()
    client, server = (
        hmac.new(b"\x0b" * 32, words + transcript, "sha256").digest() for words in (b"olp1 client", b"olp1 server")
    )
    yield (
        "HELLO",
        'of versions 1 to 1, a worker that accepts 64 MiB, client id 00…0f, nonce c0…df, key id "k1", build "olp-test"',
        frame(1, 0, hello),
    )
    yield (
        "CHALLENGE",
        "of version 1 with authentication, 32 requests, 64 MiB, store id 10…1f, nonce 50…6f, boot id 7, epoch 1, "
        "shard 0 of 1, 30,000 ms",
        frame(2, 0, challenge),
    )
    yield "AUTH", "with the key of 32 bytes 0b", frame(3, 0, client)
    yield (
        "AUTH_OK",
        "of the same key: 6 mutations executed, session 3",
        frame(4, 0, Body().raw(server).add("QQ", 6, 3).bytes),
    )


def schema():
    body = Body().string("m").add("BxHI", 1, 8, 4).add("I", 2)
    body.string("w").add("BBB2I", 0, 0, 2, 3, 2).add("BffQQ", 2, -0.5, 0.5, 9, 1)
    body.add("BI", 1, 1).add("Bf", 1, 0.25)
    body.string("t").add("BBB2I", 1, 0, 2, 100, 2).add("BffQQ", 0, 0, 0, 0, 0)
    return body.add("BI", 3, 3).add("BfBfBf", 1, 0.5, 5, 0.125, 4, 0).bytes


def stable_hash(data):
    mask, hash = 2**64 - 1, 0xCBF29CE484222325
    for byte in data:
        hash = (hash ^ byte) * 0x100000001B3 & mask
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        hash = (hash ^ hash >> shift) * factor & mask
    return hash ^ hash >> 31


def requests():
    yield "PING", "1 of 0102030405060708", frame(5, 1, struct.pack("<Q", 0x0102030405060708))
    yield "SHARD_MAP", "2", frame(0x1B, 2)
    servers = Body().add("I", 2).string("127.0.0.1:7071").raw(STORE).string("").raw(bytes(16)).bytes
    yield (
        "SHARD_MAP reply",
        "at epoch 3: nobody joined, 4 workers, stale by up to 8 clocks, the first of two servers at 127.0.0.1:7071 with "
        "the store 10…1f, the second still missing",
        frame(0x1B, 2, Body().add("IIIBxH", 3, ANY, 4, 1, 8).raw(servers).bytes, RESPONSE, 3),
    )
    register = Body().mutation(1, 0).add("IB3x", 2, 0).raw(schema())
    yield (
        "REGISTER_MODEL",
        "6, sequence 1, by rank 2: model m, stale by up to 8 clocks, 4 workers; w, dense, 3 × 2, uniform from −0.5 to "
        "0.5 with key 9 and stream 1, SGD of rate 0.25; t, a table of 100 rows of 2, zeros, Adagrad of rate 0.5, "
        "initial accumulator 0.125 and epsilon 0",
        frame(0x10, 6, register.bytes),
    )
    registered = Body().reply(8, 5).add("IBB2xQ", 1, 0, 0, stable_hash(schema()))
    yield (
        "REGISTER_MODEL reply",
        "model 1, which was there, at version 8 and clock 5",
        frame(0x10, 6, registered.bytes, RESPONSE),
    )
    push = Body().mutation(1, 1).add("II", 32, 1).add("IIII", 0, 0, 2, 0).array("f", 1, -2)
    yield (
        "PUSH_DENSE",
        "3 at epoch 1: sequence 1, model 1, 32 examples, elements 0 and 1 of tensor 0 with the gradients 1 and −2",
        frame(0x13, 3, push.bytes, 0, 1),
    )
    push = Body().mutation(2, 1, 5, stable_hash(b"clicks"), 64, 96).add("II", 32, 2).add("I", 1).add("IIII", 0, 0, 6, 0)
    push.array("f", 1, -2, 3, -4, 5, -6).add("I", 2).keys([1], [7, 99]).array("f", 0.5, 1, 1.5, 2)
    push.add("QI", 0, 2).add("I", 1).add("IIII", 0, 0, 6, 0).add("I", 2).keys([1], [8])
    yield (
        "PUSH_PULL",
        "7, which ends the sender's clock: sequence 2, model 1, clock 5, examples 64 to 95 of the source clicks; "
        "gradients of all of w and of the rows 7 and 99 of t; then all of w and row 8 of t are asked for",
        frame(0x15, 7, push.bytes, CLOCK),
    )
    pull = Body().read(1).add("QI", 0, 1).add("I", 2).keys([1, 2], [3, 9])
    yield (
        "PULL",
        "4 of model 1: rows 3 and 9 of the tables 1 and 2, waiting at most 30 s",
        frame(0x20, 4, pull.bytes),
    )
    values = Body().reply(9, 5, 0, 1234).add("Q", 11).array("f", 0, 1, 2, 3, 4, 5).array("f", -1, 1)
    yield (
        "PUSH_PULL reply",
        "at version 9, slowest clock 5, log record 1234, revision 11: w is 0 to 5, row 8 of t is −1 and 1",
        frame(0x15, 7, values.bytes, RESPONSE),
    )
    error = Body().add("HBBIQ", 401, 0, 0, 0, 6).string("no")
    yield (
        "Error",
        '401 with the detail 6 and the text "no", which answers request 3 of type 13',
        frame(0x13, 3, error.bytes, RESPONSE | ERROR),
    )


def training():
    batch = Body().string("mlp").string("clicks").add("QQI", 100, 102, 0).add("III", 2, 3, 1)
    batch.array("f", 1, 2, 3, 4, 5, 6).array("f", 0, 1)
    yield (
        "TRAIN_BATCH",
        "8: model mlp, examples 100 and 101 of source clicks, the server's deadline, 3 features and 1 label: "
        "1, 2, 3 with label 0 and 4, 5, 6 with label 1",
        frame(0x42, 8, batch.bytes),
    )
    figures = Body().add("QfB3xI", 51, 0.5, 0, 150).add("I", 1).string("accuracy").add("d", 0.75)
    yield (
        "TRAIN_BATCH reply",
        "version 51, loss 0.5, 150 µs, an accuracy of 0.75",
        frame(0x42, 8, figures.bytes, RESPONSE),
    )
    score = Body().string("mlp").add("QI", 51, 20).add("II", 1, 3).array("f", 1, 2, 3)
    yield "SCORE_BATCH", "9: model mlp at version 51 or later within 20 ms, 1, 2, 3", frame(0x43, 9, score.bytes)
    scores = Body().add("QII", 51, 1, 2).array("f", 0.25, 0.75)
    yield "SCORE_BATCH reply", "version 51, 0.25 and 0.75", frame(0x43, 9, scores.bytes, RESPONSE)


def section():
    yield HEADING
    yield "`Scripts/wire_vectors.py` computes and writes them; a test compares them with what this program encodes.\n"
    for vectors in (handshake(), requests(), training()):
        for name, words, data in vectors:
            words = textwrap.fill(f"**{name}** {words}:", 120, break_long_words=False, break_on_hyphens=False)
            hexadecimal = [data[at : at + 4].hex() for at in range(0, len(data), 4)]
            lines = (" ".join(hexadecimal[at : at + 8]) for at in range(0, len(hexadecimal), 8))
            yield words + "\n\n" + "".join(f"    {line}\n" for line in lines)


assert crc32c(b"123456789") == 0xE3069283
text = PAGE.read_text()
PAGE.write_text(text[: text.index(HEADING)] + "\n".join(section()))
