"""Stores what TabDDPM's own code computes on fixed rows, times and noise: gen_tabddpm.py TAB-DDPM-SOURCE OUTDIR."""
import json, struct, sys
import numpy as np, torch
from sklearn.preprocessing import QuantileTransformer
sys.path.insert(0, sys.argv[1])
from tab_ddpm import gaussian_multinomial_diffsuion as g
from tab_ddpm import modules

def save(path, tensors):
    header, blobs, at = {}, [], 0
    for name, value in tensors.items():
        value = np.asarray(value.detach() if torch.is_tensor(value) else value)
        value = np.ascontiguousarray(value)
        kind = {"float64": "F64", "float32": "F32", "int64": "I64", "int32": "I32"}[str(value.dtype)]
        blob = value.tobytes()
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))

# The rest runs in double precision, and so must this.
waves = modules.timestep_embedding
modules.timestep_embedding = lambda *args: waves(*args).double()

torch.manual_seed(7)
torch.set_num_threads(1)
T, numeric, K, labels = 10, 3, np.array([2, 3, 5]), 3
width = numeric + K.sum()
network = modules.MLPDiffusion(width, labels, True, {"d_layers": [16, 12], "dropout": 0.0}, dim_t=8)
diffusion = g.GaussianMultinomialDiffusion(K, numeric, network, num_timesteps=T).double()
# Logits that differ: at PyTorch's first weights every level is as likely as any other.
with torch.no_grad():
    network.mlp.head.weight *= 6
network.double()
torch.Tensor.float = torch.Tensor.double  # its forward pass casts

rng = np.random.default_rng(3)
x_num = torch.tensor(rng.normal(size=(T, numeric)).astype(np.float32).astype(np.float64))
noise = torch.tensor(rng.normal(size=(T, numeric)).astype(np.float32).astype(np.float64))
z = torch.tensor(rng.normal(size=(T, numeric)).astype(np.float32).astype(np.float64))
x_cat = torch.tensor(np.stack([rng.integers(0, k, T) for k in K], axis=1))
x_cat_t = torch.tensor(np.stack([np.where(rng.random(T) < .5, x_cat[:, i], rng.integers(0, k, T)) for i, k in enumerate(K)], axis=1))
y = torch.tensor(rng.integers(0, labels, T))
t = torch.arange(T)
log_x, log_x_t = g.index_to_log_onehot(x_cat, K).double(), g.index_to_log_onehot(x_cat_t, K).double()
x_num_t = diffusion.gaussian_q_sample(x_num, t, noise=noise)

out = {"in.x_num": x_num, "in.x_cat": x_cat, "in.x_cat_t": x_cat_t, "in.noise": noise, "in.z": z, "in.y": y,
       "schedule.alpha": diffusion.alphas, "schedule.alpha_bar": diffusion.alphas_cumprod,
       "schedule.mean_of_start": diffusion.posterior_mean_coef1, "schedule.mean_of_row": diffusion.posterior_mean_coef2,
       "x_num_t": x_num_t, "q_x_t": diffusion.q_pred(log_x, t).exp(),
       "q_posterior": diffusion.q_posterior(log_x, log_x_t, t).exp(), "kl_prior": diffusion.kl_prior(log_x) / len(K)}
for name, weight in network.named_parameters():
    out["w." + name] = weight.to(torch.float32)

# The released input, log one-hot, and the indicators that the repaired one has.
for case, cells in (("log", log_x_t), ("unit", (log_x_t == 0).double())):
    network.zero_grad()
    output = network(torch.cat([x_num_t, cells], dim=1), t, y=y)
    pt = torch.full((T,), 1 / T).double()
    multi = diffusion._multinomial_loss(output[:, numeric:], log_x, log_x_t, t, pt, {"y": y}) / len(K)
    gauss = diffusion._gaussian_loss(output[:, :numeric], x_num, x_num_t, t, noise)
    (multi.mean() + gauss.mean()).backward()
    out |= {f"{case}.output": output, f"{case}.loss_multi": multi, f"{case}.loss_gauss": gauss}
    for name, weight in network.named_parameters():
        out[f"{case}.g.{name}"] = weight.grad.clone()
    torch.randn_like, keep = lambda x: z, torch.randn_like
    out[f"{case}.x_num_before"] = diffusion.gaussian_p_sample(output[:, :numeric], x_num_t, t)["sample"]
    torch.randn_like = keep
    out[f"{case}.posterior"] = diffusion.p_pred(output[:, numeric:], log_x_t, t, {"y": y}).exp()
save(f"{sys.argv[2]}/tabddpm.safetensors", out)

# TabDDPM's numeric encoding on a column of ties, spikes and a long tail.
column = np.where(rng.random(700) < .4, 0, np.round(np.exp(rng.normal(size=700) * 1.5) * 10))
encoder = QuantileTransformer(output_distribution="normal", n_quantiles=max(min(len(column) // 30, 1000), 10), subsample=int(1e9), random_state=0)
encoded = encoder.fit_transform(column.reshape(-1, 1))
probe = np.linspace(-6, 6, 97)
save(f"{sys.argv[2]}/quantile.safetensors", {
    "column": column, "quantiles": encoder.quantiles_[:, 0], "encoded": encoded[:, 0], "probe": probe,
    "decoded": encoder.inverse_transform(probe.reshape(-1, 1))[:, 0]})
