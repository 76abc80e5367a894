#!/usr/bin/env python3
"""Hugging Face diffusers as an engine of sameseed: same prompts, same noise files, diffusers' own pipeline.

    sameseed image --engine "python3 bench/engines/diffusers_engine.py" --prompt "a red apple" --seed 7 --out apple.png

or in a matrix: "candidate": { "engine": "python3 bench/engines/diffusers_engine.py --mode compile" }. It speaks the line
protocol of the workers on stdin and stdout (pipeline/protocol.h); `sameseed check-engine` checks it.

Modes: eager (as from_pretrained leaves it), compile (torch.compile of the UNet and of vae.decode), onediff (OneDiff's
compile_pipe, where onediffx is installed). Mode compile takes torch.compile's own mode (--compile-mode) and Inductor's
--emulate-precision-casts, which rounds where eager PyTorch rounds. `load.fp16_accumulation` and `load.tf32` are PyTorch's
settings for a GPU, as of sameseed's reference. In mode eager `request.deepcache` is done by DeepCache's own helper, where the
DeepCache package is installed, with its branch 3 * LAYER + BLOCK + 1 and onediffx's way to count steps. It works on the first GPU that
CUDA_VISIBLE_DEVICES leaves, else on the CPU.

Needs torch, diffusers, transformers, safetensors and pillow:

    python3 -m pip install torch diffusers==0.42.1 transformers safetensors accelerate pillow DeepCache

With the torch wheel whose LibTorch sameseed was built with, mode eager gives the reference's latents to the bit.
"""
import argparse
import hashlib
import importlib
import itertools
import json
import math
import os
import resource
import sys
import time
import traceback

MODES = ("eager", "compile", "onediff")
COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
HOW_TO_INSTALL = {  # module -> what pip calls it
    "torch": "torch", "diffusers": "diffusers==0.42.1", "transformers": "transformers", "safetensors": "safetensors",
    "PIL": "pillow", "DeepCache": "DeepCache", "peft": "peft", "onediffx": "onediff onediffx (and OneFlow: see OneDiff's README)"}
PRECISIONS = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
LOAD_FIELDS = {"op", "id", "model", "vae", "variant", "precision", "vae_precision", "scheduler", "lora", "threads", "cold", "accumulation_block",
               "linear", "fp8_fast_accumulation", "fp16_accumulation", "tf32"}
EMBEDS = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")


class Invalid(Exception):
    """What the asker can put right."""


class Unsupported(Exception):
    """What is understood and cannot be done here; the engine goes on."""


def need(module, what_for):
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise Invalid(f"{what_for} needs {module}, which cannot be imported by {sys.executable} ({problem}); install it: "
                      f"{sys.executable} -m pip install {HOW_TO_INSTALL[module]}") from problem


def sha256(tensor):
    """Of a tensor's bytes, packed."""
    packed = tensor.detach().cpu().contiguous()
    return hashlib.sha256(packed.view(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def replace(path, write):
    """A file is whole or absent: it is written beside its place and renamed."""
    partial = f"{path}.{os.getpid()}.partial"
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def weight_files(model, vae, variant):
    """component -> {file, sha256 of its header, files}: `sameseed` takes the digests of `files`."""
    found = {}
    for name in ("text_encoder", "text_encoder_2", "unet", "vae"):
        folder = vae if name == "vae" and vae else os.path.join(model, name)
        files = sorted(file for file in os.listdir(folder) if file.endswith(".safetensors"))
        wanted = [file for file in files if variant and f".{variant}." in file] or [f for f in files if f.count(".") == 1]
        for file in wanted[:1]:
            with open(os.path.join(folder, file), "rb") as opened:
                header = opened.read(int.from_bytes(opened.read(8), "little"))
            found[name] = {"file": os.path.join(folder, file), "sha256": hashlib.sha256(header).hexdigest(),
                           "files": [os.path.abspath(os.path.join(folder, one)) for one in wanted]}
    return found


class Stopwatch:
    """Marks in the device's own time; read only at the end, so that nothing waits."""

    def __init__(self, device):
        self.gpu, self.marks = device == "cuda", []
        self.mark()

    def mark(self):
        if self.gpu:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def milliseconds(self):
        pairs = zip(self.marks, self.marks[1:])
        if self.gpu:
            torch.cuda.synchronize()
            return [begin.elapsed_time(end) for begin, end in pairs]
        return [1e3 * (end - begin) for begin, end in pairs]


class DeepCached:
    """DeepCache's helper around one picture; counts from inside the network which steps were full."""

    def __init__(self, pipe, setting):
        self.pipe, self.calls = pipe, 0
        parts = setting.split("/")
        if any(part.startswith("quad:") for part in parts):
            raise Unsupported(f"deepcache {setting}: DeepCache's helper knows the uniform schedule only")
        self.by_place = not parts[1].startswith("branch:")
        branch = 3 * int(parts[1]) + int(parts[2]) + 1 if self.by_place else int(parts[1][7:])
        self.helper = need("DeepCache", "request.deepcache").DeepCacheSDHelper(pipe=pipe)
        self.interval = int(parts[0])
        self.helper.set_params(cache_interval=self.interval, cache_branch_id=branch)

    def __enter__(self):
        # The helper replaces the mid block's `forward`; the layers inside it run in full steps only.
        self.hook = self.pipe.unet.mid_block.resnets[0].register_forward_hook(lambda *_: self.count())
        self.helper.enable()
        if self.by_place and self.interval > 1:
            self.count_as_onediffx()
        return self

    def count_as_onediffx(self):
        """The helper knows a call by its timestep, which may repeat; LAYER/BLOCK are onediffx's, which counts calls, and
        makes none a full one behind as many as there are steps."""
        inner, calls = self.helper.function_dict["unet_forward"], itertools.count()

        def counted(*positional, **named):
            call = next(calls)
            self.helper.cur_timestep = call if call < self.pipe.scheduler.num_inference_steps else 1  # 1: not full
            return inner(*positional, **named)
        self.helper.function_dict["unet_forward"] = counted
        self.unet_forward = inner

    def count(self):
        self.calls += 1

    def __exit__(self, *_):
        if hasattr(self, "unet_forward"):
            self.helper.function_dict["unet_forward"] = self.unet_forward
        self.helper.disable()
        self.hook.remove()


class EveryStep:
    """No DeepCache: every step is full."""
    calls = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class DiffusersEngine:
    def __init__(self, mode, compile_mode=None, emulate_precision_casts=False):
        self.mode, self.pipe = mode, None
        self.compile_mode, self.emulate_precision_casts = compile_mode, emulate_precision_casts

    def load(self, asked):
        start = time.perf_counter()
        unknown = set(asked) - LOAD_FIELDS
        if unknown:
            raise Invalid(f"{sorted(unknown)[0]}: there is no such field")
        global torch
        torch = need("torch", "this engine")
        diffusers, transformers = need("diffusers", "this engine"), need("transformers", "this engine")
        need("safetensors", "this engine"), need("PIL", "this engine")
        try:
            pipeline = diffusers.StableDiffusionXLPipeline  # imports half of transformers
        except (ImportError, RuntimeError) as problem:
            raise Invalid(f"diffusers {diffusers.__version__}, transformers {transformers.__version__} and torch "
                          f"{torch.__version__} do not fit together ({problem}); install versions that do, as "
                          "tests/goldens/requirements.txt names them") from problem
        torch.set_grad_enabled(False)
        for library in (diffusers, transformers):
            library.utils.logging.set_verbosity_error()
            library.utils.logging.disable_progress_bar()
        if asked.get("threads"):
            torch.set_num_threads(int(asked["threads"]))
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        settings = self.set_precision_settings(asked)
        precision = asked.get("precision") or ("fp16" if self.device == "cuda" else "fp32")
        if precision not in PRECISIONS:
            raise Unsupported(f"precision {precision}: diffusers is run in {', '.join(PRECISIONS)}")
        self.dtype = getattr(torch, PRECISIONS[precision])
        model, vae, variant = asked.get("model") or "", asked.get("vae") or "", asked.get("variant") or None
        if not os.path.exists(os.path.join(model, "model_index.json")):
            raise Invalid(f"model {model!r}: holds no model_index.json; name an SDXL folder in diffusers' layout")
        how = {"torch_dtype": self.dtype, "use_safetensors": True}
        parts = {"vae": diffusers.AutoencoderKL.from_pretrained(vae, **how)} if vae else {}
        pipe = pipeline.from_pretrained(model, add_watermarker=False, variant=variant, **how, **parts)
        pipe.set_progress_bar_config(disable=True)
        if asked.get("scheduler"):
            self.set_scheduler(pipe, diffusers, asked["scheduler"])
        self.fuse(pipe, asked.get("lora") or [])
        vae_type = self.set_vae_precision(pipe, asked.get("vae_precision") or "model")
        self.pipe = self.accelerated(pipe.to(self.device))
        self.effective = {
            "mode": self.mode, "precision": precision, "vae_precision": vae_type,
            "threads": torch.get_num_threads(), "device": "cuda:0" if self.device == "cuda" else "cpu",
            "lora": asked.get("lora") or [],
            "sampler": type(self.pipe.scheduler).__name__, **settings, **self.switches()}
        if self.mode == "compile":
            self.effective.update(compile_mode=self.compile_mode, emulate_precision_casts=self.emulate_precision_casts)
        versions = {"python": sys.version.split()[0], "torch": torch.__version__, "diffusers": diffusers.__version__,
                    "transformers": transformers.__version__}
        if self.device == "cuda":
            versions.update(cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version())
        return {"engine": f"diffusers ({self.mode})", "timings_ms": {"load": 1e3 * (time.perf_counter() - start)},
                "effective": self.effective, "engagement": self.precision_probes(), "files": weight_files(model, vae, variant),
                "versions": versions, "warnings": [], "peak_memory": self.peak_memory()}

    def set_precision_settings(self, asked):
        """PyTorch's own for a GPU; what they are, by the names of the load options."""
        if (asked.get("linear") or "fp16") != "fp16" or asked.get("fp8_fast_accumulation"):
            raise Unsupported(f"linear {asked.get('linear')!r}: diffusers' engine does not multiply in FP8")
        half, tf32 = asked.get("fp16_accumulation") or 0, asked.get("tf32")
        for name, value in (("fp16_accumulation", half), ("tf32", tf32)):
            if value not in (None, 0, 1):
                raise Invalid(f"{name}: must be 0 or 1, not {value!r}")
            if value == 1 and self.device == "cpu":
                raise Unsupported(f"{name} 1: acts on a GPU only, and this is a CPU")
        matmul = torch.backends.cuda.matmul
        try:  # without it the name is unknown, and setting it says so
            if half:
                matmul.allow_fp16_accumulation = True
        except AttributeError as problem:
            raise Unsupported(f"fp16_accumulation 1: torch {torch.__version__} has no such setting") from problem
        if tf32 is not None:
            matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = bool(tf32)
        return {"fp16_accumulation": half, "tf32": tf32}

    def precision_probes(self):
        """Relative errors of a product in fp16 and of a product and a convolution in fp32 against float64, on a GPU."""
        if self.device == "cpu":
            return {}
        random = torch.Generator().manual_seed(0)

        def draw(*shape, by=1.0, dtype=torch.float32):
            return (torch.randn(shape, generator=random) * by).to(dtype)

        def error(function, *operands):
            exact = function(*(one.double() for one in operands))
            got = function(*(one.to(self.device) for one in operands)).cpu().double()
            return ((got - exact).norm() / exact.norm()).item()
        linear, conv2d, depth = torch.nn.functional.linear, torch.nn.functional.conv2d, 9 * 320
        products = {dtype: error(linear, draw(64, depth, dtype=dtype), draw(64, depth, by=depth ** -0.5, dtype=dtype))
                    for dtype in (torch.float16, torch.float32)}
        return {"fp16_accumulation_error": products[torch.float16], "tf32_matmul_error": products[torch.float32],
                "tf32_conv_error": error(conv2d, draw(2, 320, 32, 32), draw(320, 320, 3, 3, by=depth ** -0.5))}

    @staticmethod
    def set_scheduler(pipe, diffusers, asked):
        """A class with the model's own config, or another config, in a file or its folder."""
        config, name = pipe.scheduler.config, asked
        if os.path.exists(asked):
            file = os.path.join(asked, "scheduler_config.json") if os.path.isdir(asked) else asked
            with open(file, encoding="utf-8") as stream:
                config = json.load(stream)
            name = config.get("_class_name", "EulerDiscreteScheduler")
        if not hasattr(diffusers, name):
            raise Invalid(f"scheduler {asked!r}: is no file or folder, and no class of diffusers")
        pipe.scheduler = getattr(diffusers, name).from_config(config)

    @staticmethod
    def fuse(pipe, loras):
        """[{"path", "scale"}], in their order, before the pipeline moves to its device."""
        names = [f"lora{i}" for i in range(len(loras))]
        for name, lora in zip(names, loras):
            need("peft", "load.lora")
            if not os.path.exists(lora["path"]):
                raise Invalid(f"lora {lora['path']!r}: no such file or folder")
            parts = [os.path.join(lora["path"], part, "adapter_model.safetensors") for part in ("", "unet", "text_encoder",
                                                                                                "text_encoder_2")]
            if any(map(os.path.exists, parts)) or lora["path"].endswith("adapter_model.safetensors"):
                raise Unsupported(f"lora {lora['path']!r}: diffusers' load_lora_weights does not read what PEFT saves; save it "
                                  "with save_lora_weights")
            pipe.load_lora_weights(lora["path"], adapter_name=name)
        if not loras:
            return
        if set(names) - set().union(*pipe.get_list_adapters().values()):
            raise Unsupported("lora: diffusers finds no layers of this model in one of the files")
        pipe.set_adapters(names, [lora.get("scale", 1.0) for lora in loras])
        pipe.fuse_lora()

    def set_vae_precision(self, pipe, asked):
        """The pipeline decodes in its own precision, and in fp32 where that is fp16 and the config says force_upcast."""
        own = next(name for name, type_ in PRECISIONS.items() if getattr(torch, type_) == self.dtype)
        if asked != "model":
            if asked != own and (own, asked) != ("fp16", "fp32"):
                raise Unsupported(f"vae_precision {asked}: a {own} pipeline of diffusers decodes in {own}, or in fp32 if fp16")
            pipe.vae.register_to_config(force_upcast=asked == "fp32")
        return "fp32" if own == "fp16" and pipe.vae.config.force_upcast else own

    def accelerated(self, pipe):
        if self.mode == "onediff":
            return need("onediffx", "mode onediff").compile_pipe(pipe)
        if self.mode == "compile":
            if self.compile_mode is None and self.device == "cuda":
                self.compile_mode = "reduce-overhead"
            gpu = self.device == "cuda"
            how = {"mode": self.compile_mode} if self.compile_mode else {}
            if self.emulate_precision_casts:
                need("torch._inductor.config", "--emulate-precision-casts").emulate_precision_casts = True

            def compiled(function):
                fast = torch.compile(function, **how)

                def call(first, *positional, **named):
                    # Otherwise the layout that the scheduler gives the second step's latents compiles once more.
                    torch.compiler.cudagraph_mark_step_begin()
                    return fast(first.contiguous(), *positional, **named)
                return call
            if gpu:
                for part in (pipe.unet, pipe.vae):
                    part.to(memory_format=torch.channels_last)
            pipe.unet.forward, pipe.vae.decode = compiled(pipe.unet.forward), compiled(pipe.vae.decode)
        return pipe

    def switches(self):
        """How this process reads the variables that sameseed varies, and which cannot act here."""
        read = {}
        for kind in ("CONV", "MATMUL", "ATTENTION"):
            name = f"ONEFLOW_{kind}_ALLOW_HALF_PRECISION_ACCUMULATION"
            value = os.environ.get(name)
            read[name] = {"value": value, "default": value is None}
            if self.mode == "onediff":
                on = value is None or value.lower() in ("1", "true", "yes", "on", "y")
                read[name].update(means="on" if on else "off", acts=True)
            else:
                read[name].update(means="off", acts=False, reason="diffusers without OneDiff reads no such variable")
        return {**read, "TORCH_CUDNN_V8_API_DISABLED": self.cudnn_api()}

    def cudnn_api(self):
        """Which convolution API LibTorch takes, and how long a convolution takes by it, as our reference tells it."""
        value = os.environ.get("TORCH_CUDNN_V8_API_DISABLED")
        read = {"value": value, "default": value is None}
        if self.device == "cpu":
            return {**read, "means": "on" if value == "1" else "off", "acts": False, "reason": "a CPU has no cuDNN"}
        api = "v7" if value == "1" else "v8"  # pytorch/pytorch:aten/src/ATen/native/ConvUtils.h
        uneven = lambda *shape: torch.arange(math.prod(shape), device=self.device).sin().half().reshape(shape)
        image, weight, times = uneven(2, 320, 128, 128), uneven(320, 320, 3, 3), []
        for _ in range(9):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            torch.nn.functional.conv2d(image, weight, padding=1)
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end))
        return {**read, "means": api, "acts": True, "evidence":
                f"LibTorch calls cuDNN's {api} API; a probe convolution took {sorted(times)[4]:.3f} ms"}

    def tokens(self, text, text_2, which, warnings):
        rows = []
        for tokenizer, one, whose in ((self.pipe.tokenizer, text, ""),
                                      (self.pipe.tokenizer_2, text_2 or text, " of the second text encoder")):
            length = tokenizer.model_max_length
            one = self.pipe.maybe_convert_prompt(one, tokenizer)  # <s0> of a textual inversion: all its vectors
            rows.append(tokenizer(one, padding="max_length", max_length=length, truncation=True,
                                  return_tensors="pt").input_ids)
            too_many = len(tokenizer(one).input_ids) - length
            if too_many > 0 and (text_2 or not whose):
                warnings.append(f"the {which}{whose} is longer than {length} tokens: its last {too_many} tokens were cut off")
        return rows

    def generate(self, asked):
        if self.pipe is None:
            raise Invalid("no model is loaded: send `load` first")
        for name in ("tensors", "trace", "enhance"):
            if asked.get(name):
                raise Unsupported(f"{name}: diffusers' engine does not do it")
        from safetensors.torch import load_file
        deepcache = asked.get("deepcache")
        if deepcache and self.mode != "eager":
            raise Unsupported(f"deepcache {deepcache}: its helper works in mode eager, this is {self.mode}")
        prompt, negative, steps = str(asked["prompt"]), asked.get("negative"), int(asked["steps"])
        guidance, batch = float(asked["guidance"]), int(asked.get("batch") or 1)
        told = {name: tuple(int(side) for side in asked[name].split("x"))[::-1]  # height and width
                for name in ("original_size", "target_size", "negative_original_size", "negative_target_size") if asked.get(name)}
        told.update({name: tuple(asked[name]) for name in ("crops_coords_top_left", "negative_crops_coords_top_left")
                     if asked.get(name)})
        lists = {name: asked[name] for name in ("timesteps", "sigmas") if asked.get(name)}
        width, height = (int(side) for side in asked["size"].split("x"))
        if steps < 1 or min(width, height) < 8 or width % 8 or height % 8:
            raise Invalid(f"size {asked['size']}, steps {steps}: sides are multiples of 8, steps 1 or more")
        drawn = load_file(asked["noise"])
        noise = drawn["noise"]
        shape = (batch, self.pipe.unet.config.in_channels, height // 8, width // 8)
        if tuple(noise.shape) != shape:
            raise Invalid(f"{asked['noise']}: `noise` has the shape {tuple(noise.shape)}, "
                          f"{batch} x {asked['size']} needs {shape}")
        warnings, guided = [], guidance > 1
        texts = {"prompt_2": asked.get("prompt_2"), "negative_prompt_2": asked.get("negative_2")}
        ids = self.tokens(prompt, texts["prompt_2"], "prompt", warnings)
        if guided and not (negative is None and self.pipe.config.force_zeros_for_empty_prompt):
            ids += self.tokens(negative or "", texts["negative_prompt_2"], "negative prompt", warnings)
        layers = min(one.config.num_hidden_layers for one in (self.pipe.text_encoder, self.pipe.text_encoder_2))
        if (asked.get("clip_skip") or 0) >= layers:
            raise Invalid(f"clip_skip {asked['clip_skip']}: at most {layers - 1}, the text encoders have no more layers")

        # On a GPU the peak is that of this picture, whatever was made before.
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        watch, full, kept = Stopwatch(self.device), [], []
        embeds = {name: tensor for name, tensor in zip(EMBEDS, self.pipe.encode_prompt(
            prompt, device=self.device, negative_prompt=negative, do_classifier_free_guidance=guided,
            clip_skip=asked.get("clip_skip"), **texts)) if tensor is not None}
        watch.mark()
        scale = self.pipe.scheduler.scale_model_input
        with DeepCached(self.pipe, deepcache) if deepcache else EveryStep() as cached:
            def first_step(*positional, **named):  # what came before it was preparation
                if len(watch.marks) == 2:
                    watch.mark()
                return scale(*positional, **named)

            def end_of_step(_, __, ___, tensors):
                watch.mark()
                full.append(cached.calls is None or cached.calls > sum(full))
                kept.append(tensors["latents"])
                return {}
            self.pipe.scheduler.scale_model_input = first_step
            module = sys.modules[type(self.pipe.scheduler).__module__]
            draw, left = getattr(module, "randn_tensor", None), iter(drawn.get("step_noise", ()))

            def from_file(_, device=None, dtype=None, **__):  # every engine's steps add the same noise
                step = next(left, None)
                if step is None:
                    raise Invalid(f"{asked['noise']}: has no `step_noise`, or too little, for this sampler's steps")
                return step.to(device, dtype)
            if draw:
                module.randn_tensor = from_file
            try:
                image = self.pipe(**embeds, **lists, **told, latents=noise.to(self.device, self.dtype), width=width, height=height,
                                  num_inference_steps=steps, guidance_scale=guidance, num_images_per_prompt=batch,
                                  guidance_rescale=asked.get("guidance_rescale") or 0.0,
                                  output_type="pt", callback_on_step_end=end_of_step).images
            except (ValueError, AttributeError) as problem:
                if not lists:
                    raise
                raise Invalid(f"{', '.join(lists)}: {type(self.pipe.scheduler).__name__} does not take them ({problem})") from problem
            finally:
                del self.pipe.scheduler.scale_model_input
                if draw:
                    module.randn_tensor = draw
        watch.mark()
        times = watch.milliseconds()
        latents = kept[-1]
        answer = {
            "id": asked.get("id"),
            "timings_ms": {"text": times[0], "steps": times[2:-1], "full": full, "decode": times[-1], "total": sum(times)},
            "hashes": {"noise": sha256(noise), "token_ids": sha256(torch.cat(ids)), "latents": sha256(latents),
                       "image": sha256(image.float())},
            "effective": self.effective, "warnings": warnings,
            "engagement": {"steps_full": sum(full), "steps_partial": len(full) - sum(full),
                           "full_steps": [i for i, one in enumerate(full) if one]},
            "peak_memory": self.peak_memory()}
        if deepcache and "branch:" in deepcache:  # which counts by them
            answer["engagement"]["timesteps"] = self.pipe.scheduler.timesteps.double().tolist()
        if "step_noise" in drawn:
            answer["hashes"]["step_noise"] = sha256(drawn["step_noise"])
        broken = [int(tensor.numel() - torch.isfinite(tensor).sum()) for tensor in (latents, image)]
        if any(broken):
            step = next((i for i, one in enumerate(kept) if not torch.isfinite(one).all()), None)
            answer["nonfinite"] = {"latents": broken[0], "image": broken[1], "step": step, "layers": []}
        self.write(asked, image, {"latents": latents, **embeds})
        return answer

    @staticmethod
    def write(asked, image, tensors):
        from PIL import Image
        from safetensors.torch import save_file
        if asked.get("image"):
            levels = torch.nan_to_num(image.float() * 255, 0.0).round().clamp(0, 255).to(torch.uint8)
            picture = Image.fromarray(levels.permute(0, 2, 3, 1).flatten(0, 1).cpu().numpy())  # one below another
            replace(asked["image"], lambda path: picture.save(path, format="PNG", compress_level=1))
        if asked.get("latents"):
            packed = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
            replace(asked["latents"], lambda path: save_file(packed, path))

    def peak_memory(self):
        if self.device == "cuda":
            return torch.cuda.max_memory_allocated()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def refusal(kind, problem):
    return {"ok": False, "kind": kind, "error": str(problem) or type(problem).__name__}


def answer_to(engine, line):
    try:
        message = json.loads(line)
        act = {"load": engine.load, "generate": engine.generate}.get(message.get("op"))
        if act is None:
            raise Invalid(f"op {message.get('op')!r}: must be load or generate")
        return {**act(message), "ok": True}
    except Unsupported as problem:
        return refusal("unsupported", problem)
    except Invalid as problem:
        return refusal("invalid", problem)
    except MemoryError as problem:
        return refusal("out_of_memory", problem)
    except Exception as problem:  # the engine goes on; its log says where it was
        traceback.print_exc()
        memory = "OutOfMemory" in type(problem).__name__ or "can't allocate memory" in str(problem)
        return refusal("out_of_memory" if memory else "error", problem)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mode", choices=MODES, default="eager", help="how the networks run (default: eager)")
    p.add_argument("--compile-mode", choices=COMPILE_MODES, help="of --mode compile: torch.compile's mode (default: reduce-overhead on a "
                   "GPU, else torch's own)")
    p.add_argument("--emulate-precision-casts", action="store_true", help="of --mode compile: fused kernels round to the network's "
                   "precision where eager PyTorch does")
    p.add_argument("--diffusers", metavar="FOLDER", help="folder that holds diffusers/ of an unpacked wheel")
    args = p.parse_args()
    if args.mode != "compile" and (args.compile_mode or args.emulate_precision_casts):
        p.error("--compile-mode and --emulate-precision-casts are of --mode compile")
    if args.diffusers:
        sys.path.insert(0, args.diffusers)
    # Only answers may reach the real stdout: whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine = DiffusersEngine(args.mode, args.compile_mode, args.emulate_precision_casts)
    for line in sys.stdin:
        print(json.dumps(answer_to(engine, line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
