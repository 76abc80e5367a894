"""The networks: their shapes, CLIP's text encoder, LPIPS, and pictures made on the GPU."""
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from make_data import PLACES

VAE = {
    "in_channels": 3, "out_channels": 3, "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "block_out_channels": [32, 64, 72, 72],
    "layers_per_block": 2, "act_fn": "silu", "latent_channels": 4, "norm_num_groups": 8,
    "sample_size": 128, "force_upcast": True,
}
# Growing widths, so that every shortcut of SDXL exists.
UNET = {
    "sample_size": 16, "in_channels": 4, "out_channels": 4, "flip_sin_to_cos": True, "freq_shift": 0,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [64, 80, 96], "layers_per_block": 2, "transformer_layers_per_block": [1, 1, 2],
    "attention_head_dim": [4, 5, 6], "norm_num_groups": 8, "norm_eps": 1e-5, "act_fn": "silu",
    "cross_attention_dim": 80, "use_linear_projection": True, "addition_embed_type": "text_time",
    "addition_time_embed_dim": 32, "projection_class_embeddings_input_dim": 48 + 6 * 32,
}
TEXT = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "hidden_act": "quick_gelu"}
TEXT_2 = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3, "hidden_act": "gelu"}
END = 49407  # CLIP's end-of-text token, the largest id


class ClipAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        q, k, v = (layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for layer in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class ClipLayer(nn.Module):
    def __init__(self, width, heads, act):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = ClipAttention(width, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.act = (lambda x: x * torch.sigmoid(1.702 * x)) if act == "quick_gelu" else F.gelu

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp["fc2"](self.act(self.mlp["fc1"](self.layer_norm2(x))))


class ClipText(nn.Module):
    """CLIP's text encoder with transformers' parameter names, written out so that it compiles whole."""

    def __init__(self, config, projection):
        super().__init__()
        width = config["hidden_size"]
        self.text_model = nn.Module()
        self.text_model.embeddings = nn.ModuleDict(
            {"token_embedding": nn.Embedding(END + 1, width), "position_embedding": nn.Embedding(77, width)})
        self.text_model.encoder = nn.Module()
        self.text_model.encoder.layers = nn.ModuleList(
            ClipLayer(width, config["num_attention_heads"], config["hidden_act"])
            for _ in range(config["num_hidden_layers"]))
        self.text_model.final_layer_norm = nn.LayerNorm(width)
        if projection:
            self.text_projection = nn.Linear(width, width, bias=False)
        for table in self.text_model.embeddings.values():
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, ids):
        """Hidden states before the last layer; with a projection the pooled embedding as well."""
        model = self.text_model
        x = model.embeddings["token_embedding"](ids) + model.embeddings["position_embedding"].weight
        for layer in model.encoder.layers[:-1]:
            x = layer(x)
        if not hasattr(self, "text_projection"):
            return x
        last = model.final_layer_norm(model.encoder.layers[-1](x))
        end = last[torch.arange(len(ids), device=ids.device), ids.argmax(-1)]
        return x, self.text_projection(end)


class Lpips(nn.Module):
    """LPIPS v0.1 on AlexNet (metrics/weights/lpips): a distance for each pair of pictures in -1..1."""

    CONVS = [(0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1)]  # index, stride, padding

    def __init__(self, path):
        super().__init__()
        for name, value in load_file(path).items():
            self.register_buffer(name.replace(".", "_"), value)
        self.register_buffer("shift", torch.tensor([-.030, -.088, -.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([.458, .448, .450]).view(1, 3, 1, 1))

    def forward(self, a, b):
        x = (torch.cat([a, b]) - self.shift) / self.scale
        total = 0
        for stage, (index, stride, padding) in enumerate(self.CONVS):
            if stage in (1, 2):
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(F.conv2d(x, getattr(self, f"features_{index}_weight"),
                                getattr(self, f"features_{index}_bias"), stride, padding))
            one, other = (x.float() / (x.float().pow(2).sum(1, keepdim=True).sqrt() + 1e-10)).chunk(2)
            total = total + F.conv2d((one - other) ** 2, getattr(self, f"lin{stage}_model_1_weight")).mean((2, 3))
        return total[:, 0]


class Pictures:
    """The sprites on canvases of 128x128 in GPU memory (0.4 GB); puts pictures together in batches."""

    def __init__(self, data, device):
        with ThreadPoolExecutor() as pool:
            canvases = list(pool.map(self.canvases, sorted((data / "sprites").glob("*.png"))))
        self.canvas = torch.from_numpy(np.concatenate(canvases)).to(device)  # premultiplied RGBA
        self.device = device

    @staticmethod
    def canvases(path):
        sprite = Image.open(path).convert("RGBa")
        result = np.zeros((len(PLACES), 4, 128, 128), np.uint8)
        for canvas, width, centre in zip(result, (108, 60, 122, 60, 60), (64, 64, 64, 32, 96)):
            scale = width / max(sprite.size)
            w, h = (max(1, round(side * scale)) for side in sprite.size)
            left, top = centre - w // 2, 64 - h // 2
            pixels = np.asarray(sprite.resize((w, h), Image.Resampling.LANCZOS))
            canvas[:, top:top + h, left:left + w] = pixels.transpose(2, 0, 1)
        return result

    def compose(self, layers, background):
        """Pictures [N, 3, 128, 128] in -1..1 of layers [N, 2] (canvas or -1) and colours [N, 3] (0..255)."""
        picture = background.float().view(-1, 3, 1, 1)
        for layer in layers.unbind(1):
            rgba = self.canvas[layer.clamp(min=0)] * (layer >= 0).view(-1, 1, 1, 1)
            picture = picture * (1 - rgba[:, 3:].float() / 255) + rgba[:, :3].float()
        return (picture / 127.5 - 1).clamp(-1, 1)  # resampling may overshoot


def read_captions(data, device):
    """(layers, background, ids) of captions.npz as tensors on the device."""
    stored = np.load(data / "captions.npz")
    return tuple(torch.from_numpy(stored[name].astype(np.int32)).to(device).long()
                 for name in ("layers", "background", "ids"))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")
