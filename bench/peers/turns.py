# SPDX-License-Identifier: Apache-2.0
"""How a peer measures in turn with Ballast: it warms up, says "ready", and for each line on standard input works for 10 ms
or once and prints its rate; at the end one JSON line. `yes '' | head -20 | …` runs one by hand.
"""
import json
import resource
import statistics
import sys
import time

TURN_SECONDS = 0.01


def take_turns(amount, unit, work):
    """`work` does `amount` of `unit` times a second."""
    for _ in range(2):
        work()
    print("ready", flush=True)
    for _ in sys.stdin:
        rates, start = [], time.perf_counter()
        while not rates or time.perf_counter() - start < TURN_SECONDS:
            before = time.perf_counter()
            work()
            rates.append(amount / (time.perf_counter() - before))
        print(f"{statistics.median(rates):.6g}", flush=True)
    print(json.dumps({"unit": unit, "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
