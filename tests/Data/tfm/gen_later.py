"""Golden values of TabPFN 2.5's and 2.6's networks. Usage: gen_later.py TABPFN-SOURCE-TREE/src OUTDIR

The package's own architectures/tabpfn_v2_5.py and tabpfn_v2_6.py (8.4.0) are imported unchanged and run in double precision on
random weights that floats hold exactly. What PyTorch 1.13 lacks stands in: scaled_dot_product_attention by its definition with
repeated key heads, RMSNorm with the epsilon of a float run, pydantic's dataclasses. Column vectors are drawn in single precision,
as the package does when it runs in single, and 2048 at once, so that a column's do not depend on how many follow: PyTorch draws
sixteen numbers together, and vectors of the released width, not of this small one, are whole sixteens.
"""
import dataclasses, json, math, struct, sys, types
import numpy as np, torch

torch.set_num_threads(1)
ROOT, OUT = sys.argv[1], sys.argv[2]


def module(name, **members):
    made = types.ModuleType(name); made.__dict__.update(members); sys.modules[name] = made
    return made


for name in ("tabpfn", "tabpfn.architectures", "tabpfn.architectures.shared", "tabpfn.preprocessing", "tabpfn.preprocessing.torch"):
    module(name).__path__ = [ROOT + "/" + name.replace(".", "/")]
module("pydantic", dataclasses=module("pydantic.dataclasses", dataclass=dataclasses.dataclass))


def attention(q, k, v):                                # (problems, tokens, heads, head width)
    k, v = (t.expand(-1, -1, q.shape[2], -1).transpose(1, 2) for t in (k, v))
    q = q.transpose(1, 2)
    return ((q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(3) @ v).transpose(1, 2)


class RMSNorm(torch.nn.Module):
    def __init__(self, width, elementwise_affine, device=None, dtype=None):
        super().__init__()
        self.normalized_shape, self.weight = (width,), torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * (x.pow(2).mean(-1, keepdim=True) + torch.finfo(torch.float32).eps).rsqrt() * self.weight


torch.nn.RMSNorm = RMSNorm
randn = torch.randn
torch.randn = lambda shape, dtype, **rest: randn((2048, shape[1]), **rest)[:shape[0]].to(dtype)
module("tabpfn.architectures.shared.scaled_dot_product_attention", scaled_dot_product_attention=attention)
module("tabpfn.architectures.shared.column_embeddings", load_column_embeddings=lambda: torch.zeros(2000, 48))
module("tabpfn.architectures.kv_cache", KVCache=object, KVCacheEntry=object)


def save(path, tensors, metadata):
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        kind = {"float64": "F64", "float32": "F32"}[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        blobs.append(array.tobytes()); at += array.nbytes
    text = json.dumps(header).encode(); text += b" " * (-len(text) % 8)
    with open(f"{OUT}/{path}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def golden(version, architecture, config_type, model_type, seed, **encoder):
    config = dict(emsize=32, nlayers=2, nhead=2, features_per_group=3, num_thinking_rows=5, max_num_classes=6, **encoder)
    model = model_type(config=config_type(**config), task_type="multiclass", n_out=6).double()
    rng = np.random.default_rng(seed)
    for name, weight in model.named_parameters():
        drawn = rng.normal(size=weight.shape) * (0.3 if weight.dim() == 1 or "thinking" in name else weight.shape[1] ** -0.5)
        weight.data = torch.tensor((drawn + ("layernorm" in name)).astype(np.float32), dtype=torch.float64)

    # Eight columns: gaps and infinities in both parts, a constant, one that is constant in the context alone; two tables.
    x = (rng.normal(size=(28, 2, 8)) * rng.uniform(0.5, 20, 8) + rng.normal(size=8) * 5).astype(np.float32)
    x[3, 0, 0], x[22, 0, 0], x[5, 1, 1], x[6, 0, 1], x[25, 1, 1] = np.nan, np.nan, np.inf, -np.inf, np.inf
    x[:, :, 2], x[:20, 0, 4] = 1.5, -2
    y = rng.integers(0, 3, (20, 2)).astype(np.float32)
    labels = rng.integers(0, 3, (8, 2))

    inputs = torch.tensor(x, dtype=torch.float64)
    logits = model(inputs, torch.tensor(y, dtype=torch.float64))               # (query rows, tables, outputs)
    loss = torch.nn.functional.cross_entropy(logits[..., :3].reshape(-1, 3), torch.tensor(labels).reshape(-1))
    loss.backward()
    meta = {"architecture_name": json.dumps(architecture), "config": json.dumps(config)}
    save(f"{version}_model", {n: w.detach().numpy().astype(np.float32) for n, w in model.named_parameters()}, meta)
    save(f"{version}_run", {
        "x": x, "y": y, "labels": labels.astype(np.float32), "logits": logits.detach().numpy(), "loss": loss.detach().numpy().reshape(1),
        **{"g." + n: w.grad.numpy().astype(np.float32) for n, w in model.named_parameters()}}, {})
    print(version, float(loss), sum(w.numel() for w in model.parameters()), float(max(w.grad.abs().max() for w in model.parameters())))


from tabpfn.architectures import tabpfn_v2_5 as v25, tabpfn_v2_6 as v26
golden("v25", "tabpfn_v2_5", v25.TabPFNV2p5Config, v25.TabPFNV2p5, 25)
golden("v25_perceptron", "tabpfn_v2_5", v25.TabPFNV2p5Config, v25.TabPFNV2p5, 27, encoder_type="mlp", encoder_mlp_hidden_dim=24)
golden("v26", "tabpfn_v2_6", v26.TabPFNV2p6Config, v26.TabPFNV2p6, 26)
