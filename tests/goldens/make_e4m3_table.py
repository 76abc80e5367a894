"""How torch.float8_e4m3fn rounds, for tests/pipeline/cpu/fp8_product_test.cc: for each E4M3 code from 0 to 126 its value and the bits
of the smallest float32 that becomes it. Larger numbers than 448 are cut to 448 first, as the GPU's saturating conversion does.

    python tests/goldens/make_e4m3_table.py > tests/goldens/e4m3.json
"""
import json

import torch


def code_of(bits):
    value = torch.tensor([bits], dtype=torch.int32).view(torch.float32).clamp(max=448)
    return value.to(torch.float8_e4m3fn).view(torch.uint8).item()


def first_of(code):
    low, high = 0, 0x7F800000  # as many floats lie between them as there are numbers in order
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if code_of(middle) >= code else (middle + 1, high)
    return low


print(json.dumps({"torch": torch.__version__,
                  "values": torch.arange(127, dtype=torch.uint8).view(torch.float8_e4m3fn).float().tolist(),
                  "first_of_code": [first_of(code) for code in range(127)]}))
