#!/usr/bin/env python3
"""Holds our reference against diffusers' plain eager pipeline on the same device, to the bit.

    sameseed image --engine reference --set load.precision=fp16 --prompt P --steps 20 --guidance 5 --size 128x128
                   --out x.png --tensors fp16.safetensors
    gpu_parity.py [--diffusers FOLDER] --model reference/nano-sdxl --device cuda --prompt P fp16.safetensors ...

Each file is one picture of ours in the precision that its latents have. diffusers makes the same picture: contiguous
NCHW, its default attention, cudnn.benchmark off, from the file's own noise; with the file's own embeddings, or with
those of `--prompt`, which are then compared as well. Of one UNet call at SDXL's size: `sameseed image --steps 1 --size
1024x1024` on a `sameseed seeded-model`, whose `noise_pred_first` is that call after guidance.

Prints "equal" or how far apart each tensor is; exit 1 unless the final latents of every file are equal to the bit. torch
must be the wheel whose LibTorch our program was built with. tests/goldens/live_parity.py does the same for many cases on
a CPU and starts our program itself.
"""
import argparse
import os
import sys

os.environ.setdefault("GOMP_SPINCOUNT", "0")  # idle threads would slow other programs down
WANTED = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds",
          "add_time_ids", "timesteps", "sigmas", "noise_pred_first", "noise_pred_last", "latents", "image")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="+", metavar="X.safetensors", help="what sameseed image --tensors wrote")
    p.add_argument("--diffusers", metavar="FOLDER", help="folder that holds diffusers/ of an unpacked wheel")
    p.add_argument("--model", required=True, help="the model that the pictures were made with")
    p.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    p.add_argument("--prompt", help="run the text encoders on it too, rather than take the file's embeddings")
    p.add_argument("--negative")
    p.add_argument("--guidance", type=float, default=5.0, help="as the pictures were made with (default 5)")
    p.add_argument("--threads", type=int, default=1, help="on a CPU: as the pictures were made with (default 1)")
    return p.parse_args()


def of_diffusers(pipe, ours, args):
    """The same tensors by diffusers."""
    dtype, device = ours["latents"].dtype, args.device
    got, predictions = {}, []
    names = WANTED[:4]
    if args.prompt is None:
        embeds = {name: ours[name].to(device, dtype) for name in names if name in ours}
    else:
        made = pipe.encode_prompt(args.prompt, device=device, negative_prompt=args.negative,
                                  do_classifier_free_guidance=args.guidance > 1)
        embeds = {name: tensor for name, tensor in zip(names, made) if tensor is not None}
    got.update(embeds)
    noise = ours["noise"].to(device, dtype)
    height, width = (8 * side for side in noise.shape[-2:])
    got["add_time_ids"] = torch.tensor([[height, width, 0, 0, height, width]], dtype=dtype)
    step = pipe.scheduler.step

    def spy(model_output, *positional, **named):
        predictions.append(model_output.clone())
        return step(model_output, *positional, **named)

    def at_end(_, __, ___, tensors):
        got["latents"] = tensors["latents"].clone()
        return {}
    pipe.scheduler.step = spy
    try:
        got["image"] = pipe(**embeds, latents=noise, num_images_per_prompt=noise.shape[0], height=height, width=width,
                            guidance_scale=args.guidance, num_inference_steps=ours["timesteps"].numel(), output_type="pt",
                            callback_on_step_end=at_end).images.float()  # as we store it
    finally:
        pipe.scheduler.step = step
    got["timesteps"], got["sigmas"] = pipe.scheduler.timesteps, pipe.scheduler.sigmas
    got["noise_pred_first"], got["noise_pred_last"] = predictions[0], predictions[-1]
    return {name: tensor.cpu() for name, tensor in got.items()}


def difference(ours, want):
    """How far apart, as text; None: equal to the bit."""
    if ours.numel() == want.numel():
        ours = ours.reshape(want.shape)
    if ours.shape != want.shape:
        return f"shape {tuple(ours.shape)}, diffusers has {tuple(want.shape)}"
    if ours.dtype == want.dtype and torch.equal(ours, want):
        return None
    a, b = ours.double(), want.double()
    kinds = "" if ours.dtype == want.dtype else f", {ours.dtype} beside {want.dtype}"
    return (f"largest difference {float((a - b).abs().max()):.3e}, relative L2 "
            f"{float((a - b).norm() / b.norm().clamp_min(1e-30)):.3e}, {int((a != b).sum())} of {a.numel()}{kinds}")


def main(args):
    torch.set_grad_enabled(False)
    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = False
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print(f"torch {torch.__version__}, diffusers {diffusers.__version__}, cudnn {torch.backends.cudnn.version()}, "
          + (torch.cuda.get_device_name() if args.device == "cuda" else f"CPU, {args.threads} threads"))
    failed = 0
    for file in args.files:
        ours = load_file(file)
        dtype = ours["latents"].dtype
        parts = {} if args.prompt is not None else {
            name: None for name in ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")}
        pipe = StableDiffusionXLPipeline.from_pretrained(args.model, torch_dtype=dtype, add_watermarker=False, **parts)
        pipe.set_progress_bar_config(disable=True)
        want = of_diffusers(pipe.to(args.device), ours, args)
        del pipe
        apart = {name: difference(ours[name], want[name]) for name in WANTED if name in want and name in ours}
        failed += apart["latents"] is not None
        print(f"{file} ({str(dtype).removeprefix('torch.')}, {ours['timesteps'].numel()} steps, "
              f"{tuple(ours['latents'].shape)}): latents {apart['latents'] or 'equal'}")
        for name, text in apart.items():
            if name != "latents":
                print(f"    {name}: {text or 'equal'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    options = arguments()
    if options.diffusers:
        sys.path.insert(0, options.diffusers)
    import diffusers
    import torch
    import transformers
    from diffusers import StableDiffusionXLPipeline
    from safetensors.torch import load_file
    main(options)
