#!/usr/bin/env python3
"""What Hugging Face diffusers makes of SDXL base on this GPU: the figures that ours are held against.

    sdxl_diffusers.py [--diffusers FOLDER] [--only eager,compile] [--json FILE] [--turns]

Four arms, each measured on its own: `eager` (contiguous NCHW, as from_pretrained leaves it), `eager_channels_last`,
`compile` (channels_last, torch.compile of the UNet and of vae.decode, mode reduce-overhead, fullgraph), and `compile_tuned`
(besides, q, k and v are one product, cuDNN takes the fastest of its algorithms, and 1x1 convolutions are products; a process
of its own: `--only compile_tuned`). Of each: one UNet
step (batch 2: guidance), one VAE decode in fp16, and a whole picture of 30 Euler steps and decode, 1024x1024, without text
encoders. Medians, smallest and largest of CUDA events, and the peak of device memory while the pictures were made.

Weights are random in SDXL base's shapes, drawn on the device from a seed and scaled so that activations stay finite: time
and memory do not depend on trained ones. Steps and decodes are timed on the very arguments that the pipeline passes.

Needs torch, transformers and safetensors. diffusers itself may be carried as an unpacked wheel: README.md beside this file.
With --turns the last arm is measured once more for each line that comes: it works until the GPU's clock is steady, then
answers "turn: {times, joules a step}"; so compare.py takes ours and theirs in turn.

Takes some 4 minutes, half of it torch.compile's. `--tiny` is a self-test of a minute on a CPU, without
its kernels; its times mean nothing.
"""
import argparse
import json
import math
import platform
import statistics
import subprocess
import sys
import time

UNET = dict(
    sample_size=128, block_out_channels=(320, 640, 1280), layers_per_block=2, attention_head_dim=(5, 10, 20),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=(1, 2, 10),
    cross_attention_dim=2048, use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816)
VAE = dict(
    sample_size=1024, block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, scaling_factor=0.13025,
    force_upcast=False)
TINY_UNET = dict(UNET, sample_size=8, block_out_channels=(32, 64, 64), attention_head_dim=(2, 2, 2),
                 transformer_layers_per_block=(1, 1, 1), cross_attention_dim=64, addition_time_embed_dim=8,
                 projection_class_embeddings_input_dim=32 + 6 * 8)
TINY_VAE = dict(VAE, sample_size=64, block_out_channels=(32, 32, 32, 32), layers_per_block=1)
SCHEDULER = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
                 timestep_spacing="leading", prediction_type="epsilon", interpolation_type="linear")
RESIDUAL_BRANCHES = ("to_out.0", "ff.net.2", "conv2", "proj_out")  # their outputs are added to what they came from


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--diffusers", metavar="FOLDER", help="folder that holds diffusers/ of an unpacked wheel")
    p.add_argument("--only", default="eager,compile", help="eager, compile, or both with a comma (default); or compile_tuned")
    p.add_argument("--json", metavar="FILE", help="write the figures here as well")
    p.add_argument("--seed", type=int, default=1, help="of weights, embeddings and noise")
    p.add_argument("--turns", action="store_true", help="go on measuring, once a line of the input")
    p.add_argument("--tiny", action="store_true", help="self-test on a CPU, small shapes, 2 steps")
    args = p.parse_args()
    args.only = args.only.split(",")
    if args.only != ["compile_tuned"] and not set(args.only) <= {"eager", "compile"}:
        p.error("--only: eager, compile, or both; or compile_tuned")
    return args


def seed_weights(module, seed):
    g = torch.Generator(next(module.parameters()).device).manual_seed(seed)
    for name, values in sorted(module.named_parameters()):
        values.normal_(generator=g)
        if values.dim() > 1:
            layer = name.rsplit(".", 1)[0]
            values.mul_((0.3 if layer.endswith(RESIDUAL_BRANCHES) else 1) / math.sqrt(values[0].numel()))
        else:
            values.mul_(0.02).add_(1 if name.endswith("weight") else 0)


class Peer:
    """The pipeline, its inputs, and ways to time it."""

    def __init__(self, args):
        self.device = "cpu" if args.tiny else "cuda"
        if args.tiny:
            torch.set_num_threads(1)
        self.steps = 2 if args.tiny else 30
        self.repeats, self.image_repeats = (2, 1) if args.tiny else (20, 5)
        self.seed = args.seed
        torch.set_default_dtype(torch.float16)
        with torch.device(self.device):
            unet = UNet2DConditionModel(**(TINY_UNET if args.tiny else UNET)).eval()
            vae = AutoencoderKL(**(TINY_VAE if args.tiny else VAE)).eval()
        torch.set_default_dtype(torch.float32)
        seed_weights(unet, args.seed)
        seed_weights(vae, args.seed + 1)
        self.parameters = {n: sum(p.numel() for p in m.parameters()) for n, m in (("unet", unet), ("vae", vae))}
        self.pipe = StableDiffusionXLPipeline(
            vae=vae, text_encoder=None, text_encoder_2=None, tokenizer=None, tokenizer_2=None, unet=unet,
            scheduler=EulerDiscreteScheduler(**SCHEDULER), add_watermarker=False)
        self.pipe.set_progress_bar_config(disable=True)
        g, c = torch.Generator("cpu").manual_seed(args.seed), unet.config
        pooled = c.projection_class_embeddings_input_dim - 6 * c.addition_time_embed_dim
        self.embeds = {name: torch.randn(shape, generator=g).half().to(self.device) for name, shape in (
            ("prompt_embeds", (1, 77, c.cross_attention_dim)), ("negative_prompt_embeds", (1, 77, c.cross_attention_dim)),
            ("pooled_prompt_embeds", (1, pooled)), ("negative_pooled_prompt_embeds", (1, pooled)))}

    def image(self, steps=None):
        return self.pipe(**self.embeds, num_inference_steps=steps or self.steps, guidance_scale=5.0, output_type="pt",
                         generator=torch.Generator("cpu").manual_seed(self.seed)).images

    def calls(self):
        """What the pipeline calls in its first step and for its decode, as functions without arguments."""
        kept = {}

        def spy(name, original):
            def call(*positional, **named):
                kept.setdefault(name, (positional, named))
                return original(*positional, **named)
            return call
        unet, vae = self.pipe.unet, self.pipe.vae
        forward, decode = unet.forward, vae.decode
        unet.forward, vae.decode = spy("step", forward), spy("decode", decode)
        try:
            self.image(steps=2)
        finally:
            unet.forward, vae.decode = forward, decode
        (step_args, step_named), (decode_args, decode_named) = kept["step"], kept["decode"]
        return (lambda: unet(*step_args, **step_named)), (lambda: vae.decode(*decode_args, **decode_named))

    def tune(self):
        self.pipe.fuse_qkv_projections()
        torch.backends.cudnn.benchmark = True
        torch._inductor.config.conv_1x1_as_mm = True

    def compile(self):
        """The pipeline goes on calling unet and vae.decode; seconds that each took to compile."""
        unet, vae = self.pipe.unet, self.pipe.vae

        def compiled(function):
            how = {"mode": "reduce-overhead"} if self.device == "cuda" else {"backend": "eager"}  # no kernels: a self-test
            fast = torch.compile(function, fullgraph=True, **how)

            def call(first, *positional, **named):
                # One layout and one graph generation a call: otherwise the layout that the scheduler happens to give
                # the latents of the second step compiles the network a second time.
                torch.compiler.cudagraph_mark_step_begin()
                return fast(first.contiguous(), *positional, **named)
            return call
        step, decode = self.calls()
        unet.forward, vae.decode = compiled(unet.forward), compiled(vae.decode)
        seconds = {}
        for name, call in (("unet", step), ("vae", decode)):
            start = time.perf_counter()
            call()
            self.synchronize()
            seconds[name] = round(time.perf_counter() - start, 1)
        return seconds

    def synchronize(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def timed(self, call, repeats, warm_up):
        for _ in range(warm_up):
            call()
        times = []
        for _ in range(repeats):
            self.synchronize()
            if self.device == "cuda":
                begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                begin.record()
                call()
                end.record()
                end.synchronize()
                times.append(begin.elapsed_time(end))
            else:
                start = time.perf_counter()
                call()
                times.append(1e3 * (time.perf_counter() - start))
        return {"median": round(statistics.median(times), 3), "min": round(min(times), 3), "max": round(max(times), 3),
                "n": repeats}

    def measure(self, name):
        step, decode = self.calls()
        got = {"unet_step_ms": self.timed(step, self.repeats, 3), "vae_decode_ms": self.timed(decode, self.repeats, 3)}
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        got[f"image_{self.steps}_steps_ms"] = self.timed(self.image, self.image_repeats, 1)
        image = self.image()
        got["image"] = {"finite": bool(torch.isfinite(image).all()), "std": round(float(image.float().std()), 4)}
        if self.device == "cuda":
            free, total = torch.cuda.mem_get_info()
            got["memory_mib"] = {"peak_allocated": torch.cuda.max_memory_allocated() >> 20,
                                 "peak_reserved": torch.cuda.max_memory_reserved() >> 20,
                                 "device_used": (total - free) >> 20}
            got["gpu_after"] = gpu_state()
        self.step, self.decode = step, decode
        print(f"{name}:")
        for what, value in got.items():
            text = "  ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"  {what}: {text}", flush=True)
        return got


    def turn(self, gpu):
        """The last arm once more, with a clock that is steady."""
        def picture(steps):
            self.image(steps)
            self.synchronize()
        got = {"settled": settle(lambda: picture(self.steps), gpu)} if gpu else {}
        got.update(unet_step_ms=self.timed(self.step, self.repeats, 1), vae_decode_ms=self.timed(self.decode, self.repeats, 1))
        got[f"image_{self.steps}_steps_ms"] = self.timed(self.image, self.image_repeats, 1)
        if gpu:
            got["joules_a_step"] = joules_a_step(picture, gpu, self.steps)
        return got


def gpu_state():
    fields = ("name", "driver_version", "clocks.sm", "clocks.max.sm", "clocks.mem", "temperature.gpu", "power.draw",
              "power.limit", "clocks_throttle_reasons.active", "ecc.mode.current", "mig.mode.current")
    try:
        line = subprocess.run(["nvidia-smi", "--id=0", "--query-gpu=" + ",".join(fields), "--format=csv,noheader"],
                              capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        return {"unknown": str(problem)}
    return dict(zip(fields, (value.strip() for value in line.split(","))))


def versions():
    return {"python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(), "diffusers": diffusers.__version__,
            "transformers": transformers.__version__}


def main(args):
    if not args.tiny and not torch.cuda.is_available():
        sys.exit("no GPU here; --tiny is a self-test on a CPU")
    torch.set_grad_enabled(False)
    result = {"schema": "sameseed/peer/1", "versions": versions(), "seed": args.seed, "tiny": args.tiny}
    if not args.tiny:
        result["gpu"] = torch.cuda.get_device_name()
        result["gpu_before"] = gpu_state()
    peer = Peer(args)
    result["parameters"] = peer.parameters
    print(json.dumps(result), flush=True)
    arms = result["arms"] = {}
    if "eager" in args.only:
        arms["eager"] = peer.measure("eager")
    for module in (peer.pipe.unet, peer.pipe.vae):
        module.to(memory_format=torch.channels_last)
    if "eager" in args.only:
        arms["eager_channels_last"] = peer.measure("eager_channels_last")
    name = next((arm for arm in args.only if arm.startswith("compile")), None)
    if name:
        if name == "compile_tuned":
            peer.tune()
        seconds = peer.compile()
        print(f"{name}:", json.dumps({"seconds": seconds}), flush=True)
        arms[name] = {"compile_s": seconds, **peer.measure(name)}
        # More than one for each of the two: some measured call compiled again.
        arms[name]["graphs"] = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    if args.turns:
        gpu = None if args.tiny else Gpu()
        print("ready", flush=True)
        for _ in sys.stdin:
            print("turn:", json.dumps(peer.turn(gpu)), flush=True)
    text = json.dumps(result)
    print(text)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")
    broken = [name for name, arm in arms.items() if not arm["image"]["finite"] or arm["image"]["std"] < 0.01]
    if broken:
        sys.exit(f"pictures of {', '.join(broken)} are not finite or of one colour: their times are not to be trusted")
    if any(arm.get("graphs", 2) != 2 for arm in arms.values()):
        sys.exit("torch.compile made more than one graph a network: its times may hold compilation")


if __name__ == "__main__":
    from gpu_power import Gpu, joules_a_step, settle
    options = arguments()
    if options.diffusers:
        sys.path.insert(0, options.diffusers)
    import diffusers
    import torch
    import transformers
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    main(options)
