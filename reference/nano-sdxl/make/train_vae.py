"""Trains the VAE and encodes the whole training set to latents.

    train_vae.py --data data --lpips metrics/weights/lpips/alex-v0.1.safetensors --seconds 270 --out work

The decoder must answer smoothly to any small change of the latents. A decoder that has seen a few
background colours only snaps to the nearest of them, so here 30 % of the backgrounds are any colour
at all, the others vary by 24 levels, and 30 % of the pictures get their colours mixed as a whole.
Positions are free here (shift up to 8 pixels, mirror), as they cost the decoder nothing.
"""
import argparse
import math
import pathlib
import time

import torch
from diffusers import AutoencoderKL

from graphed import GraphedTraining
from make_data import COLOURS, PLACES
from nets import VAE, Lpips, Pictures, read_captions

BATCH = 64
LATENT_NOISE = 0.03


def random_pictures(pictures, count):
    """Training pictures drawn afresh: one or two sprites anywhere, any colours."""
    device, sprites = pictures.device, len(pictures.canvas) // len(PLACES)
    places = torch.randint(0, len(PLACES) + 1, (count,), device=device)  # one more: a pair
    pair = places == len(PLACES)
    first = torch.randint(0, sprites, (count,), device=device) * len(PLACES)
    second = torch.randint(0, sprites, (count,), device=device) * len(PLACES) + PLACES.index("right")
    layers = torch.stack([torch.where(pair, first + PLACES.index("left"), first + places),
                          torch.where(pair, second, -1)], 1)
    named = torch.tensor(list(COLOURS.values()), device=device, dtype=torch.float)
    colour = named[torch.randint(0, len(named), (count,), device=device)]
    colour = colour + (torch.rand_like(colour) * 2 - 1) * 24
    any_colour = torch.rand(count, 1, device=device) < 0.3
    colour = torch.where(any_colour, torch.rand_like(colour) * 255, colour).clamp(0, 255)
    picture = pictures.compose(layers, colour)

    mix = torch.eye(3, device=device) + 0.2 * torch.randn(count, 3, 3, device=device)
    mixed = (torch.einsum("nij,njhw->nihw", mix, picture) + 0.1 * torch.randn(count, 3, 1, 1, device=device))
    picture = torch.where(torch.rand(count, 1, 1, 1, device=device) < 0.3, mixed.clamp(-1, 1), picture)
    down, right = torch.randint(0, 17, (2,)).tolist()  # one shift for the batch
    picture = torch.nn.functional.pad(picture, (8, 8, 8, 8), "replicate")[:, :, down:down + 128, right:right + 128]
    return picture.flip(3) if torch.rand(()) < 0.5 else picture


def gradients(x):
    return x.diff(dim=2), x.diff(dim=3)


def train(vae, pictures, lpips, seconds, log):
    def loss_of(picture):
        with torch.autocast("cuda", torch.bfloat16):
            moments = vae.quant_conv(vae.encoder(picture)).float()
            mean, logvar = moments.chunk(2, 1)
            logvar = logvar.clamp(-30, 20)
            latents = mean + torch.randn_like(mean) * ((0.5 * logvar).exp() + LATENT_NOISE)
            decoded = vae.decoder(vae.post_quant_conv(latents)).float()
            perceived = lpips(decoded, picture).mean()
        l1 = (decoded - picture).abs().mean()
        edges = sum((a - b).abs().mean() for a, b in zip(gradients(decoded), gradients(picture)))
        kl = 0.5 * (mean ** 2 + logvar.exp() - 1 - logvar).mean()
        return l1 + 0.5 * edges + 0.3 * perceived + 1e-3 * kl, torch.stack([l1, perceived, kl]).detach()

    picture = random_pictures(pictures, BATCH).contiguous(memory_format=torch.channels_last)
    parts = torch.zeros(3, device="cuda")
    compiled = torch.compile(loss_of, dynamic=False)

    def loss():
        total, new_parts = compiled(picture)
        parts.lerp_(new_parts, 0.02)
        return total

    training = GraphedTraining(list(vae.parameters()), loss, share=0.001)
    log("compiled")
    step, start = 0, time.monotonic()
    while (done := (time.monotonic() - start) / seconds) < 1:
        rate = 2e-5 + (1e-3 - 2e-5) * 0.5 * (1 + math.cos(math.pi * done))
        training.rate.fill_(rate * min(1, (step + 1) / 200))
        picture.copy_(random_pictures(pictures, BATCH))
        training.graph.replay()
        step += 1
        if step % 20 == 0:
            torch.cuda.synchronize()  # or the clock would run ahead of the work
        if step % 500 == 0:
            l1, perceived, kl = parts.tolist()
            log(f"vae step {step} {done * seconds:.0f} s: L1 {l1:.4f} LPIPS {perceived:.4f} KL {kl:.2f}")
    training.swap()
    log(f"{step} steps")


@torch.no_grad()
def encode(vae, pictures, layers, background):
    """Posterior means of all pictures, [N, 4, 16, 16] in fp16."""
    @torch.compile(dynamic=False)
    def means(picture):
        with torch.autocast("cuda", torch.bfloat16):
            return vae.quant_conv(vae.encoder(picture)).chunk(2, 1)[0].half()

    latents = torch.empty(len(layers), 4, 16, 16, dtype=torch.half, device=layers.device)
    size = 512
    for at in range(0, len(layers), size):
        at = min(at, len(layers) - size)  # the last batch overlaps: one shape only
        picture = pictures.compose(layers[at:at + size], background[at:at + size])
        latents[at:at + size] = means(picture.contiguous(memory_format=torch.channels_last))
    return latents


@torch.no_grad()
def round_trip_psnr(vae, latents, pictures, layers, background):
    """Mean PSNR in dB of 256 pictures decoded from their latents, in fp32."""
    values = []
    for at in range(0, 256, 64):
        picture = pictures.compose(layers[at:at + 64], background[at:at + 64])
        decoded = vae.decode(latents[at:at + 64].float()).sample.clamp(-1, 1)
        values.append(-10 * ((decoded - picture) / 2).pow(2).mean((1, 2, 3)).log10())
    return torch.cat(values).mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--lpips", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="of training, compilation apart")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()

    def log(text):
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", flush=True)

    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    pictures = Pictures(args.data, "cuda")
    vae = AutoencoderKL.from_config(VAE).cuda().to(memory_format=torch.channels_last)
    lpips = Lpips(args.lpips).cuda()
    log(f"{len(pictures.canvas)} canvases")
    train(vae, pictures, lpips, args.seconds, log)

    layers, background, _ = read_captions(args.data, "cuda")
    latents = encode(vae, pictures, layers, background)
    std = latents.float().std().item()
    log(f"latents encoded: std {std:.4f}")
    if not math.isfinite(std):
        raise SystemExit("the VAE's latents are not finite: train again with a smaller rate")
    torch.save({"vae": vae.state_dict(), "scaling_factor": 1 / std}, args.out / "vae.pt")
    torch.save(latents, args.out / "latents.part")
    (args.out / "latents.part").rename(args.out / "latents.pt")
    log(f"round trip {round_trip_psnr(vae, latents, pictures, layers, background):.2f} dB")


if __name__ == "__main__":
    main()
