"""Makes the other files of this folder with NumPy, and the reference's layouts by hand: python3 parameters.py

Each holds the table w of 2 rows of 3, 0.5 to 3, and the scalar b, -4. stored.npz and deflated.npz are written by
numpy.savez and numpy.savez_compressed, the latter in doubles and with an array of the optimizer's state; reference is the
reference system's file of one model, store.dt its server's, where this model has the number 2 and another the number 5.
"""

import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent
W = np.arange(1, 7, dtype="<f4").reshape(2, 3) / 2
B = np.array(-4, "<f4")
OTHER = np.array([7, 8], "<f4")


def values(array):
    return struct.pack("<Q", array.size) + array.tobytes()


np.savez(HERE / "stored.npz", w=W, b=B)
np.savez_compressed(
    HERE / "deflated.npz", **{"w": np.asfortranarray(W.astype("<f8")), "b": B, "w/momentum": np.zeros_like(W)}
)
(HERE / "reference").write_bytes(
    b"".join(struct.pack("<Q", len(name)) + name + values(array) for name, array in [(b"b", B), (b"w", W)])
)
(HERE / "store.dt").write_bytes(
    b"".join(
        struct.pack("<Q", model << 10 | place) + values(array)
        for model, place, array in [(5, 0, OTHER), (2, 1, B), (2, 0, W)]
    )
)
(HERE / "model_list").write_text("other\t5\nsmall\t2\n")
