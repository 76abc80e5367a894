#!/usr/bin/env python3
"""A run of diffusers (candidate, an outside engine) against our reference on the embedded model: on the CPU in fp32 with
one thread, or on the first GPU in fp16, there without and with cuDNN's v8 API.

    diffusers_test.py SOURCE BIN [cpu|gpu]

SAMESEED_DEVELOPMENT_PYTHON names the Python that has diffusers (tests/goldens/requirements.txt); this one where it is
unset. Exit 77, with the reason, where it has none. With the torch wheel whose LibTorch the program was built with latents
and pictures are equal to the bit. With another they may differ as two correct fp32 programs do: relative L2 of the final
latents at most 5e-5, and pictures all the same.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LATENTS_LIMIT = 5e-5  # of a correct fp32 program: every mistake of consequence moves them further
PYTHON = os.environ.get("SAMESEED_DEVELOPMENT_PYTHON", sys.executable)


def can_import(*modules):
    done = subprocess.run([PYTHON, "-c", "import " + ", ".join(modules)], capture_output=True, text=True)
    return done.returncode == 0, done.stderr.strip().rpartition("\n")[2]


def torch_versions(source):
    """That of the development environment, and that of the LibTorch below deps/ ("" where it lies elsewhere)."""
    theirs = subprocess.run([PYTHON, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True).stdout
    file = source / "deps/libtorch/torch/version.py"
    ours = re.search(r"__version__ = '([^']*)'", file.read_text()) if file.exists() else None
    return theirs.strip().split("+")[0], ours[1].split("+")[0] if ours else ""


def matrix(engine, deepcache, device):
    place = {"cpu": {"both.load.threads": [1], "both.load.precision": ["fp32"]},
             "gpu": {"both.load.precision": ["fp16"], "both.env.TORCH_CUDNN_V8_API_DISABLED": ["0", "1"]}}[device]
    return {"schema": "sameseed/matrix/1", "name": "diffusers", "reference": {"engine": "reference"},
            "candidate": {"engine": engine},
            "axes": {**place, "both.request.deepcache": [None, "3/0/0", "2/1/1"] if deepcache else [None],
                     "both.request.guidance": [5.0, 1.0], "both.request.negative": [None, "blurry"],
                     "both.request.batch": [1, 2]},
            "exclude": [{"when": {"both.request.batch": 2, "both.request.negative": "blurry"}, "because": "takes its time"},
                        {"when": {"both.request.guidance": 1.0, "both.request.negative": "blurry"},
                         "because": "without guidance a negative prompt is not read"}],
            "requests": {"prompts": ["a red apple on a white background", "an owl!"], "seeds": [7], "steps": 6,
                         "size": "128x96"},
            "timing": {"warmup": 0, "blocks": 0}}


def main():
    source, programs = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    there, why = can_import("diffusers", "torch", "transformers", "safetensors", "PIL")
    if not there:
        print(f"skipped: {PYTHON} has no environment for development ({why}); SAMESEED_DEVELOPMENT_PYTHON names another, "
              "made with `pip install -r tests/goldens/requirements.txt`")
        return 77
    deepcache, _ = can_import("DeepCache")
    theirs, ours = torch_versions(source)
    engine = f"{PYTHON} {source}/bench/engines/diffusers_engine.py"
    failed, pairs = [], 0
    check = subprocess.run([programs / "sameseed", "check-engine", engine], capture_output=True, text=True)
    faults = [line for line in check.stdout.splitlines() if line.startswith(("WRONG", "?", "note   hashes", "note   gen"))]
    if check.returncode != 0 or faults:
        failed.append(f"check-engine: {check.returncode}\n{check.stdout}{check.stderr}")
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        (pathlib.Path(folder) / "m.json").write_text(json.dumps(matrix(engine, deepcache, device)))
        done = subprocess.run([programs / "sameseed", "run", f"{folder}/m.json", "--devices", "0" if device == "gpu" else "cpu",
                               "--out", run, "--quiet"], capture_output=True, text=True)
        if done.returncode != 0:
            logs = "".join(log.read_text() for log in sorted((run / "logs").glob("*")))
            sys.exit(f"the run ended with {done.returncode}:\n{done.stdout}{done.stderr}{logs[-4000:]}")
        report = json.loads((run / "report.json").read_text())
        records = [json.loads(line) for line in (run / "records.jsonl").read_text().splitlines()]
        by_case = {record["case"]: record for record in records if record["type"] == "sample"}
        scores = {(line["candidate"], line["reference"]): line for line in map(json.loads, open(run / "scores.jsonl"))
                  if line["type"] == "pair"}
        for comparison in report["comparisons"]:
            failed += [f"{comparison['setting']}: {axis}: {proof['evidence']}"
                       for axis, proof in comparison["engagement"].items() if proof["verdict"] == "not engaged"]
            for pair in comparison["cases"]:
                candidate, reference = by_case[pair["candidate"]], by_case[pair["reference"]]
                what = f"{comparison['setting']}, {pair['prompt']!r}"
                pairs += 1
                score = scores[candidate["sample"], reference["sample"]]
                if "refused" in score:
                    failed.append(f"{what}: {score['refused']}")
                    continue
                apart = score["values"]["latents.relative_l2"]
                equal = candidate["hashes"]["latents"] == reference["hashes"]["latents"]
                pictures = [hashlib.sha256(json.dumps(pixels(run / "images" / f"{one['sample']}.png")).encode()).hexdigest()
                            for one in (candidate, reference)]
                print(f"{what}: latents {'equal' if equal else f'{apart:.1e} apart'}, "
                      f"pictures {'equal' if pictures[0] == pictures[1] else 'DIFFER'}")
                if not equal and (theirs == ours or apart > LATENTS_LIMIT):
                    failed.append(f"{what}: latents are {apart:.1e} apart")
                if pictures[0] != pictures[1]:
                    failed.append(f"{what}: the pictures differ")
                for field in ("steps_full", "full_steps"):
                    if candidate["engagement"][field] != reference["engagement"][field]:
                        failed.append(f"{what}: {field}: {candidate['engagement'][field]}, ours {reference['engagement'][field]}")
    print(f"torch {theirs}, LibTorch {ours or 'unknown'}; {pairs} pairs, {len(failed)} failed"
          + ("" if deepcache else "; without DeepCache, which is not installed"))
    if failed or pairs == 0:
        sys.exit("\n".join(failed) or "no pairs were made")
    return 0


def pixels(path):
    """Two encoders may pack equal pixels differently."""
    code = "import sys; from PIL import Image; i = Image.open(sys.argv[1]); print(i.mode, i.size, i.tobytes().hex())"
    return subprocess.run([PYTHON, "-c", code, path], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
