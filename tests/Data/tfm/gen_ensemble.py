"""Golden values of TabPFN 8.4.0's ensemble for v2 weights. Usage: gen.py TABPFN-SOURCE-TREE/src OUTDIR

The package's own modules are imported unchanged: modality_detection, clean, ensemble (with every pipeline step), the torch
soft clip, and classifier.forward and logits_to_probabilities (cut out of classifier.py by name, because the module as a
whole needs pydantic). TruncatedSVD's sign rule is set to that of scikit-learn >= 1.5.
"""
import ast, json, struct, sys, types
import numpy as np, pandas as pd, torch
import sklearn.decomposition._truncated_svd as truncated

torch.set_num_threads(1)
ROOT, OUT = sys.argv[1], sys.argv[2]
sys.path.insert(0, ROOT)
package = types.ModuleType("tabpfn"); package.__path__ = [ROOT + "/tabpfn"]; sys.modules["tabpfn"] = package


class Anything:
    def __getattr__(self, name): return Anything()
    def __call__(self, *args, **kwargs): return Anything()


settings = types.ModuleType("tabpfn.settings"); settings.settings = Anything(); sys.modules["tabpfn.settings"] = settings
flip = truncated.svd_flip
truncated.svd_flip = lambda u, v: flip(u, v, u_based_decision=False)
from tabpfn.preprocessing import ensemble, presets
from tabpfn.preprocessing.clean import clean_data, fix_dtypes, process_text_na_dataframe
from tabpfn.preprocessing.configs import ClassifierEnsembleConfig
from tabpfn.preprocessing.datamodel import FeatureModality
from tabpfn.preprocessing.modality_detection import detect_feature_modalities
from tabpfn.utils import balance_probas_by_class_counts


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


def words(values):                                     # 64-bit words, high half then low half, exact in float64
    values = [int(v) for v in np.ravel(values)]
    return np.array([[v >> 32, v & 0xFFFFFFFF] for v in values], np.float64)


def rng_golden():
    t = {}
    for seed in (0, 1, 42, 2**31 - 2, 2**40 + 7, 2**63 - 2):
        t[f"words.{seed}"] = words(np.random.PCG64(seed).random_raw(8))
        rng = np.random.default_rng(seed)
        t[f"integers63.{seed}"] = words(rng.integers(0, np.iinfo(np.int64).max, 3))
        t[f"integers31.{seed}"] = words(rng.integers(0, np.iinfo(np.int32).max, 5))
        t[f"scalar1000.{seed}"] = words([rng.integers(0, 1000) for _ in range(3)])
        t[f"random.{seed}"] = rng.random((4, 3))
        t[f"distinct8.{seed}"] = rng.choice(np.arange(8), size=8, replace=False).astype(float)
        t[f"distinct5of40.{seed}"] = rng.choice(40, size=5, replace=False).astype(float)
        t[f"choice7.{seed}"] = rng.choice(7, size=9).astype(float)
        t[f"permutation31.{seed}"] = rng.permutation(31).astype(float)
        t[f"permutation1.{seed}"] = rng.permutation(1).astype(float)
        t[f"after.{seed}"] = rng.random(2)
    for k in range(2, 11):
        for n in (1, 4, 8, 13):
            rng = np.random.default_rng(0)
            start = rng.integers(0, 1000); rng.choice(np.arange(start, start + n), size=n, replace=False)
            perms = ensemble._generate_class_permutations(num_estimators=n, class_shift_method="shuffle", n_classes=k, rng=rng)
            t[f"classes.{k}.{n}"] = np.array(perms, float)
    save("numpy_rng", t, {"source": f"numpy {np.__version__} default_rng; classes.K.N: tabpfn 8.4.0 _generate_class_permutations"})


def members(train, test, labels, categorical, n_estimators=8, seed=0):
    schema = detect_feature_modalities(train, None, min_samples_for_inference=100, max_unique_for_category=30,
                                       min_unique_for_numerical=4, provided_categorical_indices=categorical)
    modalities = "".join({"CONSTANT": "k"}.get(f.modality.name, f.modality.name[0].lower()) for f in schema.features)
    x, encoder, schema = clean_data(train, schema)
    z = process_text_na_dataframe(fix_dtypes(test, cat_indices=schema.indices_for(FeatureModality.CATEGORICAL)), ord_encoder=encoder)
    classes = int(labels.max()) + 1
    configs = ensemble.generate_classification_ensemble_configs(
        num_estimators=n_estimators, add_fingerprint_feature=True, polynomial_features="no", feature_shift_decoder="shuffle",
        preprocessor_configs=presets.v2_classifier_preprocessor_configs(), class_shift_method="shuffle", n_classes=classes,
        random_state=seed, num_models=1, outlier_removal_std=12.0)
    all_ = ensemble.TabPFNEnsemblePreprocessor(configs=configs, n_samples=len(x), feature_schema=schema, random_state=seed,
                                               n_preprocessing_jobs=1, X_train=x, y_train=labels)
    out = []
    for member in all_.fit_transform_ensemble_members(x, labels):
        both = torch.cat([torch.as_tensor(member.X_train, dtype=torch.float32),
                          torch.as_tensor(member.transform_X_test(z), dtype=torch.float32)])
        cells = member.gpu_preprocessor(both.unsqueeze(1), feature_schema=member.feature_schema, num_train_rows=len(x)).x.squeeze(1)
        out.append((cells.numpy(), member.y_train, member.config))
    return modalities, x, z, out


def classifier(configs, labels, logits, **options):
    keep = {"forward", "logits_to_probabilities", "_apply_temperature", "_average_across_estimators", "_apply_softmax", "_apply_balancing"}
    tree = ast.parse(open(ROOT + "/tabpfn/classifier.py").read())
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "TabPFNClassifier")
    body.body = [n for n in body.body if isinstance(n, ast.FunctionDef) and n.name in keep]
    body.bases, body.decorator_list = [], []
    future = ast.parse("from __future__ import annotations").body
    scope = dict(torch=torch, np=np, tqdm=lambda it, **_: it, ClassifierEnsembleConfig=ClassifierEnsembleConfig,
                 InferenceEngineBatchedNoPreprocessing=Anything, balance_probas_by_class_counts=balance_probas_by_class_counts)
    exec(compile(ast.Module(future + [body], []), "classifier", "exec"), scope)
    it = scope["TabPFNClassifier"]()
    it.__dict__.update(dict(softmax_temperature=0.9, average_before_softmax=False, balance_probabilities=False, fit_mode="low_memory",
                            n_classes_=int(labels.max()) + 1, n_estimators_=len(configs), show_progress_bar=False, use_autocast_=False,
                            differentiable_input=False, class_counts_=np.unique(labels, return_counts=True)[1]) | options)
    it.executor_ = types.SimpleNamespace(iter_outputs=lambda X, **_: zip(map(torch.as_tensor, logits), configs))
    p = it.forward(None, use_inference_mode=True).float().numpy()
    return p / p.sum(axis=1, keepdims=True)


def case(name, train, test, labels, categorical=(), keep=None, n_estimators=8):
    modalities, x, z, out = members(train, test, labels, list(categorical), n_estimators)
    t = {"train": train.astype(float), "test": test.astype(float), "labels": labels.astype(float)}
    if not np.array_equal(train, x, equal_nan=True) or not np.array_equal(test, z, equal_nan=True):
        t.update({"clean.train": x, "clean.test": z})
    for i, (cells, y, config) in enumerate(out):
        if keep is None or i in keep:
            t[f"member{i}"] = cells
        t[f"permutation{i}"] = np.asarray(config.class_permutation, float)
        t[f"labels{i}"] = np.asarray(y, float)
    rng = np.random.RandomState(7)
    logits = (3 * rng.standard_normal((n_estimators, len(test), 10))).astype(np.float32)
    configs = [config for _, _, config in out]
    t["logits"] = logits
    t["probabilities"] = classifier(configs, labels, logits)
    t["probabilities.balanced"] = classifier(configs, labels, logits, balance_probabilities=True)
    t["probabilities.averaged_first"] = classifier(configs, labels, logits, average_before_softmax=True)
    save("ensemble_" + name, t, {"case": name, "categorical": json.dumps(list(categorical)), "modalities": modalities})
    print(name, modalities[:20], [c.shape for c, _, _ in out][::4], {k: sum(a.nbytes for n, a in t.items()) for k in ["bytes"]})



def torch_golden():
    t = {}
    for seed in (0, 42, 2**33 + 5):
        for count in (1, 2, 7, 8, 15, 16, 17, 24, 31, 48, 1000):
            t[f"normals.{seed}.{count}"] = torch.randn(count, generator=torch.Generator().manual_seed(seed)).numpy()
    save("torch_rng", t, {"source": f"torch {torch.__version__}, torch.randn on the CPU, one thread"})


rng_golden()
torch_golden()
r = np.random.RandomState(11)

# Every kind of column: declared and inferred categories, rare ones, gaps, constants, outliers beyond 12 sigma.
n, m = 150, 30
a = r.standard_normal((n + m, 3)); a[5, 1] = 500; a[n + 4, 0] = -90; a[n + 5, 2] = 1e6
cat4 = r.randint(0, 4, n + m) * 2.0 + 1; cat4[n + 1] = 99; cat4[n + 2] = np.nan; gaps = r.randint(10, 13, n + m).astype(float); gaps[::9] = np.nan
rare = np.where(r.rand(n + m) < 0.03, 5.0, r.randint(0, 3, n + m)); three = r.randint(0, 3, n + m) * 0.5
holes = np.exp(r.standard_normal(n + m)); holes[r.rand(n + m) < 0.2] = np.nan; holes[0] = np.nan
many = r.randint(0, 40, n + m).astype(float); one = np.full(n + m, 7.0); none = np.full(n + m, np.nan)
lone = np.full(n + m, 3.0); lone[2:9] = np.nan; late = np.zeros(n + m); late[n + 2] = 1
mixed = np.column_stack([a, cat4, gaps, rare, three, holes, many, one, none, lone, late])
case("mixed", mixed[:n], mixed[n:], np.concatenate([np.arange(3), r.randint(0, 3, n - 3)]), categorical=[3, 4, 5, 8], keep=[0, 1, 4, 5])

x = np.round(r.standard_normal((26, 3)) * 4, 1)
case("small", x[:20], x[20:], np.arange(20) % 2)

x = r.standard_normal((70, 1))
case("one_column", x[:60], x[60:], np.arange(60) % 10, keep=[0, 4])

x = r.standard_normal((28, 500)); x[:, 7] = r.randint(0, 3, 28); x[:, 3] = 1
case("wide", x[:24], x[24:], np.arange(24) % 4, keep=[0], categorical=[7])
x = r.standard_normal((28, 500)); x[:, 7] = r.randint(0, 3, 28)
case("widest", x[:24], x[24:], np.arange(24) % 4, keep=[0, 4], categorical=[7])

# Only categories, and many equal rows.
x = r.randint(0, 2, (110, 3)).astype(float); x[:, 2] *= 5
case("categories", x[:100], x[100:], np.arange(100) % 5, categorical=[0, 1, 2], keep=[0, 1, 4])

# Five members of seven classes; 101 rows are enough to infer categories.
x = np.column_stack([r.standard_normal(111), r.randint(0, 3, 111), r.randint(0, 4, 111)])
case("seven_classes", x[:101], x[101:], np.arange(101) % 7, n_estimators=5)

# Names: a few with gaps, more than thirty with gaps, two, and numbers.
few = ["b", "A", "_x", "Zed", "a b", "\u00e9t\u00e9", "__y"]
lots = [f"{'aZ_b'[i % 4]}{i}" for i in range(45)]
two = ["yes", "no"]
ix = np.column_stack([r.randint(0, 7, n + m), r.randint(0, 45, n + m), r.randint(0, 2, n + m)]).astype(float)
ix[3:40:7, 0] = np.nan; ix[5:60:9, 1] = np.nan; ix[n + 3, 2] = np.nan
ix[:n, 0][ix[:n, 0] == 6] = 0; ix[n, 0] = 6; ix[:n, 1][ix[:n, 1] == 44] = 1; ix[n + 1, 1] = 44
numbers = r.standard_normal((n + m, 2))
frame = pd.DataFrame({"few": [None if np.isnan(v) else few[int(v)] for v in ix[:, 0]], "u": numbers[:, 0],
                      "lots": [None if np.isnan(v) else lots[int(v)] for v in ix[:, 1]],
                      "two": [None if np.isnan(v) else two[int(v)] for v in ix[:, 2]], "v": numbers[:, 1]})
table = frame.to_numpy(dtype=object)
# A member of the case is enough: what is new here is the cleaning.
modalities, cx, cz, out = members(table[:n], table[n:], np.arange(n) % 2, [0, 3])
save("ensemble_names", {"levels": ix, "numbers": numbers, "clean.train": cx, "clean.test": cz, "labels": (np.arange(n) % 2).astype(float),
                        "member0": out[0][0], "member4": out[4][0]},
     {"case": "names", "modalities": modalities, "few": json.dumps(few), "lots": json.dumps(lots), "two": json.dumps(two)})
print("names", modalities)
