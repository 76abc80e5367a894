#!/usr/bin/env python3
"""Makes tests/goldens/parity: two small random SDXL folders and what diffusers computes on them.

    make_parity_goldens.py --tokenizer reference/nano-sdxl/tokenizer --out tests/goldens/parity

CPU, fp32, one thread. The partial step of DeepCache is written here after horseee/DeepCache's
DeepCache/sdxl and siliconflow/onediff's onediffx/deep_cache; interval 1 is asserted to equal
diffusers' own UNet to the bit.
"""
import argparse
import functools
import json
import math
import pathlib
import platform

import diffusers
import numpy as np
import tokenizers
import torch
import transformers
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from safetensors.torch import save_file

from parity_models import build

LONG = ("a photograph of an old stone bridge over a quiet river in autumn with golden leaves and "
        "morning mist, ") * 4
PROMPT = "a red fox in the snow, oil painting!"


def load(folder):
    pipe = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32,
                                                     add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def quad_center(n_steps, interval, center, power):
    n, p = math.ceil(n_steps / interval), power
    while p > 1:
        x = np.linspace(complex(-center) ** (1 / p), complex(n_steps - center) ** (1 / p), n + 1)
        v = sorted({int(z) for z in np.trunc((x ** p).real)})
        indices = [0] + [i + center for i in v[1:-1]]
        if len(indices) == n:
            return indices
        p -= 0.02
    raise ValueError("no quad-centre schedule")


class DeepCache:
    """Replaces unet.forward. branch = 3 * layer + block + 1 counts the skips that are recomputed."""

    def __init__(self, unet, branch, full_steps):
        self.unet, self.branch, self.full, self.step, self.cache = unet, branch, full_steps, 0, None

    def __call__(self, sample, timestep, encoder_hidden_states, added_cond_kwargs, return_dict=False,
                 **_):
        u, ctx = self.unet, encoder_hidden_states
        full = self.step in self.full
        self.step += 1
        temb = u.time_embedding(u.get_time_embed(sample=sample, timestep=timestep))
        temb = temb + u.get_aug_embed(emb=temb, encoder_hidden_states=ctx,
                                      added_cond_kwargs=added_cond_kwargs)
        x = u.conv_in(sample)
        skips = [x]
        for block in u.down_blocks:
            attentions = getattr(block, "attentions", [None] * len(block.resnets))
            for resnet, attention in zip(block.resnets, attentions):
                if full or len(skips) <= self.branch:
                    x = resnet(x, temb)
                    x = attention(x, encoder_hidden_states=ctx)[0] if attention is not None else x
                    x = x if not isinstance(x, tuple) else x[0]
                    skips.append(x)
            if block.downsamplers is not None and (full or len(skips) <= self.branch):
                x = block.downsamplers[0](x)
                skips.append(x)
        first = 0 if full else 8 - self.branch
        x = u.mid_block(x, temb, encoder_hidden_states=ctx) if full else self.cache
        flat = 0
        for block in u.up_blocks:
            attentions = getattr(block, "attentions", [None] * len(block.resnets))
            ran = False
            for resnet, attention in zip(block.resnets, attentions):
                if flat >= first:
                    if full and flat == 8 - self.branch:
                        self.cache = x
                    x = resnet(torch.cat([x, skips.pop()], dim=1), temb)
                    if attention is not None:
                        x = attention(x, encoder_hidden_states=ctx, return_dict=False)[0]
                    ran = True
                flat += 1
            if ran and block.upsamplers is not None:
                x = block.upsamplers[0](x, skips[-1].shape[2:])
        return (u.conv_out(u.conv_act(u.conv_norm_out(x))),)


def full_steps(deepcache, steps):
    """'3/0/0', '3/branch:0', '3/0/0/quad:CENTER:POW' -> (branch, full steps)."""
    parts = deepcache.split("/")
    interval = int(parts[0])
    if parts[1].startswith("branch:"):
        branch, rest = int(parts[1][7:]), parts[2:]
    else:
        branch, rest = 3 * int(parts[1]) + int(parts[2]) + 1, parts[3:]
    if rest:
        _, center, power = rest[0].split(":")
        return branch, set(quad_center(steps, interval, int(center), float(power)))
    return branch, set(range(0, steps, interval))


def arguments(request):
    """Fields of a request, as the program names them, as arguments of diffusers' pipeline."""
    names = {"negative_2": "negative_prompt_2", "batch": "num_images_per_prompt"}
    sizes = ("original_size", "target_size", "negative_original_size", "negative_target_size")

    def value_of(name, value):
        if name in sizes:
            return tuple(int(side) for side in value.split("x"))[::-1]
        return tuple(value) if "crops" in name else value
    return {names.get(name, name): value_of(name, value) for name, value in request.items()}


def run_case(pipe, case, dtype=torch.float32):
    """Everything `sameseed image --tensors` writes, by diffusers."""
    got, preds, more = {}, [], arguments(case.get("request", {}))
    w, h, cfg = case["width"], case["height"], case["guidance"] > 1
    noise = torch.randn((more.get("num_images_per_prompt", 1), 4, h // 8, w // 8),
                        generator=torch.Generator("cpu").manual_seed(case["seed"]), dtype=dtype)
    texts = zip((pipe.tokenizer, pipe.tokenizer_2), (case["prompt"], more.get("prompt_2", case["prompt"])))
    tokens = [t(text, padding="max_length", max_length=77, truncation=True,
                return_tensors="pt").input_ids for t, text in texts]
    got["token_ids"], got["token_ids_2"] = tokens
    names = ["prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds",
             "negative_pooled_prompt_embeds"]
    of_text = {n: more[n] for n in ("prompt_2", "negative_prompt_2", "clip_skip") if n in more}
    with torch.no_grad():
        embeds = pipe.encode_prompt(case["prompt"], device="cpu", do_classifier_free_guidance=cfg,
                                    negative_prompt=case["negative"], **of_text)
    got.update({n: e for n, e in zip(names, embeds) if e is not None})
    got["noise"] = noise
    got["add_time_ids"] = torch.tensor([[*more.get("original_size", (h, w)), *more.get("crops_coords_top_left", (0, 0)),
                                         *more.get("target_size", (h, w))]], dtype=dtype)
    scheduler, forward = pipe.scheduler, pipe.unet.forward
    if case.get("scheduler"):
        pipe.scheduler = getattr(diffusers, case["scheduler"]).from_config(scheduler.config)
    step = pipe.scheduler.step

    @functools.wraps(step)  # the pipeline asks its signature whether it takes a generator
    def spy(model_output, *args, **kwargs):
        preds.append(model_output.clone())
        return step(model_output, *args, **kwargs)

    def at_end(_, __, ___, kw):
        got["latents"] = kw["latents"].clone()
        return kw
    pipe.scheduler.step = spy
    if case["deepcache"]:
        pipe.unet.forward = DeepCache(pipe.unet, *full_steps(case["deepcache"], case["steps"]))
    try:
        image = pipe(case["prompt"], negative_prompt=case["negative"], width=w, height=h,
                     num_inference_steps=case["steps"], guidance_scale=case["guidance"],
                     generator=torch.Generator("cpu").manual_seed(case["seed"]),
                     output_type="pt", callback_on_step_end=at_end, **more).images
        got["timesteps"] = pipe.scheduler.timesteps.clone()
        if hasattr(pipe.scheduler, "sigmas"):
            got["sigmas"] = pipe.scheduler.sigmas.clone()
        got["init_noise_sigma"] = torch.as_tensor(pipe.scheduler.init_noise_sigma).float().reshape(1)
    finally:
        pipe.scheduler.step = step
        pipe.scheduler, pipe.unet.forward = scheduler, forward
    got["noise_pred_first"], got["noise_pred_last"], got["image"] = preds[0], preds[-1], image
    return {k: v.contiguous().clone() for k, v in got.items()}


def modules(pipe):
    """Single modules fed with 1e-3-sized inputs, where a wrong epsilon shows; one UNet call."""
    g = torch.Generator().manual_seed(7)
    u, ctx_dim = pipe.unet, pipe.unet.config.cross_attention_dim

    def r(*shape, scale=1.0):
        return scale * torch.randn(shape, generator=g)
    w0, w1, w2 = u.config.block_out_channels
    out = {"time_embedding.timestep": torch.tensor([801.0, 1.5]),
           "resnet.input": r(2, w0, 5, 7, scale=1e-3), "resnet.temb": r(2, 4 * w0),
           "transformer.input": r(2, w2, 3, 5, scale=1e-3), "transformer.context": r(2, 77, ctx_dim),
           "vae_attention.input": r(1, pipe.vae.config.block_out_channels[-1], 4, 6, scale=1e-3),
           "unet.sample": r(2, 4, 7, 13), "unet.timestep": torch.tensor([801.0]),
           "unet.context": r(2, 77, ctx_dim),
           "unet.text_embeds": r(2, pipe.text_encoder_2.config.projection_dim),
           "unet.time_ids": torch.tensor([[56.0, 104.0, 0, 0, 56.0, 104.0]] * 2),
           "transformer_block.input": r(2, 15, w2, scale=1e-3),
           "transformer_block.context": r(2, 77, ctx_dim),
           "vae.latents": r(1, 4, 5, 7)}
    with torch.no_grad():
        out["time_embedding.output"] = u.time_embedding(u.time_proj(out["time_embedding.timestep"]))
        out["resnet.output"] = u.down_blocks[1].resnets[0](out["resnet.input"], out["resnet.temb"])
        out["transformer.output"] = u.down_blocks[2].attentions[0](
            out["transformer.input"], encoder_hidden_states=out["transformer.context"]).sample
        out["vae_attention.output"] = pipe.vae.decoder.mid_block.attentions[0](
            out["vae_attention.input"])
        out["transformer_block.output"] = u.down_blocks[2].attentions[0].transformer_blocks[0](
            out["transformer_block.input"],
            encoder_hidden_states=out["transformer_block.context"])
        c = pipe.vae.config
        latents = out["vae.latents"]
        if c.latents_mean is not None:
            std, mean = (torch.tensor(x).view(1, 4, 1, 1) for x in (c.latents_std, c.latents_mean))
            latents = latents * std / c.scaling_factor + mean
        else:
            latents = latents / c.scaling_factor
        out["vae.output"] = pipe.vae.decode(latents, return_dict=False)[0]
        args = (out["unet.sample"], out["unet.timestep"][0], out["unet.context"])
        kw = {"added_cond_kwargs": {"text_embeds": out["unet.text_embeds"],
                                    "time_ids": out["unet.time_ids"]}}
        out["unet.output"] = u(*args, **kw, return_dict=False)[0]
        assert torch.equal(out["unet.output"], DeepCache(u, 1, {0})(*args, **kw)[0])
    return {k: v.contiguous().clone() for k, v in out.items()}


def norms(pipe):
    """Epsilon and groups (null: a layer norm) of every norm of the inference networks."""
    rows = {}
    for part in ("text_encoder", "text_encoder_2", "unet", "vae"):
        for name, m in getattr(pipe, part).named_modules():
            if not isinstance(m, (torch.nn.GroupNorm, torch.nn.LayerNorm)):
                continue
            if part.startswith("text") and not name.startswith("text_model."):
                name = "text_model." + name  # as checkpoints have it
            if not (part == "vae" and name.startswith("encoder.")):
                rows[f"{part}.{name}"] = {"eps": m.eps, "groups": getattr(m, "num_groups", None)}
    return rows


def case_list():
    def case(name, model, **changes):
        return {"name": name, "model": model, "prompt": PROMPT, "negative": None, "seed": 42,
                "steps": 5, "guidance": 5.0, "width": 64, "height": 64, "deepcache": None,
                **changes}
    cases = []
    for m in "ab":
        cases += [case(f"{m}_square", m), case(f"{m}_wide20", m, width=96, steps=20, negative="blurry"),
                  case(f"{m}_odd", m, width=104, height=56, seed=7, negative=""),
                  case(f"{m}_unguided", m, guidance=1.0, width=56, height=72),
                  case(f"{m}_long", m, prompt=LONG, negative="x", seed=2**32 + 42),
                  case(f"{m}_empty", m, prompt="", seed=1)]
        for l, b in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]:
            cases.append(case(f"{m}_dc_3_{l}_{b}", m, deepcache=f"3/{l}/{b}", width=104, height=56))
        cases += [case(f"{m}_dc_branch0", m, deepcache="3/branch:0", steps=7),
                  case(f"{m}_dc_2_0_1", m, deepcache="2/0/1", steps=6),
                  case(f"{m}_dc_quad", m, deepcache="3/0/0/quad:3:1.4", steps=10)]
    return cases


def request_cases():
    """Samplers, and fields of a request beyond those of case_list(), on both models."""
    dmd2, blurry = [999, 749, 499, 249], {"negative": "blurry"}
    rows = [("dmd2", "LCMScheduler", {"timesteps": dmd2}, {"guidance": 0.0}),
            ("euler_timesteps", None, {"timesteps": dmd2}, {}),
            ("euler_sigmas", None, {"sigmas": [14.6, 4.0, 1.5, 0.7, 0.0]}, {}),
            ("dpm_timesteps", "DPMSolverMultistepScheduler", {"timesteps": [999, 700, 400, 100, 5]}, {}),
            ("tcd", "TCDScheduler", {}, {"steps": 4}), ("heun", "HeunDiscreteScheduler", {}, {}),
            ("heun_timesteps", "HeunDiscreteScheduler", {"timesteps": [900, 500, 20]}, {"guidance": 1.0}),
            ("rescale", None, {"guidance_rescale": 0.7}, blurry),
            ("clip_skip_0", None, {"clip_skip": 0}, blurry), ("clip_skip_1", None, {"clip_skip": 1}, blurry),
            ("clip_skip_all", None, {"clip_skip": 2}, {}),
            ("texts", None, {"prompt_2": "an owl at night", "negative_2": "ugly hands"}, blurry),
            ("texts_skip", None, {"prompt_2": LONG, "clip_skip": 1}, {}),
            ("negative_2", None, {"negative_2": "ugly hands"}, {}),
            ("sizes", None, {"original_size": "1024x768", "crops_coords_top_left": [16, 200], "target_size": "512x640"}, {}),
            ("negative_sizes", None, {"negative_original_size": "300x200", "negative_crops_coords_top_left": [7, 9],
                                      "negative_target_size": "64x56"}, blurry),
            ("negative_size_alone", None, {"negative_original_size": "300x200"}, {}),
            ("batch_sizes", None, {"batch": 2, "negative_original_size": "300x200", "negative_target_size": "640x56"}, {})]
    plain = {"negative": None, "seed": 42, "steps": 5, "guidance": 5.0, "width": 64, "height": 56, "deepcache": None,
             "prompt": PROMPT}
    return [{**plain, **more, "name": f"{m}_{name}", "model": m, "scheduler": scheduler, "request": request}
            for m in "ab" for name, scheduler, request, more in rows]


def write_requests(pipes, out):
    """requests.json: the cases as the program is asked for them; requests.safetensors: their final latents."""
    rows, latents = [], {}
    for case in request_cases():
        latents[case["name"]] = run_case(pipes[case["model"]], case)["latents"]
        rows.append({"name": case["name"], "model": f"model_{case['model']}", "scheduler": case["scheduler"] or "",
                     "request": {name: case[name] for name in ("prompt", "negative", "seed", "steps", "guidance", "deepcache")}
                     | {"size": f"{case['width']}x{case['height']}"} | case["request"]})
        print(case["name"], "latents std %.3f" % latents[case["name"]].std())
    save_file(latents, out / "requests.safetensors")
    (out / "requests.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def write_cases(pipes, out):
    cases = case_list()
    for case in cases:
        got = run_case(pipes[case["model"]], case)
        if case["deepcache"]:
            got = {"latents": got["latents"]}
        elif case["width"] * case["height"] > 6000 and case["model"] == "b":
            got.pop("image")  # one large picture a shape is enough, and the folder stays small
        case["file"] = case["name"] + ".safetensors"
        assert all(torch.isfinite(v).all() for v in got.values()), case["name"]
        save_file(got, out / case["file"])
        print(case["name"], "latents std %.3f" % got["latents"].std())
    versions = {"python": platform.python_version(), "torch": torch.__version__,
                "diffusers": diffusers.__version__, "transformers": transformers.__version__,
                "tokenizers": tokenizers.__version__, "numpy": np.__version__, "threads": 1,
                "cpu_capability": torch.backends.cpu.get_cpu_capability()}
    index = {"versions": versions, "models": {n: f"model_{n}" for n in "ab"},
             "modules": {n: f"modules_{n}.safetensors" for n in "ab"}, "cases": cases}
    (out / "cases.json").write_text(json.dumps(index, indent=1) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tokenizer", type=pathlib.Path, help="needed but for --requests")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--keep-models", action="store_true", help="recompute outputs only")
    p.add_argument("--keep-pictures", action="store_true",
                   help="with --keep-models: recompute everything but models, cases and pictures")
    p.add_argument("--requests", action="store_true", help="requests.json and requests.safetensors alone")
    args = p.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.requests:
        return write_requests({name: load(args.out / f"model_{name}") for name in "ab"}, args.out)
    pipes = {}
    for name in "ab":
        if not args.keep_models:
            build(name, args.out / f"model_{name}", args.tokenizer)
        pipes[name] = load(args.out / f"model_{name}")
        save_file(modules(pipes[name]), args.out / f"modules_{name}.safetensors")
    tables = (f"{json.dumps(name)}: {{\n" + ",\n".join(
        f"{json.dumps(norm)}: {json.dumps(row)}" for norm, row in norms(pipe).items()) + "\n}"
        for name, pipe in pipes.items())
    (args.out / "norms.json").write_text("{\n" + ",\n".join(tables) + "\n}\n")
    if not args.keep_pictures:
        write_cases(pipes, args.out)
        write_requests(pipes, args.out)
    nasty = ["", "!", "!!!", "a!b ! c", "Hello,   WORLD\n\ttabs", "caf\u00e9 cafe\u0301", "it's we'll I'D",
             "\u201cquotes\u201d \u2019s", "\u6f22\u5b57 \u304b\u306a", "\U0001f98a\U0001f3fd fox", "&amp; &lt;b&gt;",
             "\uff26\uff35\uff2c\uff2c", "zero\u200bwidth\u00adhyphen", "a\u00a0b\u3000c", "123 4567 x2",
             "<|endoftext|> inside <|startoftext|>", "\u0130stanbul STRASSE \u00df \u03a3\u03c3\u03c2", "a_b-c/d\\e", LONG]
    rows = []
    for n in "a":
        t1, t2 = pipes[n].tokenizer, pipes[n].tokenizer_2
        for text in nasty:
            kw = dict(padding="max_length", max_length=77, truncation=True)
            rows.append({"prompt": text, "input_ids": t1(text, **kw).input_ids,
                         "input_ids_2": t2(text, **kw).input_ids})
    (args.out / "tokens.json").write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")


if __name__ == "__main__":
    main()
