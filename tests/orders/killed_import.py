"""Makes orders of a stored file until somebody kills it: `killed_import.py HOME DATABASE FILE_ID`."""

from __future__ import annotations

import sys
from pathlib import Path

from orderyard.app import Config, System
from orderyard.core.orders.files.upload import run

home, database, file_id = sys.argv[1:]
run(System(Config(Path(home), database)).installation, int(file_id), lambda _: print("going", flush=True))
