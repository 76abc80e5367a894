#!/usr/bin/env python3
"""Runs diffusers beside `sameseed image` and compares every tensor. For development only.

    live_parity.py --program build/release/bin/sameseed [--model DIR]... [--precision fp16]
                   [--threads N] [--case NAME]...

Exit 1 unless the final latents of every case are equal to the bit. torch must be the wheel whose
LibTorch the program was built with.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("GOMP_SPINCOUNT", "0")  # idle threads here would slow the program down
import torch
from safetensors.torch import load_file

import make_parity_goldens as goldens

HERE = pathlib.Path(__file__).resolve().parent


def command(program, model, case, threads, out):
    line = [program, "image", "--model", model, "--engine", "reference", "--prompt", case["prompt"],
            "--seed", case["seed"], "--steps", case["steps"], "--guidance", case["guidance"],
            "--size", f"{case['width']}x{case['height']}", "--set", f"load.threads={threads}",
            "--set", f"load.precision={case.get('precision', 'fp32')}",
            "--out", out / "x.png", "--tensors", out / "x.safetensors"]
    if case["negative"] is not None:
        line += ["--negative", case["negative"]]
    if case["deepcache"]:
        line += ["--deepcache", case["deepcache"]]
    if case.get("scheduler"):
        line += ["--scheduler", case["scheduler"]]
    for name, value in case.get("request", {}).items():
        line += ["--set", f"request.{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return [str(x) for x in line]


def compare(want, got):
    """Text for one tensor, and whether it is equal to the bit."""
    got = got.to(want.dtype) if not want.is_floating_point() else got
    if got.numel() == want.numel() and got.shape != want.shape:
        got = got.reshape(want.shape)
    if got.shape != want.shape:
        return f"shape {tuple(got.shape)}, want {tuple(want.shape)}", False
    if got.dtype == want.dtype and torch.equal(got, want):
        return "equal", True
    a, b = got.double(), want.double()
    return f"relative L2 {float((a - b).norm() / b.norm().clamp_min(1e-30)):.3e}", False


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True, help="the sameseed binary")
    p.add_argument("--model", type=pathlib.Path, action="append",
                   help="model folder; default: the goldens' models and reference/nano-sdxl")
    p.add_argument("--cases", type=pathlib.Path, help="JSON list of cases, as in cases.json")
    p.add_argument("--requests", action="store_true", help="samplers and fields of a request instead of the goldens' cases")
    p.add_argument("--case", action="append", help="only the cases of this name")
    p.add_argument("--precision", choices=("fp32", "fp16", "bf16"), default="fp32")
    p.add_argument("--threads", type=int, default=1)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[args.precision]
    models = args.model or [HERE / "parity/model_a", HERE / "parity/model_b",
                            HERE.parent.parent / "reference/nano-sdxl"]
    everything = (json.loads(args.cases.read_text()) if args.cases else
                  goldens.request_cases() if args.requests else goldens.case_list())
    failed = 0
    for model in models:
        if not (model / "model_index.json").exists():
            print(f"{model}: no model_index.json")
            failed += 1
            continue
        pipe = goldens.load(model)
        pipe.to(dtype)
        own = model.name[-1] if model.name in ("model_a", "model_b") else "a"
        for case in everything:
            if case["model"] != own or (args.case and case["name"] not in args.case):
                continue
            case = {**case, "precision": args.precision}
            want = goldens.run_case(pipe, case, dtype)
            want["image"] = want["image"].float()  # as the program stores it
            with tempfile.TemporaryDirectory() as folder:
                out = pathlib.Path(folder)
                done = subprocess.run(command(args.program, model, case, args.threads, out),
                                      capture_output=True, text=True)
                if done.returncode != 0:
                    print(f"{model.name} {case['name']}: exit {done.returncode}: {done.stderr[-400:]}")
                    failed += 1
                    continue
                got = load_file(out / "x.safetensors")
            bad, n_equal = [], 0
            for name, tensor in want.items():
                if name in got:
                    text, equal = compare(tensor, got[name])
                    n_equal += equal
                    if not equal:
                        bad.append(f"    {name}: {text}")
                elif name not in ("token_ids", "token_ids_2", "init_noise_sigma"):
                    bad.append(f"    {name}: not written")
            latents_equal = "latents" in got and compare(want["latents"], got["latents"])[1]
            failed += not latents_equal
            print(f"{model.name} {case['name']}: latents {'equal' if latents_equal else 'DIFFER'}, "
                  f"{n_equal} tensors equal")
            print("\n".join(bad), end="\n" if bad else "", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
