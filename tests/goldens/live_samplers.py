#!/usr/bin/env python3
"""Runs diffusers' pipeline beside `sameseed image` with every sampler. For development only.

    live_samplers.py --program build/release/bin/sameseed [--model DIR] [--all | --first] [--precision fp16]...
                     [--class NAME]... [--steps N]... [--device cuda]

The samplers are those of make_scheduler_goldens.py that are tried at many numbers of steps (--all: all of them,
--first: the first of each class), at 1, 4, 5, 8, 20 and 50 steps where diffusers takes so many, guidance 5. Prints a
line a sampler, and exits with 1 unless the final latents of every case are equal to the bit. torch must be the wheel
whose LibTorch the program was built with.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("GOMP_SPINCOUNT", "0")  # idle threads here would slow the program down
import diffusers
import torch
from safetensors.torch import load_file

import make_parity_goldens as parity

GPUS = os.environ.get("CUDA_VISIBLE_DEVICES")
import make_scheduler_goldens as samplers  # which hides all GPUs

del os.environ["CUDA_VISIBLE_DEVICES"]
if GPUS is not None:
    os.environ["CUDA_VISIBLE_DEVICES"] = GPUS

HERE = pathlib.Path(__file__).resolve().parent
STEPS = (1, 4, 5, 8, 20, 50)
PROMPT, SEED, SIDE = "a photo of a cat", 7, 64


def of_diffusers(pipe, config, steps):
    """Final latents, or the error of a number of steps that diffusers cannot make."""
    pipe.scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    try:
        return pipe(PROMPT, width=SIDE, height=SIDE, num_inference_steps=steps, guidance_scale=5.0,
                    generator=torch.Generator("cpu").manual_seed(SEED), output_type="latent").images.cpu()
    except (ValueError, IndexError) as error:
        return error


def of_sameseed(program, model, config, steps, precision):
    """The same, or what the program says."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "scheduler_config.json").write_text(json.dumps(config))
        line = [program, "image", "--model", model, "--engine", "reference", "--prompt", PROMPT, "--seed", SEED,
                "--steps", steps, "--guidance", 5.0, "--size", f"{SIDE}x{SIDE}", "--set", "load.threads=1",
                "--set", f"load.precision={precision}", "--scheduler", folder / "scheduler_config.json",
                "--out", folder / "x.png", "--tensors", folder / "x.safetensors"]
        done = subprocess.run([str(x) for x in line], capture_output=True, text=True)
        if done.returncode != 0:
            return done.stderr.strip()[-300:]
        return load_file(folder / "x.safetensors")["latents"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, help="the sameseed binary")
    parser.add_argument("--model", type=pathlib.Path, default=HERE / "parity/model_a")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--steps", action="append", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", action="append", choices=tuple(samplers.TYPES))
    parser.add_argument("--class", action="append", dest="classes", metavar="NAME")
    args = parser.parse_args()
    torch.set_num_threads(1)
    pipe = parity.load(args.model)
    wrong = total = 0
    for precision in args.precision or samplers.TYPES:
        pipe.to(args.device, samplers.TYPES[precision])
        seen = set()
        for name, config, numbers in samplers.configs():
            few = not args.all and not args.first and len(numbers) < 6
            if args.classes and name not in args.classes or few:
                continue
            if args.first and name in seen:
                continue
            seen.add(name)
            config = {"_class_name": name, **config}
            bad, equal = [], 0
            for steps in args.steps or STEPS:
                want, got = of_diffusers(pipe, config, steps), of_sameseed(args.program, args.model, config, steps,
                                                                           precision)
                if isinstance(want, Exception):
                    bad += [] if isinstance(got, str) else [f"{steps} steps: diffusers refuses: {want}"]
                elif isinstance(got, str):
                    bad.append(f"{steps} steps: {got}")
                elif got.dtype == want.dtype and torch.equal(got.isnan(), want.isnan()) and torch.equal(
                        got.nan_to_num(), want.nan_to_num()):
                    equal += 1
                else:
                    a, b = got.double(), want.double()
                    bad.append(f"{steps} steps: relative L2 {float((a - b).norm() / b.norm()):.2e}")
            total += equal + len(bad)
            wrong += len(bad)
            change = {k: v for k, v in config.items() if samplers.SDXL.get(k, samplers.PLAYGROUND.get(k)) != v}
            change.pop("_class_name")
            print(f"{precision} {name} {json.dumps(change)}: {equal} equal" + "".join(f"\n    {b}" for b in bad),
                  flush=True)
    print(f"{total - wrong} of {total} equal to the bit")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
