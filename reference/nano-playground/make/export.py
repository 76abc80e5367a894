"""Writes nano-playground in diffusers' layout beside nano-sdxl, whose unchanged parts it links to.

    export.py --work work --base ../nano-sdxl --out ../nano-playground
"""
import argparse
import json
import pathlib
import sys

import torch
from diffusers import UNet2DConditionModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "nano-sdxl/make"))
from nets import UNET, write_json  # noqa: E402

SHARED = {  # folder -> files of nano-sdxl
    "tokenizer": ("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"),
    "tokenizer_2": ("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"),
    "text_encoder": ("config.json", "model.safetensors"), "text_encoder_2": ("config.json", "model.safetensors"),
    "vae": ("diffusion_pytorch_model.safetensors",)}
SCHEDULER = {  # playground-v2.5's own file
    "_class_name": "EDMDPMSolverMultistepScheduler", "_diffusers_version": "0.27.0.dev0", "algorithm_type": "dpmsolver++",
    "dynamic_thresholding_ratio": 0.995, "euler_at_final": False, "final_sigmas_type": "zero", "lower_order_final": True,
    "num_train_timesteps": 1000, "prediction_type": "epsilon", "rho": 7.0, "sample_max_value": 1.0, "sigma_data": 0.5,
    "sigma_max": 80.0, "sigma_min": 0.002, "solver_order": 2, "solver_type": "midpoint", "thresholding": False}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, required=True, help="with unet.pt and latents.json")
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    unet = UNet2DConditionModel.from_config(UNET)
    unet.load_state_dict(torch.load(args.work / "unet.pt", map_location="cpu"))
    if not all(value.isfinite().all() for value in unet.half().state_dict().values()):
        raise SystemExit("a weight is not finite in fp16")
    unet.save_pretrained(args.out / "unet")
    for folder, files in SHARED.items():
        (args.out / folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            link = args.out / folder / file
            link.unlink(missing_ok=True)
            link.symlink_to(pathlib.Path("../..") / args.base.resolve().name / folder / file)
    vae = json.loads((args.base / "vae/config.json").read_text())
    write_json(args.out / "vae/config.json",
               vae | {"scaling_factor": 0.5} | json.loads((args.work / "latents.json").read_text()))
    (args.out / "scheduler").mkdir(exist_ok=True)
    write_json(args.out / "scheduler/scheduler_config.json", SCHEDULER)
    index = json.loads((args.base / "model_index.json").read_text())
    write_json(args.out / "model_index.json", index | {
        "_diffusers_version": "0.27.0.dev0", "scheduler": ["diffusers", "EDMDPMSolverMultistepScheduler"]})


if __name__ == "__main__":
    main()
