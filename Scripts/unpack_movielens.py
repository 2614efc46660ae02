"""Unpacks MovieLens-100k from the PyPI package recbole into a folder: run it through `make data-movielens`.

The data set may be used for research and not be redistributed, so it is fetched and never part of this project; see
https://grouplens.org/datasets/movielens/100k/.
"""

import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "recbole==1.2.1"
INSIDE = "recbole/dataset_example/ml-100k/"
FILES = ["ml-100k.user", "ml-100k.item", "ml-100k.inter"]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if all((folder / name).exists() for name in FILES):
        return
    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        if subprocess.run([*pip, "--dest", temporary, PACKAGE]).returncode != 0:
            sys.exit(f"unpack_movielens: pip could not fetch {PACKAGE}; it needs the network and Debian's python3-pip")
        (wheel,) = pathlib.Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in FILES:
                partial = folder / f"{name}.partial"
                partial.write_bytes(archive.read(INSIDE + name))
                partial.rename(folder / name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: unpack_movielens.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
