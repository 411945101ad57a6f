"""Makes environments one after the other, with little claim to the processor: `python -m exporting.install NAME…`."""

import os
import sys

from exporting.environments import interpreter
from exporting.promptfoo_runtime import installed

if __name__ == "__main__":
    os.nice(10)
    for name in sys.argv[1:]:
        if name == "promptfoo":
            installed()
        else:
            interpreter(name)
