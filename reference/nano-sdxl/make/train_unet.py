"""Trains the UNet and both text encoders together, from scratch, on the latents of train_vae.py.

    train_unet.py --data data --work work --seconds 450

May be started beside train_vae.py: it compiles meanwhile and waits for work/latents.pt. The whole
step (drawing the batch, forward, backward, clipping, AdamW, running average) is one CUDA graph, so
that the host does nothing but replay it. Writes work/unet.pt, every 100 seconds and at the end.
"""
import argparse
import math
import pathlib
import re
import time

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import nn

from graphed import GraphedTraining
from nets import END, TEXT, TEXT_2, UNET, ClipText, read_captions

BATCH = 512
RATE, LAST_RATE, WARM_UP = 1.2e-3, 1.2e-5, 300
AVERAGE = 0.0005  # what the running average takes of each step
TIME_IDS = [128, 128, 0, 0, 128, 128]


def signal_levels():
    """Cumulative alphas of SDXL's 1000 training steps."""
    betas = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.text_encoder, self.text_encoder_2 = ClipText(TEXT, False), ClipText(TEXT_2, True)
        self.unet = UNet2DConditionModel.from_config(UNET)

    def forward(self, noisy, timestep, ids, time_ids, conditional):
        """Predicted noise. ids [N, 77] end in zeros, which is how tokenizer_2 pads."""
        with torch.autocast("cuda", torch.bfloat16):
            first = self.text_encoder(ids.masked_fill(ids == 0, END))
            second, pooled = self.text_encoder_2(ids)
            context = torch.cat([first, second], -1) * conditional.view(-1, 1, 1)
            added = {"text_embeds": pooled * conditional.view(-1, 1), "time_ids": time_ids}
            return self.unet(noisy, timestep, context, added_cond_kwargs=added).sample.float()


class Trainer:
    def __init__(self, model, ids, pictures):
        self.model, self.ids = model, ids
        self.latents = torch.zeros(pictures, 4, 16, 16, dtype=torch.half, device="cuda")
        self.scaling = torch.ones((), device="cuda")
        self.levels = signal_levels().cuda()
        self.time_ids = torch.tensor(TIME_IDS, device="cuda").expand(BATCH, 6)
        self.error = torch.zeros((), device="cuda")  # running mean, unweighted
        self.compiled = torch.compile(self.model, dynamic=False)
        used = [p for name, p in model.named_parameters()  # nothing reads the first encoder's last layer
                if not re.match(r"text_encoder\.text_model\.(encoder\.layers\.2|final)", name)]
        self.training = GraphedTraining(used, self.loss, AVERAGE)
        self.error.zero_()

    def batch(self):
        """A batch drawn on the GPU: latents, captions (8 % none, 3 % empty), sizes (10 % odd ones)."""
        def chance(share):
            return torch.rand(BATCH, device="cuda") < share
        row = torch.randint(0, len(self.latents), (BATCH,), device="cuda")
        ids = F.pad(self.ids[row], (0, 77 - self.ids.shape[1]))
        empty = torch.zeros_like(ids)
        empty[:, 0], empty[:, 1] = END - 1, END
        ids = torch.where(chance(0.03).view(-1, 1), empty, ids)
        odd = torch.cat([torch.randint(64, 512, (BATCH, 2), device="cuda"),
                         torch.randint(0, 64, (BATCH, 2), device="cuda"), self.time_ids[:, 4:]], 1)
        time_ids = torch.where(chance(0.1).view(-1, 1), odd, self.time_ids).float()
        return self.latents[row].float() * self.scaling, ids, time_ids, (~chance(0.08)).float()

    def loss(self):
        clean, ids, time_ids, conditional = self.batch()
        timestep = torch.randint(0, 1000, (BATCH,), device="cuda")
        noise = torch.randn_like(clean)
        level = self.levels[timestep].view(-1, 1, 1, 1)
        noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
        error = (self.compiled(noisy, timestep, ids, time_ids, conditional) - noise).pow(2).mean((1, 2, 3))
        self.error.lerp_(error.mean().detach(), 0.005)
        snr = (level / (1 - level)).view(-1)
        return (error * (5 / snr).clamp(max=1)).mean()  # min-SNR 5

    def save(self, path):
        self.training.swap()
        part = path.with_suffix(".part")
        torch.save(self.model.state_dict(), part)
        part.rename(path)
        self.training.swap()


def train(trainer, seconds, path, log):
    training = trainer.training
    start = saved = time.monotonic()
    step, scale, good = 0, 1.0, None
    while (done := (time.monotonic() - start) / seconds) < 1:
        cosine = 0.5 * (1 + math.cos(math.pi * done))
        training.rate.fill_(scale * (LAST_RATE + (RATE - LAST_RATE) * cosine) * min(1, (step + 1) / WARM_UP))
        for _ in range(20):
            training.graph.replay()
        step += 20
        torch.cuda.synchronize()
        if step % 1000 == 0:
            loss = trainer.error.item()
            log(f"unet step {step} {time.monotonic() - start:.0f} s: error {loss:.4f}")
            if math.isfinite(loss):
                good = ([p.detach().clone() for p in training.parameters], [p.clone() for p in training.average])
            elif good:
                scale /= 2
                training.restore(*good)
                trainer.error.zero_()
                log("not finite: back to the last good weights at half the rate")
            else:
                raise SystemExit("not finite within the first 1000 steps")
        if time.monotonic() - saved > 100:
            saved = time.monotonic()
            trainer.save(path)
    log(f"unet step {step}, the last: error {trainer.error.item():.4f}")
    trainer.save(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="with vae.pt and latents.pt")
    parser.add_argument("--seconds", type=float, required=True, help="of training, compilation apart")
    args = parser.parse_args()
    begin = time.monotonic()

    def log(text):
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", flush=True)

    torch.manual_seed(2)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    _, _, ids = read_captions(args.data, "cuda")
    trainer = Trainer(Model().cuda(), ids, len(ids))
    log("compiled")
    while not (args.work / "latents.pt").exists():
        time.sleep(1)
    trainer.latents.copy_(torch.load(args.work / "latents.pt", map_location="cuda"))
    trainer.scaling.fill_(torch.load(args.work / "vae.pt", map_location="cpu")["scaling_factor"])
    log("latents loaded")
    train(trainer, args.seconds, args.work / "unet.pt", log)


if __name__ == "__main__":
    main()
