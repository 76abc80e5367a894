#!/usr/bin/env python3
"""Our accelerated path beside diffusers on one GPU, in one go: the table of bench/gpu.md.

    compare.py --worker sameseed-worker-cuda --model SDXL [--diffusers FOLDER] [--out FOLDER] [--images 20]

SDXL is a model of SDXL base's shapes (`sameseed seeded-model`). Runs sameseed_worker.py without and with DeepCache 3/0/0
and sdxl_diffusers.py eager and compiled, one after the other, and measures the rate of pinned copies to the device, against
which the loading of weights is held.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Fused roofline of a full step, and floor of a partial one with DeepCache 3/0/0, in ms (bench/gpu.md).
TEXT_ENCODERS_GIB = 1.635 / 1.0737  # in fp16; the peer runs without them, we with them
FLOORS = {"H200": (18.2, 0.79), "H100": (18.6, 0.851)}


def run(script, out, *arguments):
    path = os.path.join(out, script.replace(".py", "") + f"_{len(os.listdir(out))}.json")
    subprocess.run([sys.executable, os.path.join(HERE, script), *arguments, "--json", path], check=True)
    with open(path) as file:
        return json.load(file)


def copy_rate():
    """GB/s of copies from pinned memory, 256 MiB each."""
    import torch
    host, device = (torch.empty(1 << 28, dtype=torch.uint8, **where) for where in ({"pin_memory": True}, {"device": "cuda"}))
    rates = []
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        device.copy_(host, non_blocking=True)
        end.record()
        torch.cuda.synchronize()
        rates.append(host.numel() / 1e6 / begin.elapsed_time(end))
    return statistics.median(rates), torch.cuda.get_device_name()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--worker", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--diffusers")
    p.add_argument("--out", default="compare")
    p.add_argument("--images", default="20")
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    ours = ("--worker", args.worker, "--model", args.model, "--images", args.images)
    full = run("sameseed_worker.py", args.out, *ours)
    cached = run("sameseed_worker.py", args.out, *ours, "--deepcache", "3/0/0")
    peers = run("sdxl_diffusers.py", args.out, "--only", "eager,compile",
                *(("--diffusers", args.diffusers) if args.diffusers else ()))
    rate, gpu = copy_rate()
    eager, compiled = peers["arms"]["eager"], peers["arms"]["compile"]
    median = lambda entry: entry["median"]
    floors = next((floor for name, floor in FLOORS.items() if name in gpu), (None, None))
    rows = [("UNet step", "unet_step_ms", full["full_step_ms"]), ("VAE decode", "vae_decode_ms", full["decode_ms"]),
            ("30 steps and decode", "image_30_steps_ms", full["end_to_end_ms"]),
            ("ours with DeepCache 3/0/0, theirs without", "image_30_steps_ms", cached["end_to_end_ms"])]
    print(f"\n{gpu}\n\n| | ours, ms | torch.compile, ms | eager, ms | ours / torch.compile |\n|---|---|---|---|---|")
    for name, key, entry in rows:
        mine, theirs, plain = median(entry), median(compiled[key]), median(eager[key])
        print(f"| {name} | {mine:.2f} | {theirs:.2f} | {plain:.2f} | {mine / theirs:.3f} |")
    print("\n| | measured | of | ratio |\n|---|---|---|---|")
    if floors[0]:
        step, partial = median(full["full_step_ms"]), median(cached["partial_step_ms"])
        print(f"| full step, ms, over the fused roofline | {step:.2f} | {floors[0]} | {step / floors[0]:.2f} |")
        print(f"| partial step, ms, over its floor | {partial:.3f} | {floors[1]} | {partial / floors[1]:.2f} |")
    with_text = eager["memory_mib"]["peak_allocated"] / 1024 + TEXT_ENCODERS_GIB
    print(f"| peak memory, GiB, to eager's with text encoders | {full['peak_memory_gib']:.2f} | {with_text:.2f} | "
          f"{full['peak_memory_gib'] / with_text:.2f} |")
    print(f"| loading, GB/s, to pinned copies | {cached['upload_gb_s']:.1f} | {rate:.1f} | {cached['upload_gb_s'] / rate:.2f} |")


if __name__ == "__main__":
    main()
