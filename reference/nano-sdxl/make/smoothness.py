"""How smoothly a model's pictures answer to small changes, as tables in Markdown.

    smoothness.py --prompts bench/prompts/twelve.txt [--device cuda] MODEL...

Offset: a constant is added to one channel of the final latents, in both directions, in units of
their standard deviation. Last bit: the initial noise is rounded to fp16 (2^-12 relative at most);
and all but the VAE is run in fp16 and in bf16. A smooth model's colour difference grows with the offset, and no
seed's picture becomes another one.
"""
import argparse
import pathlib

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

OFFSETS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8]


def load(model, dtype, device):
    pipe = StableDiffusionXLPipeline.from_pretrained(model, torch_dtype=dtype).to(device)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def sample(pipe, prompts, noise):
    """Final latents, fp32, of a batch of prompts: 30 steps, guidance 5."""
    made = pipe(prompts, num_inference_steps=30, guidance_scale=5.0, height=128, width=128,
                latents=noise.to(pipe.device, pipe.dtype), output_type="latent")
    return made.images.float()


@torch.no_grad()
def decode(pipe, latents):
    """8-bit pictures [N, 128, 128, 3] of final latents."""
    pictures = [pipe.vae.decode(part / pipe.vae.config.scaling_factor).sample for part in latents.split(64)]
    levels = ((torch.cat(pictures) / 2 + 0.5).clamp(0, 1) * 255).round()
    return levels.permute(0, 2, 3, 1).byte().cpu().numpy()


def compared(ones, others):
    """(PSNR in dB, mean CIEDE2000) of each pair. Equal pictures count as 100 dB."""
    error = np.mean((ones.astype(float) - others) ** 2, axis=(1, 2, 3))
    colour = [deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).mean() for a, b in zip(ones, others)]
    return np.minimum(100, 10 * np.log10(255 ** 2 / np.maximum(error, 1e-9))), np.array(colour)


def offset_table(pipe, latents):
    plain = decode(pipe, latents)
    print("| offset, std | PSNR dB, median | PSNR, worst | ΔE mean | ΔE worst | ΔE mean / offset |")
    print("|---|---|---|---|---|---|")
    for size in OFFSETS:
        psnr, colour = [], []
        for channel in range(latents.shape[1]):
            for sign in (-1, 1):
                moved = latents.clone()
                moved[:, channel] += sign * size * latents.std()
                one, other = compared(plain, decode(pipe, moved))
                psnr.append(one)
                colour.append(other)
        psnr, colour = np.concatenate(psnr), np.concatenate(colour)
        print(f"| {size} | {np.median(psnr):.1f} | {psnr.min():.1f} | {colour.mean():.2f} | {colour.max():.2f} "
              f"| {colour.mean() / size:.1f} |")


def row(name, plain, other):
    psnr, colour = compared(plain, other)
    low, p5, middle = np.quantile(psnr, [0, 0.05, 0.5])
    print(f"| {name} | {middle:.1f} | {p5:.1f} | {low:.1f} | {(psnr < 30).sum()} | {(psnr < 20).sum()} "
          f"| {colour.max():.2f} |", flush=True)


def contact_sheet(pictures, path):
    columns = 12
    rows = len(pictures) // columns
    grid = pictures[:rows * columns].reshape(rows, columns, 128, 128, 3)
    Image.fromarray(grid.transpose(0, 2, 1, 3, 4).reshape(rows * 128, columns * 128, 3)).save(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--prompts", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=200, help="prompts take turns over them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sheets", type=pathlib.Path, help="folder for a PNG of the pictures of each model")
    args = parser.parse_args()

    given = [line.strip() for line in args.prompts.read_text().splitlines() if line.strip()]
    prompts = [given[seed % len(given)] for seed in range(args.seeds)]
    noise = torch.stack([torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(seed))
                         for seed in range(args.seeds)])
    for model in args.models:
        pipe = load(model, torch.float32, args.device)
        latents = sample(pipe, prompts, noise)
        plain = decode(pipe, latents)
        if args.sheets:
            contact_sheet(plain, args.sheets / f"{model.name}.png")
        print(f"\n{model}: {args.seeds} seeds; offset over the first 24\n")
        offset_table(pipe, latents[:24])
        print("\n| change | PSNR dB, median | 5 % | worst | below 30 dB | below 20 dB | ΔE worst |")
        print("|---|---|---|---|---|---|---|")
        row("noise rounded to fp16", plain, decode(pipe, sample(pipe, prompts, noise.half().float())))
        half = load(model, torch.float16, args.device)
        row("all but the VAE in fp16", plain, decode(pipe, sample(half, prompts, noise)))
        bfloat = load(model, torch.bfloat16, args.device)
        row("all but the VAE in bf16", plain, decode(pipe, sample(bfloat, prompts, noise)))


if __name__ == "__main__":
    main()
