"""The client against a real server, whose binary the environment variable ONLEARN names."""

from __future__ import annotations

import asyncio
import math
import os
import re
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np

from onlearn_client import Refused, TrainClient, Unavailable, aio
from onlearn_client._checksum import crc32c

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("ONLEARN", ROOT / ".build/release/onlearn")).resolve()
MODEL = "mlp_small"


class Server:
    """`onlearn serve` with the small perceptron, on a port of its own."""

    def __init__(self, port: int = 0) -> None:
        arguments = ["serve", "--models", str(ROOT / "Tests/Fixtures/mlp_small"), "--http", "none"]
        self._process = subprocess.Popen(
            [str(BINARY), *arguments, "--listen", f"127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            found = re.search(r"olp=127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                return
        raise AssertionError("the server does not start")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.stderr is not None
        self._process.stderr.read()
        self._process.stderr.close()
        return self._process.wait(20)

    def kill(self) -> None:
        self._process.kill()
        self.stop()


def examples(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Examples that a perceptron can learn: the label is the place of the large features."""
    x = np.random.default_rng(seed).random((count, 20), dtype=np.float32)
    y = np.arange(seed, seed + count) % 5
    for row, label in enumerate(y):
        x[row, label::5] += 1
    return x, y


class ChecksumTest(unittest.TestCase):
    def test_is_castagnoli_of_any_length(self) -> None:
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(b""), 0)
        data = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()

        def slow(data: bytes) -> int:
            crc = 0xFFFFFFFF
            for byte in data:
                crc ^= byte
                for _ in range(8):
                    crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
            return crc ^ 0xFFFFFFFF

        for count in [*range(1, 70), 1023, 4099, 65_535, 65_536, 70_001]:
            self.assertEqual(crc32c(data[:count]), slow(data[:count]), count)


class ClientTest(unittest.TestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server()

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.server.stop() == 0

    def client(self, **options: object) -> TrainClient:
        return TrainClient("127.0.0.1", self.server.port, MODEL, **options)  # type: ignore[arg-type]

    def test_trains_and_scores(self) -> None:
        with self.client() as client:
            self.assertEqual([model.name for model in client.models()], [MODEL])
            description = client.load()
            self.assertEqual((description.features, description.labels, description.logits), (20, 1, 5))
            losses = [client.train(*examples(32, seed)).loss for seed in range(100)]
            self.assertLess(losses[-1], losses[0])
            x, y = examples(200, 1000)
            version = client.load().version
            scores = client.score(x, min_version=version)
            self.assertEqual(scores.probabilities.shape, (200, 5))
            self.assertGreaterEqual(scores.version, version)
            np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)
            self.assertGreater((scores.probabilities.argmax(axis=1) == y).mean(), 0.5)
            self.assertIn("window.accuracy", client.metrics())

    def test_has_a_batch_applied_once(self) -> None:
        with self.client() as client:
            x, y = examples(8)
            self.assertIsNone(client.offset("s"))
            first = client.train(x, y, source="s", begin=0, end=8)
            again = client.train(x, y, source="s", begin=0, end=8)
            self.assertFalse(first.duplicate)
            self.assertTrue(again.duplicate and math.isnan(again.loss))
            self.assertEqual(client.offset("s"), 8)
            with self.assertRaises(Refused) as refused:
                client.train(x, y, source="s", begin=4, end=12)
            self.assertEqual((refused.exception.code, refused.exception.detail), (408, 8))
            with self.assertRaises(Refused) as refused:
                client.train(x, y, source="s", begin=16, end=24)
            self.assertEqual((refused.exception.code, refused.exception.detail), (407, 8))

    def test_raises_what_the_server_says(self) -> None:
        with self.client() as client:
            client.train(*examples(4))
            x, y = examples(4)
            x[2, 7] = np.nan
            with self.assertRaises(Refused) as refused:
                client.train(x, y)
            self.assertEqual((refused.exception.code, refused.exception.detail), (304, 2))
            with self.assertRaises(Refused):
                client.freeze()
            with self.assertRaises(ValueError):
                client.train(x, y[:2])
            with self.assertRaises(ValueError):
                client.score(np.array([[2**24 + 1]]))
            self.assertFalse(client.train(*examples(4)).duplicate)
        with TrainClient("127.0.0.1", self.server.port, "nobody") as client, self.assertRaises(Refused) as refused:
            client.load()
        self.assertEqual(refused.exception.code, 302)

    def test_sends_large_batches(self) -> None:
        with self.client() as client:
            x, y = examples(20_000)
            self.assertGreater(client.train(x, y).version, 0)
            self.assertEqual(client.score(x).probabilities.shape, (20_000, 5))

    def test_does_not_send_what_is_too_large(self) -> None:
        with self.client() as client:
            with self.assertRaises(Refused) as refused:
                client.score(np.zeros((1 << 20, 20), dtype=np.float32))
            self.assertEqual((refused.exception.code, refused.exception.detail), (103, 64 << 20))

    def test_gives_up_in_time(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            start = time.monotonic()
            with TrainClient(*silent.getsockname(), MODEL, timeout=0.5) as client, self.assertRaises(Unavailable):
                client.models()
            self.assertLess(time.monotonic() - start, 3)

    def test_awaits(self) -> None:
        async def run() -> None:
            async with aio.TrainClient("127.0.0.1", self.server.port, MODEL) as client:
                replies = await asyncio.gather(*(client.train(*examples(8, seed)) for seed in range(10)))
                self.assertEqual(len({reply.version for reply in replies}), 10)
                self.assertEqual((await client.score(examples(3)[0])).probabilities.shape, (3, 5))
                with self.assertRaises(Refused):
                    await client.train(np.zeros((1, 3)), [0])

        asyncio.run(run())


class RestartTest(unittest.TestCase):
    def test_goes_on_with_a_server_that_was_killed(self) -> None:
        server = Server()
        with TrainClient("127.0.0.1", server.port, MODEL) as client:
            client.train(*examples(8))
            server.kill()
            server = Server(server.port)
            x, y = examples(8)
            self.assertEqual(client.train(x, y, source="t", begin=0, end=8).version, 1)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
