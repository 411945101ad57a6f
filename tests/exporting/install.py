"""Makes environments one after the other, with little claim to the processor: `python -m exporting.install NAME…`."""

import os
import sys

from exporting.drawing_readers import readers
from exporting.environments import interpreter
from exporting.promptfoo_runtime import promptfoo

OTHERS = {"promptfoo": promptfoo, "drawings": readers}
"""Environments that are more than a list of Python packages."""

if __name__ == "__main__":
    os.nice(10)
    for name in sys.argv[1:]:
        make = OTHERS.get(name)
        if make is None:
            interpreter(name)
        else:
            make()
