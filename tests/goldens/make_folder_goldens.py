#!/usr/bin/env python3
"""What transformers and diffusers make of model folders that are not as SDXL's own.

    make_folder_goldens.py --parity tests/goldens/parity --out tests/goldens/folders

tokenizers.json: changes to the files of parity/model_a/tokenizer and the ids of every prompt, without
padding, or why transformers fails, or what this program's refusal holds. A change is an object of fields to set, by file (`remove`: what to take
away); "tokenizer.json" holds only the added tokens, the rest of it is made of vocab.json and
merges.txt. length_100.safetensors: final latents of model_a where the tokenizers and both encoders
take 100 tokens, the positions from 77 on being those from 0 on. Packages: requirements.txt.
"""
import argparse
import json
import pathlib
import shutil
import tempfile

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.loaders import TextualInversionLoaderMixin
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

PROMPTS = ["a <s0> cat", "A <S0> <s2> <S2>!", "<s0>_1, the<s0>", "<|endoftext|> x <|EndOfText|> !",
           "cats <s0><s1>", "a " * 30]
CONFIG, MAP, ADDED, SINGLE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                              "tokenizer.json")
S0, S1, S2 = "<s0>", "<s1>", "<S2>"


def token(content, normalized=None, special=None, typed=False, **more):
    t = {"content": content, "lstrip": False, "rstrip": False, "single_word": False, **more}
    if normalized is not None:
        t["normalized"] = normalized
    if special is not None:
        t["special"] = special
    if typed:
        t["__type"] = "AddedToken"
    return t


CASES = {
    "as it is": {},
    "added_tokens.json": {ADDED: {S0: 898}},
    "added_tokens.json, several": {ADDED: {S1: 899, S0: 898, S2: 900}},
    "added_tokens.json, a token that is special elsewhere": {
        ADDED: {S2: 898}, CONFIG: {"extra_special_tokens": [S2]}},
    "added_tokens.json with a token of the vocabulary": {ADDED: {"<|endoftext|>": 897, S0: 898}},
    "added_tokens.json with another number": {ADDED: {S0: 899}},
    "additional in the map": {MAP: {"additional_special_tokens": [S0, S2]}},
    "additional in the map, as objects": {MAP: {"additional_special_tokens": [token(S0)]}},
    "additional in the config": {CONFIG: {"additional_special_tokens": [S2, S0]}},
    "additional in the config, as objects": {
        CONFIG: {"additional_special_tokens": [token(S2, True, typed=True)]}},
    "extra in the config": {CONFIG: {"extra_special_tokens": [S0]}},
    "extra in the map": {MAP: {"extra_special_tokens": [S0, token(S2, True)]}},
    "extra goes before additional": {
        CONFIG: {"extra_special_tokens": [S0], "additional_special_tokens": [S1]}},
    "an empty extra gives way to additional": {
        CONFIG: {"extra_special_tokens": [], "additional_special_tokens": [S1]}},
    "extra of the config goes before additional of the map": {
        CONFIG: {"extra_special_tokens": [S0]}, MAP: {"additional_special_tokens": [S1]}},
    "decoder": {CONFIG: {"added_tokens_decoder": {"898": token(S0, True, False),
                                                  "899": token(S2, False, True)}}},
    "decoder, nothing said": {CONFIG: {"added_tokens_decoder": {"898": token(S2)}}},
    "decoder with another number": {CONFIG: {"added_tokens_decoder": {"2000": token(S0)}}},
    "the decoder alone is read": {
        CONFIG: {"added_tokens_decoder": {"898": token(S0)}, "pad_token": "!"},
        MAP: {"additional_special_tokens": [S1], "pad_token": "<|endoftext|>"}, ADDED: {S1: 899}},
    "an empty decoder too": {CONFIG: {"added_tokens_decoder": {}}, ADDED: {S1: 898}},
    "tokenizer.json": {SINGLE: [token(S0, True, False, id=898)]},
    "tokenizer.json alone": {SINGLE: [token(S2, False, False, id=898)],
                             "remove": ["vocab.json", "merges.txt"]},
    "tokenizer.json and a decoder": {SINGLE: [token(S0, id=898)],
                                     CONFIG: {"added_tokens_decoder": {"898": token(S1)}}},
    "tokenizer.json and added_tokens.json": {SINGLE: [token(S1, id=899)], ADDED: {S0: 898}},
    "all vectors of a textual inversion": {ADDED: {S0: 898, "<s0>_1": 899, "<s0>_2": 900}},
    "a role of its own": {CONFIG: {"mask_token": S0}, MAP: {"pad_token": "<pad>"}},
    "a role without a word on matching": {
        CONFIG: {"unk_token": token("<|endoftext|>", typed=True)}, "remove": [MAP]},
    "a role that the decoder describes": {
        CONFIG: {"added_tokens_decoder": {"897": token("<|endoftext|>", True, True)}}},
    "a role as a bare object": {CONFIG: {"eos_token": token("<|endoftext|>")}, "remove": [MAP]},
    "no role in any file": {CONFIG: {"remove": ["bos_token", "eos_token", "unk_token", "pad_token"]},
                            "remove": [MAP]},
    "a role that is null": {MAP: {"pad_token": None}},
    "longer": {CONFIG: {"model_max_length": 100}},
    "shorter": {CONFIG: {"model_max_length": 8}},
    "longer, the older name": {CONFIG: {"remove": ["model_max_length"], "max_len": 40}},
    "no length": {CONFIG: {"remove": ["model_max_length"]}},
    "a length of null": {CONFIG: {"model_max_length": None}},
    "a length of 77.0": {CONFIG: {"model_max_length": 77.0}},
    "a length without end": {CONFIG: {"model_max_length": 1000000000000000019884624838656}},
}
# What transformers runs and this program refuses by name.
REFUSED = {
    "added_tokens.json with another number": "has the number 899",
    "decoder with another number": "has the number 2000",
}
for name, change, says in [
        ("padding on the left", {CONFIG: {"padding_side": "left"}}, "padding_side"),
        ("cut on the left", {CONFIG: {"truncation_side": "left"}}, "truncation_side"),
        ("special tokens split", {CONFIG: {"split_special_tokens": True}}, "split_special_tokens"),
        ("blanks eaten", {CONFIG: {"added_tokens_decoder": {"898": {**token(S0), "lstrip": True}}}},
         "lstrip"),
        ("a token of another model", {CONFIG: {"image_token": S0}}, "image_token")]:
    CASES[name], REFUSED[name] = change, says


def edit(path, fields):
    values = json.loads(path.read_text()) if path.exists() else {}
    for gone in fields.get("remove", []):
        values.pop(gone, None)
    values.update({k: v for k, v in fields.items() if k != "remove"})
    path.write_text(json.dumps(values))


def changed(source, folder, change):
    shutil.copytree(source, folder)
    for name, fields in change.items():
        if name == SINGLE:
            vocab = json.loads((folder / "vocab.json").read_text())
            merges = [line for line in (folder / "merges.txt").read_text().splitlines()
                      if line and not line.startswith("#version")]
            (folder / name).write_text(json.dumps({
                "version": "1.0", "added_tokens": fields,
                "model": {"type": "BPE", "vocab": vocab, "merges": merges}}))
        elif name != "remove":
            edit(folder / name, fields)
    for name in change.get("remove", []):
        (folder / name).unlink()
    return folder


def ids_of(folder):
    """The ids of every prompt as SDXL's pipeline asks for them, without padding; or the failure."""
    try:
        clip = CLIPTokenizer.from_pretrained(folder)
        rows = []
        for prompt in PROMPTS:
            prompt = TextualInversionLoaderMixin().maybe_convert_prompt(prompt, clip)
            ids = clip(prompt, padding="max_length", max_length=clip.model_max_length,
                       truncation=True).input_ids
            while len(ids) > 1 and ids[-1] == ids[-2] == clip.pad_token_id:
                ids = ids[:-1]
            rows.append(ids)
        return {"ids": rows, "length": clip.model_max_length, "pad": clip.pad_token_id}
    except Exception as failure:
        return {"fails": f"{type(failure).__name__}: {str(failure)[:60]}"}


def latents_of_length(source, length, out):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model"
        shutil.copytree(source, model)
        for number in ("", "_2"):
            edit(model / f"tokenizer{number}" / CONFIG, {"model_max_length": length})
            edit(model / f"text_encoder{number}" / "config.json", {"max_position_embeddings": length})
            file = model / f"text_encoder{number}" / "model.safetensors"
            tensors, name = load_file(file), "text_model.embeddings.position_embedding.weight"
            rows = tensors[name]
            tensors[name] = torch.cat([rows, rows])[:length].contiguous()
            save_file(tensors, file, metadata={"format": "pt"})
        pipe = StableDiffusionXLPipeline.from_pretrained(model, torch_dtype=torch.float32)
        latents = pipe("a cat", width=64, height=64, num_inference_steps=1,
                       generator=torch.Generator("cpu").manual_seed(1), output_type="latent").images
    save_file({"latents": latents.contiguous()}, out)


# UNets as distillation leaves them, of model_a's weights: changes to its config, and tensors that stand in for others.
UNETS = {
    "nested": ({"transformer_layers_per_block": [1, [1, 1], [2, 1]],
                "reverse_transformer_layers_per_block": [[1, 2, 1], [1, 1, 1], 1]}, {}),
    "flat and reversed": ({"reverse_transformer_layers_per_block": [[2, 1, 1], 1, 7]}, {}),
    "no layers in places": ({"transformer_layers_per_block": [1, 1, [0, 2]],
                             "reverse_transformer_layers_per_block": [[2, 0, 1], 1, 1]}, {}),
    "a resnet in the middle": ({"mid_block_type": "UNetMidBlock2D"}, {}),
    "nothing in the middle": ({"mid_block_type": None}, {}),
    "uneven": ({"layers_per_block": [2, 1, 2], "transformer_layers_per_block": [1, [1], [2, 2]],
                "reverse_transformer_layers_per_block": [[2, 2, 2], [1, 1], 1]},
               {"up_blocks.1.resnets.1": "up_blocks.1.resnets.2"}),
}


def latents_of_unets(source, out):
    """unets.json: the changes; unets.safetensors: final latents by name."""
    latents = {}
    for name, (fields, copies) in UNETS.items():
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            shutil.copytree(source, model)
            edit(model / "unet/config.json", fields)
            file = model / "unet/diffusion_pytorch_model.safetensors"
            tensors = load_file(file)
            for place, other in copies.items():
                tensors = {k: v for k, v in tensors.items() if not k.startswith(place + ".")}
                tensors.update({place + k[len(other):]: v.clone() for k, v in tensors.items()
                                if k.startswith(other + ".")})
            save_file(tensors, file, metadata={"format": "pt"})
            pipe = StableDiffusionXLPipeline.from_pretrained(model, torch_dtype=torch.float32)
            latents[name] = pipe("a cat", width=64, height=64, num_inference_steps=1,
                                 generator=torch.Generator("cpu").manual_seed(1),
                                 output_type="latent").images.contiguous()
    save_file(latents, out / "unets.safetensors")
    rows = [{"name": name, "config": fields, "copies": copies} for name, (fields, copies) in UNETS.items()]
    (out / "unets.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--parity", type=pathlib.Path, required=True)
    options.add_argument("--out", type=pathlib.Path, required=True)
    options.add_argument("--unets", action="store_true", help="unets.json and unets.safetensors alone")
    options = options.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(exist_ok=True)
    latents_of_unets(options.parity / "model_a", options.out)
    if options.unets:
        return
    cases = []
    for name, change in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            changed_folder = changed(options.parity / "model_a/tokenizer",
                                     pathlib.Path(folder) / "tokenizer", change)
            case = {"name": name, "change": change, **ids_of(changed_folder)}
        if name in REFUSED:
            case = {"name": name, "change": change, "refused": REFUSED[name]}
        cases.append(case)
    lines = ",\n".join(" " + json.dumps(case, ensure_ascii=False) for case in cases)
    (options.out / "tokenizers.json").write_text(
        f'{{"prompts": {json.dumps(PROMPTS)},\n"cases": [\n{lines}]}}\n')
    latents_of_length(options.parity / "model_a", 100, options.out / "length_100.safetensors")


if __name__ == "__main__":
    main()
