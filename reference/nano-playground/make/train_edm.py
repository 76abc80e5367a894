"""Trains nano-playground's UNet from scratch in EDM's formulation, on nano-sdxl's VAE and text encoders.

    train_edm.py --base ../nano-sdxl --data data --work work --steps 32000 [--stop-after SECONDS]

Written for one GPU. Encodes the training set of ../nano-sdxl/make/make_data.py, then trains; the whole
step is one CUDA graph. Saves its state to work/state.pt when it ends, after --stop-after seconds and every minute, and
goes on from it when it is started again. Writes work/unet.pt (the running average, fp16) and work/latents.json.
"""
import argparse
import json
import math
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "nano-sdxl/make"))
from graphed import GraphedTraining  # noqa: E402
from nets import END, TEXT, TEXT_2, UNET, ClipText, Pictures, read_captions  # noqa: E402

BATCH = 512
RATE, LAST_RATE, WARM_UP = 1.2e-3, 1.2e-5, 300
AVERAGE = 0.0005  # what the running average takes of each step
SIGMA_DATA, LOG_MEAN, LOG_STD = 0.5, -1.2, 1.2  # Karras et al. 2022, table 1
TIME_IDS = [128, 128, 0, 0, 128, 128]


@torch.no_grad()
def encoded_captions(base, ids):
    """Hidden states [N, 77, 80] and pooled embeddings [N, 48] of token ids, as the pipeline makes them, in fp16."""
    encoders = []
    for name, config, projection in (("text_encoder", TEXT, False), ("text_encoder_2", TEXT_2, True)):
        encoder = ClipText(config, projection)
        encoder.load_state_dict({k: v.float() for k, v in load_file(base / name / "model.safetensors").items()
                                 if not k.endswith("position_ids")})
        encoders.append(encoder.cuda().eval())
    hidden = torch.empty(len(ids), 77, TEXT["hidden_size"] + TEXT_2["hidden_size"], dtype=torch.half, device="cuda")
    pooled = torch.empty(len(ids), TEXT_2["hidden_size"], dtype=torch.half, device="cuda")
    for at in range(0, len(ids), 2000):
        part = F.pad(ids[at:at + 2000], (0, 77 - ids.shape[1]))  # zeros: how tokenizer_2 pads
        first = encoders[0](part.masked_fill(part == 0, END))
        second, pooled[at:at + 2000] = encoders[1](part)
        hidden[at:at + 2000] = torch.cat([first, second], -1)
    return hidden, pooled


@torch.no_grad()
def encoded_pictures(base, data, layers, background):
    """Latents' means [N, 4, 16, 16] in fp16."""
    vae = AutoencoderKL.from_pretrained(base / "vae").cuda().to(memory_format=torch.channels_last)
    pictures = Pictures(data, "cuda")
    latents = torch.empty(len(layers), 4, 16, 16, dtype=torch.half, device="cuda")
    for at in range(0, len(layers), 500):
        batch = pictures.compose(layers[at:at + 500], background[at:at + 500]).contiguous(memory_format=torch.channels_last)
        latents[at:at + 500] = vae.quant_conv(vae.encoder(batch)).chunk(2, 1)[0].half()
    return latents


class Trainer:
    def __init__(self, unet, latents, hidden, pooled):
        self.latents, self.hidden, self.pooled = latents, hidden, pooled  # of captions, the last row: of the empty one
        self.time_ids = torch.tensor(TIME_IDS, device="cuda").expand(BATCH, 6)
        self.error = torch.zeros((), device="cuda")  # running mean
        self.unet = unet
        self.compiled = torch.compile(unet, dynamic=False)
        self.training = GraphedTraining(list(unet.parameters()), self.loss, AVERAGE)
        self.error.zero_()

    def loss(self):
        def chance(share):
            return torch.rand(BATCH, device="cuda") < share
        row = torch.randint(0, len(self.latents), (BATCH,), device="cuda")
        clean = self.latents[row].float()
        row = torch.where(chance(0.03), len(self.latents), row)
        told = (~chance(0.08)).half()
        odd = torch.cat([torch.randint(64, 512, (BATCH, 2), device="cuda"),
                         torch.randint(0, 64, (BATCH, 2), device="cuda"), self.time_ids[:, 4:]], 1)
        time_ids = torch.where(chance(0.1).view(-1, 1), odd, self.time_ids).float()
        log_sigma = LOG_MEAN + LOG_STD * torch.randn(BATCH, device="cuda")
        sigma = log_sigma.exp().view(-1, 1, 1, 1)
        noisy = clean + sigma * torch.randn_like(clean)
        total = sigma ** 2 + SIGMA_DATA ** 2
        target = (clean - SIGMA_DATA ** 2 / total * noisy) / (sigma * SIGMA_DATA / total.sqrt())
        with torch.autocast("cuda", torch.bfloat16):
            added = {"text_embeds": self.pooled[row] * told.view(-1, 1), "time_ids": time_ids}
            output = self.compiled(noisy / total.sqrt(), 0.25 * log_sigma, self.hidden[row] * told.view(-1, 1, 1),
                                   added_cond_kwargs=added).sample.float()
        error = (output - target).pow(2).mean()
        self.error.lerp_(error.detach(), 0.005)
        return error

    def save(self, work, step):
        for file, value in (("state.pt", {"step": step, "training": self.training.state(),
                                          "random": torch.cuda.get_rng_state()}),
                            ("unet.pt", self.average())):
            part = work / (file + ".part")
            torch.save(value, part)
            part.rename(work / file)

    def average(self):
        self.training.swap()
        weights = {name: value.detach().half().cpu() for name, value in self.unet.state_dict().items()}
        self.training.swap()
        return weights


def train(trainer, steps, rate, stop_after, work, log):
    training, step = trainer.training, 0
    start = saved = time.monotonic()
    if (work / "state.pt").exists():
        state = torch.load(work / "state.pt", map_location="cuda")
        step = state["step"]
        training.load(state["training"])
        torch.cuda.set_rng_state(state["random"].cpu())
        log(f"goes on from step {step}")
    while step < steps and time.monotonic() - start < stop_after:
        cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
        training.rate.fill_((LAST_RATE + (rate - LAST_RATE) * cosine) * min(1, (step + 1) / WARM_UP))
        for _ in range(20):
            training.graph.replay()
        step += 20
        torch.cuda.synchronize()
        if step % 1000 == 0:
            error = trainer.error.item()
            log(f"step {step} {time.monotonic() - start:.0f} s: error {error:.4f}")
            if not math.isfinite(error):
                raise SystemExit("not finite")
        if time.monotonic() - saved > 60:
            saved = time.monotonic()
            trainer.save(work, step)
    trainer.save(work, step)
    log(f"step {step} of {steps}: error {trainer.error.item():.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=pathlib.Path, required=True, help="nano-sdxl")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--start", type=pathlib.Path, help="an earlier unet.pt instead of chance")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--stop-after", type=float, default=math.inf, help="seconds of training")
    args = parser.parse_args()
    begin = time.monotonic()

    def log(text):
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", flush=True)

    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    layers, background, ids = read_captions(args.data, "cuda")
    empty = torch.zeros_like(ids[:1])
    empty[0, 0], empty[0, 1] = END - 1, END
    hidden, pooled = encoded_captions(args.base, torch.cat([ids, empty]))
    log("captions encoded")
    latents = encoded_pictures(args.base, args.data, layers, background)
    mean, std = latents.float().mean((0, 2, 3)), latents.float().std((0, 2, 3))
    (args.work / "latents.json").write_text(json.dumps({"latents_mean": mean.tolist(), "latents_std": std.tolist()}))
    latents = ((latents.float() - mean.view(1, 4, 1, 1)) * (SIGMA_DATA / std).view(1, 4, 1, 1)).half()
    log(f"pictures encoded: mean {mean.tolist()}, std {std.tolist()}")
    torch.manual_seed(4)
    unet = UNet2DConditionModel.from_config(UNET).cuda()
    if args.start:
        unet.load_state_dict(torch.load(args.start, map_location="cuda"))
    trainer = Trainer(unet, latents, hidden, pooled)
    log("compiled")
    torch.cuda.manual_seed(5)
    train(trainer, args.steps, args.rate, args.stop_after, args.work, log)


if __name__ == "__main__":
    main()
