"""Writes .safetensors files: https://github.com/huggingface/safetensors says what is in them. Needs NumPy only."""

import json
import struct

import numpy as np


def save(path, tensors, metadata=None):
    """Writes float32 arrays by name, and texts by name as metadata, to the file at `path`."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, array in tensors.items():
        content = np.ascontiguousarray(array, np.float32).tobytes()
        header[name] = {
            "dtype": "F32", "shape": list(np.shape(array)), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
