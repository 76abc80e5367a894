#!/usr/bin/env python3
"""Makes tests/goldens/parity/trace_X.safetensors: the latents behind every step and the L2 norm of
every UNet block's output, by hooks on diffusers' own modules.

    make_trace_goldens.py --goldens tests/goldens/parity

CPU, fp32, one thread; the cases X of cases.json, in the format of `sameseed image --trace`.
"""
import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file

from make_parity_goldens import load

CASES = ["a_square", "b_odd"]  # with guidance; another shape, another prediction type


def trace(pipe, case):
    unet = pipe.unet
    blocks = {"conv_in": unet.conv_in, "mid_block": unet.mid_block, "conv_out": unet.conv_out}
    for name in ("down_blocks", "up_blocks"):
        blocks.update({f"{name}.{i}": block for i, block in enumerate(getattr(unet, name))})
    order, norms, latents = [], [], []

    def watch(name):
        def hook(_module, _inputs, output):
            output = output[0] if isinstance(output, tuple) else output
            if name not in order:
                order.append(name)
            norms.append(output.double().norm())
        return hook

    hooks = [module.register_forward_hook(watch(name)) for name, module in blocks.items()]

    def keep(_pipe, _step, _timestep, kwargs):
        latents.append(kwargs["latents"].clone())
        return {}

    noise = torch.randn((1, 4, case["height"] // 8, case["width"] // 8),
                        generator=torch.Generator("cpu").manual_seed(case["seed"]))
    pipe(case["prompt"], negative_prompt=case["negative"], num_inference_steps=case["steps"],
         guidance_scale=case["guidance"], width=case["width"], height=case["height"], latents=noise,
         output_type="latent", callback_on_step_end=keep)
    for hook in hooks:
        hook.remove()
    return ({"latents": torch.cat(latents),
             "block_norms": torch.stack(norms).view(case["steps"], len(order))},
            {"blocks": " ".join(order)})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--goldens", type=pathlib.Path, required=True)
    args = p.parse_args()
    torch.set_num_threads(1)
    for case in json.loads((args.goldens / "cases.json").read_text())["cases"]:
        if case["name"] in CASES:
            tensors, metadata = trace(load(args.goldens / f"model_{case['model']}"), case)
            save_file(tensors, args.goldens / f"trace_{case['name']}.safetensors", metadata)
            print(case["name"], metadata["blocks"])


if __name__ == "__main__":
    main()
