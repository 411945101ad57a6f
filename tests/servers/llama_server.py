"""Serves a GGUF file by llama.cpp's own HTTP server, on loopback and a free port, until it is terminated.

    python llama_server.py tiny.gguf

The address is the only line on standard output; it is printed when the server listens. Needs the package `xllamacpp`.
"""

import argparse
import signal
import sys

import xllamacpp


def parameters(path: str, context: int, slots: int) -> xllamacpp.CommonParams:
    """How the server is run: `context` tokens are divided among the `slots`, each of which answers one request at a time."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path = path
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = 0
    chosen.n_ctx = context
    chosen.n_parallel = slots
    chosen.n_gpu_layers = 0
    chosen.cpuparams.n_threads = 1
    chosen.cpuparams_batch.n_threads = 1
    chosen.warmup = False
    chosen.offline = True
    chosen.ui = False
    chosen.verbosity = 0
    return chosen


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve a GGUF file by llama.cpp.")
    parser.add_argument("path")
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--slots", type=int, default=4)
    given = parser.parse_args()
    # A blocked signal is waited for below. Blocked before the server starts, so that its threads do not take it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = xllamacpp.Server(parameters(given.path, given.context, given.slots))
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
