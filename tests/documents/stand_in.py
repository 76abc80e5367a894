#!/usr/bin/env python3
"""`sameseed` for the commands of the documents: the real program, but for what takes long.

`run` is planned as it stands, and its folder is a copy of the one run that was made. A plan that was made once is not made again:
other pages have the same command. The engines of `image` are `null`. With SAMESEED_TEST_LONG a run of at most 60 samples and
every picture are real.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

PROGRAM = os.path.join(os.environ["SAMESEED_BIN"], "sameseed")
ONE_RUN = os.environ["SAMESEED_ONE_RUN"]
PLANS_OPTIONS = {"--model": 1, "--vae": 1, "--variant": 1, "--keep-env": 1, "--gates": 1, "--floor": 0, "--oracle": 0, "--cold": 0,
                 "--trace": 0, "--times": 1, "--probe": 0, "--quiet": 0}
LONG = bool(os.environ.get("SAMESEED_TEST_LONG"))
MOST_SAMPLES = 60
RUNS_OPTIONS = {"--slots": 1, "--devices": 1, "--shard": 1, "--time-limit": 1, "--baseline": 1, "--ledger": 1, "--verbose": 0,
                "--require-coverage": 0}


def planned(words):
    """(words for `plan`, folder) of the words behind `run` or `plan`. A model that is the reader's is the embedded one here."""
    plan, folder, rest = [], "sameseed-run-demo", list(words)
    while rest:
        word = rest.pop(0)
        if word == "--out":
            folder = rest.pop(0)
        elif word in PLANS_OPTIONS:
            values = [rest.pop(0) for _ in range(PLANS_OPTIONS[word])]
            if word == "--probe" or word == "--model" and not pathlib.Path(values[0]).exists() and values[0].startswith("/"):
                continue
            plan += [word, *values]
        elif word in RUNS_OPTIONS:
            del rest[:RUNS_OPTIONS[word]]
        else:
            plan.append(word)
    return plan, folder


def plan_only(words):
    """(exit code, folder, samples) of a plan that is thrown away; of one that was made before no samples are counted."""
    plan, folder = planned(words)
    seen = pathlib.Path(ONE_RUN).parent / ("planned-" + hashlib.sha256("\0".join(plan).encode()).hexdigest())
    if seen.exists() and not LONG:
        return 0, folder, 0
    thrown_away = pathlib.Path(folder.rstrip("/") + ".planned")
    code = subprocess.run([PROGRAM, "plan", *plan, "--out", thrown_away], check=False).returncode
    samples = len(json.loads((thrown_away / "plan.json").read_text(encoding="utf-8"))["samples"]) if code == 0 else 0
    shutil.rmtree(thrown_away, ignore_errors=True)
    if code == 0:
        seen.touch()
    return code, folder, samples


def main(words):
    command = words[0] if words else ""
    if command in ("run", "plan"):
        code, folder, samples = plan_only(words[1:])
        if code == 0 and command == "run":
            if LONG and samples <= MOST_SAMPLES:
                shutil.rmtree(folder, ignore_errors=True)  # a copy of the one run, of another command
                return subprocess.run([PROGRAM, *words], check=False).returncode
            shutil.copytree(ONE_RUN, folder, dirs_exist_ok=True)
        return code
    if command == "image" and "--case" not in words and not LONG:
        engine = words.index("--engine") + 1 if "--engine" in words else None
        words = [*words[:engine], "null", *words[engine + 1:]] if engine else [*words, "--engine", "null"]
    return subprocess.run([PROGRAM, *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
