"""Writes the archives of npy_test.cpp with NumPy itself: every element type, byte order and memory order."""
import io
import pathlib
import zipfile

import numpy as np

HERE = pathlib.Path(__file__).parent
COUNT = np.arange(12).reshape(2, 3, 2)


def values(dtype):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return COUNT % 3 == 0
    if kind == "u":
        return COUNT + 200
    if kind == "i":
        return COUNT - 100
    return COUNT / 2 - 1.25


arrays = {}
for dtype in ["?", "i1", "u1"] + [order + t for order in "<>" for t in ["i2", "i4", "i8", "u2", "u4", "u8", "f4", "f8"]]:
    name = dtype.replace("?", "bool").replace("<", "little_").replace(">", "big_")
    arrays[name] = values(dtype).astype(dtype)
    arrays[name + "_fortran"] = np.asfortranarray(arrays[name])
np.savez(HERE / "stored.npz", **arrays)
np.savez_compressed(HERE / "deflated.npz", **arrays)

# The three versions of the format, a number, a vector.
with zipfile.ZipFile(HERE / "versions.npz", "w") as archive:
    for version in [(1, 0), (2, 0), (3, 0)]:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, values("f8"), version=version)
        archive.writestr(f"v{version[0]}.npy", buffer.getvalue())
    for name, array in {"number": np.array(2.5), "vector": np.array([3.0, 4.0])}.items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        archive.writestr(name + ".npy", buffer.getvalue())

# What is refused.
with zipfile.ZipFile(HERE / "refused.npz", "w") as archive:
    for name, array in {
        "objects": np.array([{}, 1], dtype=object),
        "complex": np.array([1j]),
        "text": np.array(["a"]),
        "half": np.array([1.0], dtype="f2"),
        "record": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "infinite": np.array([1.0, np.inf]),
        "gap": np.array([[1.0, np.nan], [3.0, 4.0]], order="F"),
        "empty": np.zeros((0, 3)),
        "fractions": np.array([1.0, 2.5]),
    }.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=True)
        archive.writestr(name + ".npy", buffer.getvalue())
