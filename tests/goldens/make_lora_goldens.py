#!/usr/bin/env python3
"""LoRAs of parity/model_a in three formats, and the weights that diffusers fuses with them.

    make_lora_goldens.py --out tests/goldens/lora
    make_lora_goldens.py --out tests/goldens/lora --bits build/release/bin/sameseed

The first form writes the LoRAs, each with its format's own saver (diffusers' save_lora_weights, PEFT's
save_pretrained; kohya's files as its trainer lays them out: names with _, an alpha beside each pair),
fused.safetensors with CASE/PRECISION/COMPONENT/TENSOR with every 7th value of each weight that fuse_lora
changed, and latents.safetensors with the final latents of CASE/PRECISION. The second compares with the program instead, to
the bit: final latents of every case in fp32, fp16 and bf16. Exit 1 unless all are equal. Packages: requirements.txt.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile

import torch
from diffusers import LCMScheduler, StableDiffusionXLPipeline
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE / "parity/model_a"
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
EVERY = 7  # of a fused weight's values one is kept
COMPONENTS = ("unet", "text_encoder", "text_encoder_2")
# What `sameseed image --lora` is given, in its order.
CASES = {
    "diffusers": [("diffusers", 0.8)],
    "older diffusers": [("older_diffusers.safetensors", 1.0)],
    "peft": [("peft", 1.0)],
    "kohya": [("kohya.safetensors", 0.7)],
    "kohya, diffusers' blocks": [("kohya_diffusers_blocks.safetensors", -0.5)],
    "three": [("kohya.safetensors", 0.6), ("peft", 0.25), ("diffusers", 1.5)],
}
CASES["few steps"] = CASES["three"]  # by the sampler that such LoRAs are made for, without guidance
BLOCK = "down_blocks.1.attentions.0"
UNET_LAYERS = (rf"({BLOCK}\.transformer_blocks\.0\.(attn1\.to_q|attn2\.(to_k|to_v|to_out\.0)|ff\.net\.0\.proj)|{BLOCK}\.proj_in"
               r"|down_blocks\.1\.resnets\.0\.(conv1|conv_shortcut|time_emb_proj))")
TEXT_LAYERS = r".*encoder\.layers\.1\.(self_attn\.(q_proj|out_proj)|mlp\.fc1)"


def pipeline(precision="fp32", model=MODEL):
    pipe = StableDiffusionXLPipeline.from_pretrained(model, torch_dtype=PRECISIONS[precision])
    pipe.set_progress_bar_config(disable=True)
    return pipe


def randomise(module, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in sorted(module.named_parameters()):
        if "lora_" in name:
            p.data = 0.3 * torch.randn(p.shape, generator=g)


def config(component, **more):
    layers = UNET_LAYERS if component == "unet" else TEXT_LAYERS
    return LoraConfig(**{"r": 4, "lora_alpha": 6, "target_modules": layers, **more})


def save_diffusers(out):
    """As diffusers' own training scripts do, with alpha and other ranks in the metadata."""
    pipe, layers, metadata = pipeline(), {}, {}
    for i, name in enumerate(COMPONENTS):
        ranks = {"proj_in": 8, "down_blocks.1.resnets.0.conv1": 2} if name == "unet" else {"fc1": 3}
        part, chosen = getattr(pipe, name), config(name, rank_pattern=ranks, alpha_pattern={"proj_in": 5},
                                                   use_rslora=name == "text_encoder_2")
        part.add_adapter(chosen)
        randomise(part, 100 + i)
        state = get_peft_model_state_dict(part)
        layers[f"{name}_lora_layers"] = state if name == "unet" else convert_state_dict_to_diffusers(state)
        metadata[f"{name}_lora_adapter_metadata"] = {
            key: value for key, value in chosen.to_dict().items() if key in (
                "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "target_modules")}
    pipe.save_lora_weights(out, **layers, **metadata)


def save_older_diffusers(out):
    """The names of diffusers before PEFT (to_q_lora, lora_linear_layer), in half precision, without alpha."""
    pipe, layers = pipeline(), {}
    for i, name in enumerate(COMPONENTS):
        part = getattr(pipe, name)
        part.add_adapter(config(name, rank_pattern={"to_q": 2}))
        randomise(part, 200 + i)
        state = {}
        for key, value in get_peft_model_state_dict(part).items():
            module, half = key.rsplit(".lora_", 1)
            half = "down" if half.startswith("A") else "up"
            if name == "unet" and module.endswith(("attn1.to_q", "to_v", "to_out.0")):
                at, layer = module.rsplit(".to_", 1)
                key = f"{at}.processor.to_{layer.removesuffix('.0')}_lora.{half}.weight"
            else:
                key = f"{module}.{'lora' if name == 'unet' else 'lora_linear_layer'}.{half}.weight"
            state[key] = value.half()
        layers[f"{name}_lora_layers"] = state
    pipe.save_lora_weights(out.parent, weight_name=out.name, **layers)


def save_peft(out):
    for i, name in enumerate(COMPONENTS):
        part = get_peft_model(getattr(pipeline(), name), config(name, alpha_pattern={"attn1.to_q": 3}))
        randomise(part, 300 + i)
        part.save_pretrained(out / name)
        (out / name / "README.md").unlink(missing_ok=True)


def save_kohya(out, modules, seed):
    """modules: kohya's name -> shape of the weight, rank, alpha."""
    g, state = torch.Generator().manual_seed(seed), {}
    for name, (shape, rank, alpha) in modules.items():
        kernel = shape[2:]
        state[f"{name}.lora_down.weight"] = (0.3 * torch.randn(rank, shape[1], *kernel, generator=g)).half()
        state[f"{name}.lora_up.weight"] = (0.3 * torch.randn(shape[0], rank, *(1 for _ in kernel), generator=g)).half()
        if alpha is not None:
            state[f"{name}.alpha"] = torch.tensor(float(alpha)).half()
    save_file(state, out, {"ss_network_module": "networks.lora", "ss_network_dim": "4", "ss_network_alpha": "2"})


def kohya_layers(te_alpha):
    te = "text_model_encoder_layers_0"
    return {f"lora_{number}_{te}_{layer}": ((2 * width if layer == "mlp_fc1" else width, width), 4, alpha)
            for number, width in (("te1", 32), ("te2", 48))
            for layer, alpha in (("self_attn_q_proj", 2), ("self_attn_out_proj", 2), ("mlp_fc1", te_alpha))}


def save_loras(out):
    save_diffusers(out / "diffusers")
    save_older_diffusers(out / "older_diffusers.safetensors")
    save_peft(out / "peft")
    at = "transformer_blocks_0"
    # Ranks and alphas that differ: in attention and in the first text encoder diffusers takes the commonest alpha.
    save_kohya(out / "kohya.safetensors", {
        "lora_unet_input_blocks_0_0": ((8, 4, 3, 3), 4, 2),
        "lora_unet_input_blocks_3_0_op": ((8, 8, 3, 3), 4, 2),
        "lora_unet_input_blocks_4_0_in_layers_2": ((16, 8, 3, 3), 2, 1),
        "lora_unet_input_blocks_4_0_emb_layers_1": ((16, 32), 4, None),
        "lora_unet_input_blocks_4_0_skip_connection": ((16, 8, 1, 1), 4, 2),
        "lora_unet_input_blocks_5_0_out_layers_3": ((16, 16, 3, 3), 4, 2),
        "lora_unet_input_blocks_4_1_proj_in": ((16, 16), 4, 4),
        f"lora_unet_input_blocks_4_1_{at}_attn1_to_q": ((16, 16), 4, 4),
        f"lora_unet_input_blocks_4_1_{at}_attn2_to_k": ((16, 80), 8, 2),
        f"lora_unet_input_blocks_4_1_{at}_attn2_to_out_0": ((16, 16), 4, 2),
        f"lora_unet_input_blocks_4_1_{at}_ff_net_0_proj": ((128, 16), 3, 3),
        "lora_unet_middle_block_1_transformer_blocks_1_attn2_to_v": ((24, 80), 4, 2),
        "lora_unet_middle_block_2_in_layers_2": ((24, 24, 3, 3), 1, 2),
        "lora_unet_output_blocks_2_2_conv": ((24, 24, 3, 3), 1, 2),
        f"lora_unet_output_blocks_3_1_{at}_ff_net_2": ((16, 64), 4, 2),
        "lora_unet_time_embed_0": ((32, 8), 4, 2),
        "lora_unet_label_emb_0_2": ((32, 32), 4, 2),
        "lora_unet_out_2": ((4, 8, 3, 3), 4, 2),
        **kohya_layers(1)}, 400)
    save_kohya(out / "kohya_diffusers_blocks.safetensors", {
        f"lora_unet_down_blocks_1_attentions_0_{at}_attn1_to_v": ((16, 16), 4, 2),
        "lora_unet_down_blocks_0_downsamplers_0_conv": ((8, 8, 3, 3), 4, 2),
        "lora_unet_mid_block_resnets_0_time_emb_proj": ((24, 32), 4, 2),
        "lora_unet_up_blocks_1_resnets_2_conv_shortcut": ((16, 24, 1, 1), 4, 2),
        "lora_unet_up_blocks_0_upsamplers_0_conv": ((24, 24, 3, 3), 1, 2),
        **kohya_layers(2)}, 500)


def load_peft(pipe, folder, adapter):
    """As load_lora_weights loads a file with such metadata: it does not know base_model.model itself."""
    for name in COMPONENTS:
        state = {name + "." + key.removeprefix("base_model.model."): value
                 for key, value in load_file(folder / name / "adapter_model.safetensors").items()}
        fields = json.loads((folder / name / "adapter_config.json").read_text())
        how = dict(network_alphas=None, adapter_name=adapter, _pipeline=pipe, low_cpu_mem_usage=True,
                   metadata={f"{name}.{key}": value for key, value in fields.items()})
        if name == "unet":
            pipe.load_lora_into_unet(state, unet=pipe.unet, **how)
        else:
            pipe.load_lora_into_text_encoder(state, text_encoder=getattr(pipe, name), prefix=name, **how)


def weights(pipe):
    return {f"{name}/{key.replace('.base_layer', '')}": value.detach() for name in COMPONENTS
            for key, value in getattr(pipe, name).state_dict().items() if "lora_" not in key}


def fused(loras, case, precision, model=MODEL):
    """The pipeline and the weights that changed, under their names in the model's files."""
    pipe = pipeline(precision, model)
    if case == "few steps":
        pipe.scheduler = LCMScheduler.from_config(pipe.scheduler.config)
    before = {key: value.clone() for key, value in weights(pipe).items()}
    names = []
    for file, _ in CASES[case]:
        names.append(f"lora{len(names)}")
        if (loras / file / "unet").exists():
            load_peft(pipe, loras / file, names[-1])
        else:
            pipe.load_lora_weights(str(loras / file), adapter_name=names[-1])
    pipe.set_adapters(names, [scale for _, scale in CASES[case]])
    pipe.fuse_lora()
    changed = {}
    for key, value in weights(pipe).items():
        if not torch.equal(value, before[key]):
            changed[key.replace("text_encoder/encoder", "text_encoder/text_model.encoder")] = value.clone()
    return pipe, changed


def latents(pipe, case, steps, side=64):
    few = case == "few steps"
    return pipe("a cat", width=side, height=side, num_inference_steps=4 if few else steps,
                guidance_scale=1.0 if few else 5.0, generator=torch.Generator("cpu").manual_seed(1),
                output_type="latent").images.contiguous()


def program_latents(program, loras, case, precision, steps, model=MODEL, side=64):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "x"
        line = [program, "image", "--model", model, "--prompt", "a cat", "--seed", 1, "--size", f"{side}x{side}",
                "--set", "load.threads=1", "--set", f"load.precision={precision}", "--out", f"{out}.png",
                "--tensors", f"{out}.safetensors"]
        if case == "few steps":
            line += ["--scheduler", "LCMScheduler", "--steps", 4, "--guidance", 1]
        else:
            line += ["--steps", steps]
        for file, scale in CASES[case]:
            line += ["--lora", f"{loras / file}={scale}"]
        subprocess.run([str(word) for word in line], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return load_file(f"{out}.safetensors")["latents"]


def compare(loras, program):
    """Prints a line a case; whether any differs. Last a LoRA of rank 8 of all attention of nano-sdxl."""
    nano = HERE.parent.parent / "reference/nano-sdxl"
    with tempfile.TemporaryDirectory() as folder:
        pipe = pipeline(model=nano)
        pipe.unet.add_adapter(LoraConfig(r=8, lora_alpha=8, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
        randomise(pipe.unet, 600)
        pipe.save_lora_weights(folder, unet_lora_layers=convert_state_dict_to_diffusers(get_peft_model_state_dict(pipe.unet)))
        CASES["nano-sdxl"] = [(folder, 0.1)]
        wrong = 0
        for case in CASES:
            of_model = {"model": nano, "side": 128} if case == "nano-sdxl" else {"model": MODEL, "side": 64}
            for precision in PRECISIONS:
                pipe, changed = fused(loras, case, precision, of_model["model"])
                wanted = latents(pipe, case, 3, of_model["side"])
                equal = torch.equal(wanted, program_latents(program, loras, case, precision, 3, **of_model))
                wrong += not equal
                print(f"{case}, {precision}: {len(changed)} weights fused; latents "
                      f"{'equal' if equal else 'DIFFER'}", flush=True)
    return wrong > 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=pathlib.Path, required=True)
    options.add_argument("--bits", type=pathlib.Path, help="the program to compare with, instead of writing")
    options = options.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    if options.bits:
        raise SystemExit(compare(options.out, options.bits))
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    save_loras(options.out)
    all_fused, all_latents = {}, {}
    for case in CASES:
        for precision in PRECISIONS:
            pipe, changed = fused(options.out, case, precision)
            for key, value in (changed if case != "few steps" else {}).items():  # those of "three"
                all_fused[f"{case}/{precision}/{key}"] = value.flatten()[::EVERY].contiguous()
            all_latents[f"{case}/{precision}"] = latents(pipe, case, 1)
    save_file(all_fused, options.out / "fused.safetensors")
    save_file(all_latents, options.out / "latents.safetensors")
    (options.out / "cases.json").write_text(json.dumps(
        {case: [{"path": file, "scale": scale} for file, scale in loras] for case, loras in CASES.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
