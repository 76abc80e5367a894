"""Writes a trained model in diffusers' layout, fp16, and checks that it is finite.

    export.py --data data --work work --base reference/nano-sdxl --out model

The embedding rows of tokens that no caption holds are set to zero: they were never trained, and
zeros compress. tokenizer_2 links to tokenizer's vocabulary.
"""
import argparse
import pathlib
import shutil

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file

from nets import END, TEXT, TEXT_2, UNET, VAE, write_json


def save_text_encoder(folder, weights, config, architecture, seen):
    width = config["hidden_size"]
    table = weights["text_model.embeddings.token_embedding.weight"]
    kept = torch.zeros_like(table)
    kept[seen] = table[seen]
    weights["text_model.embeddings.token_embedding.weight"] = kept
    folder.mkdir(parents=True)
    save_file({name: value.half().contiguous() for name, value in weights.items()},
              folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", {
        "architectures": [architecture], "model_type": "clip_text_model", "vocab_size": END + 1,
        "max_position_embeddings": 77, "intermediate_size": 4 * width, "projection_dim": width,
        "layer_norm_eps": 1e-5, "attention_dropout": 0.0, "dropout": 0.0, "initializer_factor": 1.0,
        "initializer_range": 0.02, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
        "torch_dtype": "float16", **config})


def save_tokenizers(source, out):
    for name in ("tokenizer", "tokenizer_2"):
        (out / name).mkdir()
        for file in ("special_tokens_map.json", "tokenizer_config.json"):
            shutil.copy(source / name / file, out / name / file)
    for file in ("vocab.json", "merges.txt"):
        shutil.copy(source / "tokenizer" / file, out / "tokenizer" / file)
        (out / "tokenizer_2" / file).symlink_to(pathlib.Path("../tokenizer") / file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--base", type=pathlib.Path, required=True, help="folder with the tokenizers and SDXL's scheduler")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a new folder")
    args = parser.parse_args()

    trained = torch.load(args.work / "unet.pt", map_location="cpu")
    first = torch.load(args.work / "vae.pt", map_location="cpu")
    for part in (trained, first["vae"]):
        if not all(value.half().isfinite().all() for value in part.values()):
            raise SystemExit("a weight is not finite in fp16")

    def part(name):
        return {key.removeprefix(name + "."): value for key, value in trained.items()
                if key.startswith(name + ".")}

    unet = UNet2DConditionModel.from_config(UNET)
    unet.load_state_dict(part("unet"))
    unet.half().save_pretrained(args.out / "unet")
    vae = AutoencoderKL.from_config(VAE | {"scaling_factor": first["scaling_factor"]})
    vae.load_state_dict(first["vae"])
    vae.half().save_pretrained(args.out / "vae")

    ids = np.load(args.data / "captions.npz")["ids"]
    seen = torch.from_numpy(np.unique(np.append(ids, [0, END - 1, END])).astype(np.int64))
    save_text_encoder(args.out / "text_encoder", part("text_encoder"), TEXT, "CLIPTextModel", seen)
    save_text_encoder(args.out / "text_encoder_2", part("text_encoder_2"), TEXT_2,
                      "CLIPTextModelWithProjection", seen)
    shutil.copytree(args.base / "scheduler", args.out / "scheduler")
    save_tokenizers(args.base, args.out)
    write_json(args.out / "model_index.json", {
        "_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.19.0",
        "force_zeros_for_empty_prompt": True,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]})
    size = sum(file.stat().st_size for file in args.out.rglob("*") if file.is_file() and not file.is_symlink())
    print(f"{args.out}: {size / 1e6:.2f} MB, scaling factor {first['scaling_factor']:.5f}")


if __name__ == "__main__":
    main()
