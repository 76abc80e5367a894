#!/usr/bin/env python3
"""What a sweep costs beside its pictures: the wall time of a run over the samples' own times.

    sweep_cost.py [--json FILE] sameseed run MATRIX --out RUN [...]

Runs the command, which must make all samples of RUN, and prints where its time went. Own times are `total` of every sample
made, warm-ups included; loads, files and scoring are not in them. The wall is that of the command, from its start to the
written report. The ratio is the wall over the own times divided by the slots.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import time


def lines_of(path):
    with open(path) as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:  # of a crash
                pass


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def made_in_newest_start(run):
    """The newest run record, and the worker, sample and stop records behind it."""
    start, behind = None, []
    for line in lines_of(os.path.join(run, "records.jsonl")):
        if line.get("type") == "run":
            start, behind = line, []
        else:
            behind.append(line)
    return start, behind


def cost_of(run, wall, began):
    start, behind = made_in_newest_start(run)
    samples = [line for line in behind if line["type"] == "sample" and line["outcome"] == "ok"]
    loads = [line["load"].get("timings_ms", {}) for line in behind if line["type"] == "worker"]
    stops = [line["at"] for line in behind if line["type"] == "stop"]
    total = lambda kind: sum(one["timings_ms"]["total"] for one in samples if one["kind"] == kind) / 1e3
    of_all = lambda name: sum(one["timings_ms"].get(name, 0) for one in samples) / 1e3
    cost = {"slots": len(start["slots"]), "samples": len(samples), "wall_s": wall,
            "quality_s": total("quality"), "timing_s": total("timing"),
            "warm_ups_s": sum(sum(one.get("warm_ups_ms", [])) for one in samples) / 1e3,
            "workers": len(loads), "loads_s": sum(load.get("load", 0) for load in loads) / 1e3,
            "copies_s": of_all("copy"), "png_s": of_all("png"),
            "pairs": sum(line["type"] == "pair" for line in lines_of(os.path.join(run, "scores.jsonl")))}
    if stops:  # to the second
        cost["until_all_made_s"] = moment(stops[-1]) - began
        cost["after_all_made_s"] = wall - cost["until_all_made_s"]
    cost["own_s"] = cost["quality_s"] + cost["timing_s"] + cost["warm_ups_s"]
    cost["ratio"] = wall / (cost["own_s"] / cost["slots"]) if cost["own_s"] else None
    return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if "--out" not in options.command:
        parser.error("the command must name its run: --out RUN")
    began, start = time.time(), time.perf_counter()
    code = subprocess.run(options.command).returncode
    wall = time.perf_counter() - start
    run = options.command[options.command.index("--out") + 1]
    if not all(os.path.exists(os.path.join(run, file)) for file in ("records.jsonl", "scores.jsonl")):
        return code or "nothing was made or scored"
    cost = cost_of(run, wall, began)
    cost["exit_code"] = code
    for name, value in cost.items():
        print(f"{name:>17}  {value:.3f}" if isinstance(value, float) else f"{name:>17}  {value}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(cost, file, indent=1)
    return code


if __name__ == "__main__":
    sys.exit(main())
