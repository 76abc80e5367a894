"""The two small random SDXL folders of tests/goldens/parity."""
import json
import math

import diffusers
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

MERGES = 384  # real merges kept, in their order; ids 0..511 stay those of the full vocabulary


def write_tokenizer(source, out, pad):
    """The first 512 + MERGES tokens of CLIP's vocabulary and the two specials."""
    out.mkdir(parents=True)
    full = json.loads((source / "vocab.json").read_text("utf-8"))
    by_id = {v: k for k, v in full.items()}
    words = [by_id[i] for i in range(512 + MERGES)] + ["<|startoftext|>", "<|endoftext|>"]
    (out / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)},
                                               ensure_ascii=False), "utf-8")
    lines = (source / "merges.txt").read_text("utf-8").split("\n")[:1 + MERGES]
    (out / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
    config = {"add_prefix_space": False, "bos_token": "<|startoftext|>",
              "clean_up_tokenization_spaces": True, "do_lower_case": True,
              "eos_token": "<|endoftext|>", "errors": "replace", "model_max_length": 77,
              "pad_token": pad, "tokenizer_class": "CLIPTokenizer", "unk_token": "<|endoftext|>"}
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2))

    def special(s):
        return {"content": s, "lstrip": False, "normalized": True, "rstrip": False,
                "single_word": False}
    (out / "special_tokens_map.json").write_text(json.dumps(
        {"bos_token": special("<|startoftext|>"), "eos_token": special("<|endoftext|>"),
         "pad_token": pad, "unk_token": special("<|endoftext|>")}, indent=2))
    return len(words)


# How strongly a matrix acts, by a part of its name; 1 keeps activations O(1). Two things have to
# hold for the final latents. Rounding must not grow from step to step, or they would tell of the
# CPU's kernels only: sharp attention in the UNet does that (with queries and keys at 1.6, one last
# bit became 1e-3), so it is not sharp here. And mistakes must show: prompts come through sharp
# attention, and both activations that are easily taken for another one get large inputs.
GAINS = {"q_proj": 1.6, "k_proj": 1.6, "mlp.fc1": 2.0,  # text encoders
         "ff.net.0": 1.5, "ff.net.2": 0.7, "conv_out": 0.5}  # UNet; `conv_out` is the VAE's too


def gain(name):
    return next((value for part, value in GAINS.items() if part in name), 1.0)


def randomise(module, seed):
    """Keeps activations O(1) while every bias and norm weight matters; values exact in fp16."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=g)
            if "embedding" in name and "time_" not in name and "add_" not in name:
                p.copy_(0.7 * r)
            elif p.dim() > 1:
                p.copy_(gain(name) * r / math.sqrt(p[0].numel()))
            elif name.endswith("weight"):
                p.copy_(1 + 0.2 * r)
            else:
                p.copy_(0.2 * r)
            p.copy_(p.half().float())


def build(name, out, tokenizer_source):
    a = name == "a"
    vocab = write_tokenizer(tokenizer_source, out / "tokenizer", "<|endoftext|>")
    write_tokenizer(tokenizer_source, out / "tokenizer_2", "!")
    eos = 2 if a else vocab - 1
    widths = (32, 48) if a else (24, 40)

    def text(width, heads, act):
        return CLIPTextConfig(vocab_size=vocab, hidden_size=width, intermediate_size=2 * width,
                              num_hidden_layers=3, num_attention_heads=heads, hidden_act=act,
                              projection_dim=width, bos_token_id=vocab - 2 if not a else 0,
                              eos_token_id=eos, pad_token_id=1)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16, 24) if a else (8, 12, 20), layers_per_block=2,
        transformer_layers_per_block=[1, 1, 2] if a else [1, 2, 1],
        attention_head_dim=[2, 2, 3] if a else [1, 2, 5], norm_num_groups=8 if a else 4,
        cross_attention_dim=sum(widths), use_linear_projection=a, addition_embed_type="text_time",
        addition_time_embed_dim=8 if a else 6,
        projection_class_embeddings_input_dim=widths[1] + 6 * (8 if a else 6))
    extra = {} if a else {"latents_mean": [-0.5, 0.3, -0.2, 0.6], "latents_std": [1.5, 0.8, 1.2, 0.9],
                          "force_upcast": False}
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 12, 16, 16) if a else (4, 8, 12, 16), layers_per_block=1 + a,
        norm_num_groups=4, sample_size=64, scaling_factor=0.13025 if a else 0.5, **extra)
    sched = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    scheduler = EulerDiscreteScheduler(
        timestep_spacing="leading" if a else "trailing", steps_offset=1,
        prediction_type="epsilon" if a else "v_prediction", **sched)
    parts = {"text_encoder": CLIPTextModel(text(widths[0], 2, "quick_gelu")),
             "text_encoder_2": CLIPTextModelWithProjection(text(widths[1], 3 if a else 5, "gelu")),
             "unet": unet, "vae": vae}
    for i, (part, module) in enumerate(parts.items()):
        randomise(module, 1000 * (i + 1) + ord(name))
        module.half().save_pretrained(out / part, safe_serialization=True)
        if part == "text_encoder":
            # transformers 5 may drop the prefix that checkpoints carry.
            file = out / part / "model.safetensors"
            state = load_file(file)
            save_file({k if k.startswith("text_model.") else "text_model." + k: v
                       for k, v in state.items()}, file, {"format": "pt"})
    scheduler.save_pretrained(out / "scheduler")
    index = {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": diffusers.__version__,
             "force_zeros_for_empty_prompt": a,
             "scheduler": ["diffusers", "EulerDiscreteScheduler"],
             "text_encoder": ["transformers", "CLIPTextModel"],
             "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
             "tokenizer": ["transformers", "CLIPTokenizer"],
             "tokenizer_2": ["transformers", "CLIPTokenizer"],
             "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    (out / "model_index.json").write_text(json.dumps(index, indent=2))
