"""Whether train_edm.py goes on from its saved state with the same result: weights of one run to the end, and of one that
was stopped on the way and started again, on a small set of drawn pictures. Where they differ: also of a second run to the end.

    check_resume.py --base ../nano-sdxl --work work [--steps 400]

Needs one GPU. Prints how many values differ from the first run's, and the largest difference; ends with 1 where the
resumed run's weights differ from the first run's by more than the second's do.
"""
import argparse
import pathlib
import subprocess
import sys

import numpy as np
import torch
from PIL import Image, ImageDraw

SPRITES, CAPTIONS = 24, 1024


def draw(data):
    """Sprites and captions as make_data.py writes them, from a seed."""
    random = np.random.default_rng(1)
    (data / "sprites").mkdir(parents=True, exist_ok=True)
    for i in range(SPRITES):
        image = Image.new("RGBA", (100, 80 + i))
        colour = tuple(int(c) for c in random.integers(0, 256, 3)) + (255,)
        ImageDraw.Draw(image).ellipse((5, 5, 90, 70 + i), fill=colour)
        image.save(data / "sprites" / f"{i:04}.png")
    canvases = SPRITES * 5
    ids = np.zeros((CAPTIONS, 24), np.int32)
    ids[:, 0], ids[:, 5] = 49406, 49407  # start and end of the text
    ids[:, 1:5] = random.integers(3, 300, (CAPTIONS, 4))
    np.savez(data / "captions.npz", ids=ids, background=random.integers(0, 256, (CAPTIONS, 3)),
             layers=np.stack([random.integers(0, canvases, CAPTIONS), np.full(CAPTIONS, -1)], 1))


def train(args, data, name, *more):
    work = args.work / name
    command = [sys.executable, str(pathlib.Path(__file__).with_name("train_edm.py")), "--base", str(args.base), "--data",
               str(data), "--work", str(work), "--steps", str(args.steps), *more]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"{name}: {output.splitlines()[-1]}", flush=True)
    return torch.load(work / "unet.pt"), torch.load(work / "state.pt", map_location="cpu")["step"]


def difference(a, b):
    differing = sum(int((a[name] != b[name]).sum()) for name in a)
    largest = max(float((a[name].float() - b[name].float()).abs().max()) for name in a)
    print(f"  {differing} of {sum(value.numel() for value in a.values())} values differ, by at most {largest:.3g}")
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=pathlib.Path, required=True, help="nano-sdxl")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    args = parser.parse_args()
    data = args.work / "data"
    draw(data)
    whole, _ = train(args, data, "whole")
    _, stopped = train(args, data, "resumed", "--stop-after", "1")
    if not 0 < stopped < args.steps:
        sys.exit(f"check_resume: stopped at step {stopped} of {args.steps}: nothing to go on with; take more --steps")
    resumed, _ = train(args, data, "resumed")
    print(f"stopped at step {stopped}, and gone on with:")
    if difference(whole, resumed) == 0:
        return
    print("a second run to the end:")
    sys.exit(difference(whole, resumed) > difference(whole, train(args, data, "again")[0]))


if __name__ == "__main__":
    main()
