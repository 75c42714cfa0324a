# Requirements: torch==2.14.1 (any build, it runs on the CPU); for a new loss any version that has what its function calls
#
# Copyright 2026 the DJLosses authors.
#
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the
# specific language governing permissions and limitations under the License.
"""Writes the golden rows of DJLosses: one JSON file per loss class, with value and gradient of every row.

    python golden.py OUTPUT_DIR          # all losses; OUTPUT_DIR is engines-it/src/test/resources/golden
    python golden.py OUTPUT_DIR HuberLoss   # some losses

Running it again gives the same bytes. Every number that goes in is exactly representable in float32, everything is
computed in float64, so a FLOAT32 and a FLOAT64 test feed identical inputs.

A file is {"loss", "provenance", "cases"}; a case is

    id           unique in its file; the reduction is its suffix where a case exists once per reduction; "kink" is part
                 of it where an input lies exactly on a kink and PyTorch's sub-gradient is what is expected
    options      PyTorch's names in camel case, what is absent has its default
    labels       arrays {"dtype", "shape", "data"}; "float" means the data type of the predictions
    predictions  arrays {"shape", "data"}
    value        what the loss returns
    head         only where the value is not a scalar: the gradients are those of sum(head * value)
    gradients    one per prediction, null where it is not compared
    tolerance    {"float32": {"rtol", "atol", "why"}, "float64": ...}: max-norm of the difference at most
                 atol + rtol * max-norm of what is expected, for value and gradients; where the default (rtol 1e-6 for
                 FLOAT32, 1e-12 for FLOAT64) is too tight for a reason that the row gives
    tool         the version of PyTorch that has made the row, where it is not that of the file
    why          whatever else there is to say: why a gradient is null, why the row differs from PyTorch

Data are flat, row-major. Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity".

Sample weights are the option "sampleWeighting"; the weight array is then the last label, and is broadcast to the
unreduced value before anything is summed. MEAN_BY_WEIGHT divides by the sum of the (broadcast) weights, MEAN_BY_COUNT by
what MEAN divides by without weights, MASK lets elements whose mask is 0 vanish from sum and count whatever they hold.

Every row is checked here before it is written: against an independent formula where there is one, against central
differences unless the row says why not, and by computing it again in float32, which must stay inside the tolerance.
"""

import importlib
import json
import math
import os
import sys
import warnings
import zlib

warnings.filterwarnings("ignore")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(1)

SCRIPT = "engines-it/src/test/python/golden.py"
TOOL = "torch " + torch.__version__.split("+")[0]
F64 = torch.float64
INF = math.inf
NAN = math.nan
ALL = ("NONE", "SUM", "MEAN")
REPORT = []  # (loss, id, message) of rows whose checks complain


def t(data, dtype=F64):
    """A tensor; floating point data are rounded to float32 first."""
    x = torch.tensor(data, dtype=dtype)
    return x.float().to(F64) if dtype == F64 else x


def ints(data):
    return torch.tensor(data, dtype=torch.int64)


def opt(values, like):
    """An option's list of numbers as a tensor of the type that the predictions have."""
    return None if values is None else torch.tensor(values, dtype=like.dtype)


def shaped(name, values):
    """An option that is an array of numbers, as values and shape."""
    x = torch.tensor(values, dtype=F64)
    return {name: {name: x.reshape(-1).tolist(), "shape": list(x.shape)}}


def smoothed(y, smoothing):
    """Keras's label smoothing of binary labels."""
    return y * (1 - smoothing) + smoothing / 2


def number(v):
    if isinstance(v, float):
        if math.isnan(v):
            return "NaN"
        if math.isinf(v):
            return "Infinity" if v > 0 else "-Infinity"
        return v + 0.0 if v != 0 else 0.0
    return v


def array(x, dtype=None):
    out = {} if dtype is None else {"dtype": dtype}
    out["shape"] = list(x.shape)
    out["data"] = [number(v) for v in x.reshape(-1).tolist()]
    return out


def clean(v):
    """Options as JSON."""
    if isinstance(v, dict):
        return {k: clean(e) for k, e in v.items()}
    if isinstance(v, (list, tuple)):
        return [clean(e) for e in v]
    return number(v)


def reduce(loss, reduction):
    if reduction == "NONE":
        return loss
    if reduction == "SUM":
        return loss.sum()
    if reduction == "BATCH_MEAN":
        return loss.sum() / loss.shape[0]
    return loss.mean()


def weighted(loss, weight, mode, reduction, divisor=None):
    """Sample weighting: see the top. divisor: what MEAN divides by, an element each (default 1)."""
    w = weight.to(loss.dtype).expand(loss.shape)
    d = torch.ones_like(loss) if divisor is None else divisor
    terms = torch.where(w != 0, loss, torch.zeros_like(loss)) if mode == "MASK" else w * loss
    if reduction == "NONE":
        return terms
    if reduction == "SUM":
        return terms.sum()
    return terms.sum() / (d.sum() if mode == "MEAN_BY_COUNT" else (w * d).sum())


def max_error(actual, expected):
    """Largest difference, relative to the largest finite expected number; infinite where non-finite numbers differ."""
    if actual.shape != expected.shape:
        return INF
    a, e = actual.to(F64).reshape(-1), expected.to(F64).reshape(-1)
    if a.numel() == 0:
        return 0.0
    finite = torch.isfinite(e)
    if not torch.equal(torch.nan_to_num(a[~finite], 7.0, 8.0, 9.0), torch.nan_to_num(e[~finite], 7.0, 8.0, 9.0)):
        return INF
    if not finite.any():
        return 0.0
    diff = (a[finite] - e[finite]).abs().max().item()
    norm = e[finite].abs().max().item()
    if math.isnan(diff):
        return INF
    return diff if norm == 0 else diff / norm


class Golden:
    """Collects the rows of one loss."""

    def __init__(self, loss, function):
        self.loss = loss
        self.function = function
        self.cases = []
        self.ids = set()
        self.generator = torch.Generator().manual_seed(zlib.crc32(loss.encode()))

    # Random numbers on a grid of 1/1024: exact in float32 and short in print.
    def normal(self, *shape, scale=1.0):
        x = torch.randn(shape, generator=self.generator, dtype=F64) * scale
        return torch.round(x * 1024) / 1024

    def uniform(self, low, high, *shape):
        x = torch.rand(shape, generator=self.generator, dtype=F64) * (high - low) + low
        return torch.round(x * 1024) / 1024

    def classes(self, c, *shape):
        return torch.randint(0, c, shape, generator=self.generator)

    def bits(self, *shape):
        return torch.randint(0, 2, shape, generator=self.generator).to(F64)

    def signs(self, *shape):
        return self.bits(*shape) * 2 - 1

    def simplex(self, *shape):
        """Positive numbers on a grid of 1/256 that sum to 1 along axis 1 (axis 0 of a vector)."""
        axis = 1 if len(shape) > 1 else 0
        x = torch.rand(shape, generator=self.generator, dtype=F64) + 0.1
        x = torch.floor(x / x.sum(axis, keepdim=True) * 256) / 256
        first = x.narrow(axis, 0, 1)
        first += 1 - x.sum(axis, keepdim=True)
        return x

    def log_softmax(self, *shape, axis=1, scale=1.5):
        x = torch.randn(shape, generator=self.generator, dtype=F64) * scale
        return torch.round(torch.log_softmax(x, axis) * 1024) / 1024

    def row(self, id, options, labels, predictions, fn, ref=None, reductions=ALL, grads=True, fd=True, tol=None,
            why=None, expect=None, provenance=None, extra=None, fn32=True, tol64=None, provide=None):
        """
        fn(labels, predictions, reduction) is the function of record, ref an independent one that must agree.
        labels: (dtype, tensor) pairs. reductions: a row each; None for a loss without that option. grads: False or a
        list of booleans for gradients that are not compared. fd: False where central differences do not apply. tol: the
        float32 rtol, or (rtol, atol). expect(value, gradients): corrects what fn gives, where better is wanted.
        provide(labels, predictions, reduction, head): gives the gradients where they are not fn's derivative.
        """
        for label in labels:
            if label[0] == "float":
                assert torch.equal(torch.nan_to_num(label[1]), torch.nan_to_num(label[1].float().to(F64))), (self.loss, id)
        for p in predictions:
            assert torch.equal(torch.nan_to_num(p), torch.nan_to_num(p.float().to(F64))), (self.loss, id)
        for reduction in [None] if reductions is None else reductions:
            name = id if reduction is None or len(reductions) == 1 else id + "_" + reduction.lower()
            assert name not in self.ids, (self.loss, name)
            self.ids.add(name)
            ys = [label[1] for label in labels]
            xs = [p.clone().requires_grad_() for p in predictions]
            value = fn(ys, xs, reduction)
            head = None
            if value.dim() > 0 or reduction == "NONE":
                magnitude = self.uniform(0.25, 2.0, *value.shape)
                head = magnitude * self.signs(*value.shape)
            gradients = self.gradients(value, head, xs, reduction, fn, ys, provide)
            if ref is not None:
                rxs = [p.clone().requires_grad_() for p in predictions]
                rvalue = ref(ys, rxs, reduction)
                rgradients = self.gradients(rvalue, head, rxs, reduction, ref, ys, None)
                self.agree(name, "value of the formula", value, rvalue, 1e-11)
                for g, r, x in zip(gradients, rgradients, predictions):
                    if fd and torch.isfinite(g).all() and torch.isfinite(r).all():
                        self.agree(name, "gradient of the formula", g, r, 1e-10)
            if expect is not None:
                value, gradients = expect(value.detach(), gradients)
            wanted = [grads] * len(xs) if isinstance(grads, bool) else list(grads)
            if fd and torch.isfinite(value).all():
                self.differences(name, fn, ys, predictions, reduction, head, gradients, wanted)
            rtol, atol = tol if isinstance(tol, tuple) else (tol or 1e-6, 0.0)
            if fn32 and provide is None and expect is None:
                self.single(name, fn, labels, predictions, reduction, head, value, gradients, wanted, rtol, atol,
                            tol64 is not None)
            options_out = dict(options)
            if reduction is not None:
                options_out["reduction"] = reduction
            if tol64 is None:
                for e in [value.detach()] + [e for e, w in zip(gradients, wanted) if w]:
                    if self.noise(e):
                        REPORT.append((self.loss, name, "expects nothing but rounding noise"))
            case = {"id": name, "options": clean(options_out)}
            case["labels"] = [array(label[1], label[0]) for label in labels]
            case["predictions"] = [array(p) for p in predictions]
            case["value"] = array(value.detach())
            if head is not None:
                case["head"] = array(head)
            case["gradients"] = [array(g) if w else None for g, w in zip(gradients, wanted)]
            if extra is not None:
                case.update(extra(reduction, head))
            if tol is not None or tol64 is not None:
                assert why is not None, (self.loss, id)
                case["tolerance"] = {}
                if tol is not None:
                    case["tolerance"]["float32"] = {"rtol": rtol, "atol": atol, "why": why}
                if tol64 is not None:
                    rtol, atol = tol64 if isinstance(tol64, tuple) else (tol64, 0.0)
                    case["tolerance"]["float64"] = {"rtol": rtol, "atol": atol, "why": why}
            elif why is not None:
                case["why"] = why
            if not all(wanted):
                assert why is not None, (self.loss, id)
                case["why"] = why
            if provenance is not None:
                case["provenance"] = provenance
            self.cases.append(case)

    @staticmethod
    def noise(expected):
        finite = expected[torch.isfinite(expected)]
        return finite.numel() > 0 and 0 < finite.abs().max() < 1e-13

    @staticmethod
    def gradients(value, head, xs, reduction, fn, ys, provide):
        if provide is not None:
            return provide(ys, [x.detach() for x in xs], reduction, head)
        scalar = value if head is None else (head.to(value.dtype) * value).sum()
        gs = torch.autograd.grad(scalar, xs, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for g, x in zip(gs, xs)]

    def agree(self, name, what, actual, expected, tolerance):
        error = max_error(actual.detach(), expected.detach())
        if error > tolerance:
            REPORT.append((self.loss, name, "%s differs by %.3g" % (what, error)))

    def differences(self, name, fn, ys, predictions, reduction, head, gradients, wanted):
        for k, p in enumerate(predictions):
            if not wanted[k] or p.numel() == 0 or p.numel() > 300:
                continue
            estimate = torch.zeros_like(p)
            for i in range(p.numel()):
                sides = []
                h = 1e-5 * max(1.0, abs(p.reshape(-1)[i].item()))
                if not math.isfinite(h):
                    continue
                for sign in (1, -1):
                    moved = [q.clone() for q in predictions]
                    moved[k].reshape(-1)[i] += sign * h
                    v = fn(ys, moved, reduction)
                    sides.append((v if head is None else (head * v).sum()).item())
                estimate.reshape(-1)[i] = (sides[0] - sides[1]) / (2 * h)
            g = gradients[k]
            error = (estimate - g).abs().max().item()
            if not error <= 2e-6 * (1 + g.abs().max().item()):
                REPORT.append((self.loss, name, "central differences differ by %.3g" % error))

    def single(self, name, fn, labels, predictions, reduction, head, value, gradients, wanted, rtol, atol, has64):
        """How far PyTorch's own float32 is from the row: a row must not ask for what float32 cannot give."""
        ys = [y.float() if d == "float" else y for d, y in labels]
        xs = [p.float().requires_grad_() for p in predictions]
        v = fn(ys, xs, reduction)
        gs = self.gradients(v, None if head is None else head.float(), xs, reduction, fn, ys, None)
        for what, a, e in [("value", v.detach(), value.detach())] + [
                ("gradient %d" % i, a, e) for i, (a, e) in enumerate(zip(gs, gradients)) if wanted[i]]:
            finite = e[torch.isfinite(e)]
            norm = finite.abs().max().item() if finite.numel() else 0.0
            error = max_error(a, e) * (norm if norm else 1.0)
            if not error <= (atol + rtol * norm) * (0.5 if norm else 1.0):
                REPORT.append((self.loss, name, "float32 %s is off by %.3g, norm %.3g" % (what, error, norm)))
            if error > 2e-4 * norm > 0 and not has64:  # float64 is 2**29 times finer
                REPORT.append((self.loss, name, "%s needs a float64 tolerance, float32 is off by %.3g" % (what, error / norm)))

    def write(self, folder):
        """Writes the file. Rows that another version of PyTorch has made stay, and new ones name theirs."""
        path = os.path.join(folder, self.loss + ".json")
        tool = TOOL
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                file = json.load(f)
            tool = file["provenance"]["tool"]
            if tool != TOOL:
                there = {case["id"]: case for case in file["cases"]}
                self.cases = [there.get(case["id"], dict(case, tool=TOOL)) for case in self.cases]
        head = {"loss": self.loss, "provenance": {"tool": tool, "script": SCRIPT, "function": self.function}}
        lines = json.dumps(head, indent=1, allow_nan=False)[:-2] + ',\n "cases": [\n'
        lines += ",\n".join("  " + json.dumps(c, allow_nan=False) for c in self.cases)
        lines += "\n ]\n}\n"
        json.loads(lines)
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write(lines)
        return len(self.cases)


# ---------------------------------------------------------------------------------------------------------------------
# Regression
# ---------------------------------------------------------------------------------------------------------------------


def pointwise(g, torch_fn, formula, variants, kinks):
    """
    Rows of an element-wise loss of the error. torch_fn(x, y, reduction=...) takes the reduction in lower case, "none"
    among them; formula(d), with d = x - y, is the independent reference, an element each. Both must be stable: errors
    are as large as 2e4 and as small as 2**-14. variants: (suffix, options, keyword arguments of both functions). kinks:
    (suffix, options, keyword arguments, label, prediction), further rows of a loss that are not checked by differences.
    """

    def fns(kw):
        def fn(ys, xs, reduction):
            return torch_fn(xs[0], ys[0], reduction=reduction.lower(), **kw)

        def ref(ys, xs, reduction):
            return reduce(formula(xs[0] - ys[0], **kw), reduction)

        return fn, ref

    fn, ref = fns({})
    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("one_sample", (1, 3)),
                        ("cube", (2, 3, 2)), ("image", (1, 2, 2, 3))]:
        g.row(name, {}, [("float", g.normal(*shape))], [g.normal(*shape, scale=1.5)], fn, ref)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)
    g.row("large", {}, [("float", t([1e4, -1e4, 0.5, 2.0]))], [t([-1e4, 1e4, 1e4, -1e4])], fn, ref, fd=False)
    g.row("small_differences", {}, [("float", t([1.0, -1.0, 0.25]))], [t([1.0 + 2**-12, -1.0 + 2**-14, 0.25 - 2**-13])],
          fn, ref, fd=False)
    g.row("tutorial_kink", {}, [("float", t([[0, 2, 5], [3, 1, 1]]))], [t([[1, 2, 3], [2, 3, 4]])], fn, ref, fd=False)
    g.row("nan_prediction", {}, [("float", t([1.0, 2.0]))], [t([NAN, 2.5])], fn, ref, grads=False,
          why="a NaN must reach the value; engines differ in the gradient of |NaN|")
    for suffix, options, kw in variants:
        vfn, vref = fns(kw)
        g.row(suffix, options, [("float", g.normal(2, 4))], [g.normal(2, 4, scale=2.0)], vfn, vref)
        g.row(suffix + "_vector", options, [("float", g.normal(6))], [g.normal(6, scale=3.0)], vfn, vref,
              reductions=("MEAN",))
    for suffix, options, kw, y, x in kinks:
        kfn, kref = fns(kw)
        g.row(suffix, options, [("float", t(y))], [t(x)], kfn, kref, fd=False)

    # Sample weights.
    for suffix, options, kw in [("", {}, {})] + variants[:1]:
        def wfn(mode):
            return lambda ys, xs, r: weighted(torch_fn(xs[0], ys[0], reduction="none", **kw), ys[1], mode, r)

        tag = "_" + suffix if suffix else ""
        for mode in ("MEAN_BY_WEIGHT", "MEAN_BY_COUNT"):
            o = dict(options, sampleWeighting=mode)
            low = mode.lower()
            torch_mode = "MEAN_BY_COUNT" if g.loss == "HuberLoss" else "MEAN_BY_WEIGHT"
            check = None
            if mode == torch_mode and torch_fn in (F.l1_loss, F.mse_loss, F.huber_loss):
                def check(ys, xs, r):  # PyTorch's own weight argument has this meaning
                    return torch_fn(xs[0], ys[0], reduction=r.lower(), weight=ys[1], **kw)
            g.row(low + tag, o, [("float", g.normal(2, 3)), ("float", g.uniform(0.1, 2.0, 2, 3))], [g.normal(2, 3)],
                  wfn(mode), check)
            if not suffix:
                g.row(low + "_per_sample", o, [("float", g.normal(3, 2)), ("float", t([[0.5], [0.0], [2.0]]))],
                      [g.normal(3, 2)], wfn(mode))
                g.row(low + "_per_column", o, [("float", g.normal(3, 2)), ("float", t([[0.25, 1.5]]))],
                      [g.normal(3, 2)], wfn(mode), reductions=("MEAN",))
                g.row(low + "_vector", o, [("float", g.normal(4)), ("float", t([0.5, 3.0, 0.0, 1.0]))], [g.normal(4)],
                      wfn(mode), reductions=("SUM", "MEAN"))
        o = dict(options, sampleWeighting="MASK")
        g.row("mask" + tag, o, [("float", g.normal(2, 3)), ("float", t([[1, 0, 1], [0, 1, 1]]))], [g.normal(2, 3)],
              wfn("MASK"))
        if not suffix:
            g.row("mask_per_sample", o, [("float", g.normal(3, 2)), ("float", t([[1], [0], [1]]))], [g.normal(3, 2)],
                  wfn("MASK"))
            y, x = g.normal(2, 3), g.normal(2, 3)
            x[0, 1], x[1, 0], y[1, 2] = NAN, INF, NAN
            clean_y, clean_x = y.clone(), x.clone()
            clean_x[0, 1], clean_x[1, 0], clean_y[1, 2] = 0.0, 0.0, 1.0
            m = t([[1, 0, 1], [0, 1, 0]])

            def nan_safe(ys, xs, r):
                hidden = ys[1] == 0
                zero = torch.zeros_like(xs[0])
                xx, yy = torch.where(hidden, zero, xs[0]), torch.where(hidden, zero, ys[0])
                return weighted(torch_fn(xx, yy, reduction="none", **kw), ys[1], "MASK", r)

            g.row("mask_hides_nan", o, [("float", y), ("float", m)], [x], nan_safe, fd=False,
                  why="masked elements hold NaN and infinity: they must reach neither value nor gradient")
            g.row("mask_everything", o, [("float", g.normal(2, 2)), ("float", torch.zeros(2, 2, dtype=F64))],
                  [g.normal(2, 2)], wfn("MASK"), why="nothing is left to average: NaN by default, the gradient is 0")


def l1_loss():
    g = Golden("L1Loss", "torch.nn.functional.l1_loss")
    pointwise(g, F.l1_loss, lambda d: d.abs(), [], [
        ("zero_difference_kink", {}, {}, [1.0, 0.0, -2.5], [1.0, 0.0, -2.5])])
    g.row("tutorial_mae_kink", {}, [("float", t([0.1, 0.2, 0.2]))], [t([0.1, 0.2, 0.3])],
          lambda ys, xs, r: F.l1_loss(xs[0], ys[0], reduction=r.lower()), fd=False)
    return g


def mse_loss():
    g = Golden("MSELoss", "torch.nn.functional.mse_loss")
    pointwise(g, F.mse_loss, lambda d: d * d, [], [])
    return g


def smooth_l1_loss():
    def formula(d, beta=1.0):
        a = d.abs()
        return a if beta == 0 else torch.where(a < beta, d * d / (2 * beta), a - beta / 2)

    g = Golden("SmoothL1Loss", "torch.nn.functional.smooth_l1_loss")
    pointwise(g, F.smooth_l1_loss, formula, [
        ("beta2", {"beta": 2.0}, {"beta": 2.0}), ("beta0_25", {"beta": 0.25}, {"beta": 0.25}),
        ("beta0", {"beta": 0.0}, {"beta": 0.0}), ("beta0_7", {"beta": 0.7}, {"beta": 0.7})], [
        ("threshold_kink", {"beta": 2.0}, {"beta": 2.0}, [0.0] * 5, [0.0, 1.0, 2.0, 3.0, -2.0]),
        ("beta0_kink", {"beta": 0.0}, {"beta": 0.0}, [1.0, 2.0], [1.0, 2.5])])
    return g


def huber_loss():
    def formula(d, delta=1.0):
        a = d.abs()
        return torch.where(a < delta, d * d / 2, delta * (a - delta / 2))

    g = Golden("HuberLoss", "torch.nn.functional.huber_loss")
    pointwise(g, F.huber_loss, formula, [
        ("delta2", {"delta": 2.0}, {"delta": 2.0}), ("delta0_25", {"delta": 0.25}, {"delta": 0.25}),
        ("delta0_7", {"delta": 0.7}, {"delta": 0.7})], [
        ("threshold_kink", {"delta": 2.0}, {"delta": 2.0}, [0.0] * 5, [0.0, 1.0, 2.0, 3.0, -2.0])])
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Binary classification
# ---------------------------------------------------------------------------------------------------------------------

BCE_EPSILON = "PyTorch's backward divides by max(x(1-x), 1e-12) with the float32 nearest to 1e-12"


def bce_loss():
    g = Golden("BCELoss", "torch.nn.functional.binary_cross_entropy")

    def fns(weight=None, smoothing=0.0):
        def fn(ys, xs, r):
            return F.binary_cross_entropy(xs[0], smoothed(ys[0], smoothing), weight=opt(weight, xs[0]), reduction=r.lower())

        def ref(ys, xs, r):
            x, y = xs[0], smoothed(ys[0], smoothing)
            loss = -(y * torch.clamp(torch.log(x), min=-100) + (1 - y) * torch.clamp(torch.log1p(-x), min=-100))
            return reduce(loss if weight is None else loss * opt(weight, x), r)

        return fn, ref

    fn, ref = fns()
    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("one_sample", (1, 3)),
                        ("cube", (2, 3, 2))]:
        g.row(name, {}, [("float", g.bits(*shape))], [g.uniform(0.02, 0.98, *shape)], fn, ref)
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.uniform(0.02, 0.98, 3, 2)], fn, ref)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)
    g.row("clamped", {}, [("float", t([1.0, 0.0, 1.0, 0.0, 0.5, 0.25]))], [t([0.0, 1.0, 1.0, 0.0, 0.0, 1.0])], fn, fd=False,
          tol64=1e-8, why=BCE_EPSILON)
    g.row("nearly_certain", {}, [("float", t([1.0, 0.0, 0.0, 1.0]))], [t([1e-6, 1e-6, 1 - 2**-20, 1 - 2**-20])], fn, ref,
          fd=False)
    g.row("clamped_with_weight", {"weight": [0.25, 2.0]}, [("float", t([[1.0, 0.0]]))], [t([[0.0, 1.0]])],
          fns([0.25, 2.0])[0], fd=False, tol64=1e-8, why=BCE_EPSILON)
    g.row("tutorial_hard", {}, [("float", t([[1.0], [0.0]]))], [t([[0.5], [0.5]])], fn, ref)
    g.row("tutorial_easy", {}, [("float", t([[1.0], [0.0]]))], [t([[0.9], [0.1]])], fn, ref)
    weight = [0.25, 1.0, 0.7]
    wf, wr = fns(weight)
    g.row("weight", {"weight": weight}, [("float", g.bits(2, 3))], [g.uniform(0.05, 0.95, 2, 3)], wf, wr)
    g.row("weight_vector", {"weight": weight}, [("float", g.bits(3))], [g.uniform(0.05, 0.95, 3)], wf, wr)
    g.row("weight_cube", {"weight": weight}, [("float", g.bits(2, 2, 3))], [g.uniform(0.05, 0.95, 2, 2, 3)], wf, wr)
    g.row("weight_zero", {"weight": [0.0, 0.0, 0.0]}, [("float", g.bits(2, 3))], [g.uniform(0.05, 0.95, 2, 3)],
          *fns([0.0, 0.0, 0.0]), reductions=("MEAN",), why="the weights are not in the divisor: 0, not NaN")
    g.row("weight_empty", {"weight": weight}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], wf, wr)
    binary_sample_weights(g, lambda n: (g.bits(*n), g.uniform(0.05, 0.95, *n)), fn, {"weight": weight}, wf)
    wf, wr = fns([-0.5, 1.0, -0.25])
    g.row("weight_negative", {"weight": [-0.5, 1.0, -0.25]}, [("float", g.bits(2, 3))], [g.uniform(0.05, 0.95, 2, 3)], wf, wr)

    def draw(n):
        return g.bits(*n), g.uniform(0.05, 0.95, *n)

    shaped_weights(g, ["weight"], lambda w: fns(w["weight"]), draw)
    for name, o, w in [("", {}, None), ("_weight", {"weight": weight}, weight)]:
        y, x = draw((2, 3))
        g.row("label_smoothing" + name, dict(o, labelSmoothing=0.2), [("float", y)], [x], *fns(w, 0.2))
    return g


# Weights of a shape, and shapes of predictions that they broadcast to.
SHAPES = [("number", (), (2, 3)), ("one", (1, 1), (2, 3)), ("row", (1, 3), (2, 3)), ("elements", (2, 3), (2, 3)),
          ("samples", (2, 1), (2, 3)), ("channels", (3, 1, 1), (2, 3, 2, 2)), ("positions", (2, 2), (2, 3, 2, 2))]


def shaped_weights(g, options, fns, draw):
    """Rows with weights of a shape; options: the names of options, to which fns gives the functions of record."""
    for name, shape, target in SHAPES:
        weights = {option: g.uniform(-0.5, 3.0, *shape).tolist() for option in options}
        o = {}
        for option in options:
            o.update(shaped(option, weights[option]))
        y, x = draw(target)
        g.row("_".join(["shaped"] + [option.lower() for option in options] + [name]), o, [("float", y)], [x], *fns(weights))


def binary_sample_weights(g, draw, fn, options, ofn):
    """Rows with sample weights for the element-wise binary losses; options: class options with C = 3, ofn its function."""
    for mode in ("MEAN_BY_WEIGHT", "MEAN_BY_COUNT", "MASK"):
        def wfn(f):
            return lambda ys, xs, r: weighted(f(ys, xs, "NONE"), ys[1], mode, r)

        low = mode.lower()
        w = t([[1, 0, 1], [0, 1, 1]]) if mode == "MASK" else g.uniform(0.1, 2.0, 2, 3)
        y, x = draw((2, 3))
        g.row(low, {"sampleWeighting": mode}, [("float", y), ("float", w)], [x], wfn(fn))
        y, x = draw((3, 2))
        w = t([[1], [0], [1]]) if mode == "MASK" else t([[0.5], [0.0], [2.0]])
        g.row(low + "_per_sample", {"sampleWeighting": mode}, [("float", y), ("float", w)], [x], wfn(fn))
        y, x = draw((2, 3))
        w = t([[1], [0]]) if mode == "MASK" else t([[0.25], [1.5]])
        g.row(low + "_with_options", dict(options, sampleWeighting=mode), [("float", y), ("float", w)], [x], wfn(ofn))
    y, x = draw((2, 3))
    x[0, 1], y[1, 2] = NAN, NAN
    m = t([[1, 0, 1], [1, 1, 0]])

    def nan_safe(ys, xs, r):
        hidden = ys[1] == 0
        half = torch.full_like(xs[0], 0.5)
        return weighted(fn([torch.where(hidden, half, ys[0])], [torch.where(hidden, half, xs[0])], "NONE"), ys[1], "MASK", r)

    g.row("mask_hides_nan", {"sampleWeighting": "MASK"}, [("float", y), ("float", m)], [x], nan_safe, fd=False,
          why="masked elements hold NaN: they must reach neither value nor gradient")


def bce_with_logits_loss():
    g = Golden("BCEWithLogitsLoss", "torch.nn.functional.binary_cross_entropy_with_logits")

    def fns(weight=None, pos=None, smoothing=0.0):
        def fn(ys, xs, r):
            return F.binary_cross_entropy_with_logits(xs[0], smoothed(ys[0], smoothing), weight=opt(weight, xs[0]),
                                                      reduction=r.lower(), pos_weight=opt(pos, xs[0]))

        def ref(ys, xs, r):
            x, y = xs[0], smoothed(ys[0], smoothing)
            p = 1.0 if pos is None else opt(pos, x)
            loss = (1 - y) * x + (1 + (p - 1) * y) * F.softplus(-x, threshold=800)
            return reduce(loss if weight is None else loss * opt(weight, x), r)

        return fn, ref

    fn, ref = fns()
    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("one_sample", (1, 3)),
                        ("cube", (2, 3, 2))]:
        g.row(name, {}, [("float", g.bits(*shape))], [g.normal(*shape, scale=2.0)], fn, ref)
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.normal(3, 2, scale=2.0)], fn, ref)
    g.row("targets_outside_0_1", {}, [("float", t([-1.0, 2.0, 1.5]))], [t([0.5, -0.75, 2.0])], fn, ref,
          why="targets are not range-checked")
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)
    extreme = t([1e4, 1e4, -1e4, -1e4, 1000.0, -1000.0, 90.0, -90.0])
    g.row("extreme", {}, [("float", t([1, 0, 1, 0, 0.5, 0.5, 1, 0]))], [extreme], fn, ref, fd=False)
    g.row("extreme_right", {}, [("float", t([1, 0, 1, 0]))], [t([1e4, -1e4, 1000.0, -900.0])], fn, ref, fd=False)
    g.row("confident", {}, [("float", t([1.0, 0.0, 1.0]))], [t([12.0, -14.0, 18.0])], fn, ref, fd=False,
          tol=(1e-6, 3e-7), tol64=1e-8, why="sigma(x) - y and x - y x + ... cancel, in PyTorch too, to the last bit of 1")
    g.row("zero_logits", {}, [("float", t([[1.0, 0.0, 0.25]]))], [t([[0.0, 0.0, 0.0]])], fn, ref, fd=True,
          why="the loss is smooth at 0; a softplus made of relu and |x| has the wrong gradient there")
    weight, pos = [0.25, 1.0, 0.7], [3.0, 0.5, 1.7]
    for name, options, w, p in [("weight", {"weight": weight}, weight, None), ("pos_weight", {"posWeight": pos}, None, pos),
                                ("weight_and_pos_weight", {"weight": weight, "posWeight": pos}, weight, pos)]:
        of, orf = fns(w, p)
        g.row(name, options, [("float", g.bits(2, 3))], [g.normal(2, 3, scale=2.0)], of, orf)
        g.row(name + "_vector", options, [("float", g.bits(3))], [g.normal(3)], of, orf, reductions=("MEAN",))
        g.row(name + "_cube", options, [("float", g.bits(2, 2, 3))], [g.normal(2, 2, 3)], of, orf, reductions=("MEAN",))
        g.row(name + "_soft_targets", options, [("float", g.uniform(0.0, 1.0, 2, 3))], [g.normal(2, 3)], of, orf)
        g.row(name + "_extreme", options, [("float", t([[1.0, 0.0, 1.0], [0.0, 1.0, 0.25]]))],
              [t([[-1e4, 1e4, 1e4], [-1e4, -1000.0, 500.0]])], of, orf, fd=False)
    one = [2.5]
    g.row("pos_weight_single", {"posWeight": one}, [("float", g.bits(4, 1))], [g.normal(4, 1)], *fns(None, one))
    g.row("weight_empty", {"weight": weight, "posWeight": pos}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)],
          *fns(weight, pos))
    options = {"weight": weight, "posWeight": pos}
    binary_sample_weights(g, lambda n: (g.bits(*n), g.normal(*n)), fn, options, fns(weight, pos)[0])
    for name, o, w, p in [("weight", {"weight": [-0.5, 1.0, -0.25]}, [-0.5, 1.0, -0.25], None),
                          ("pos_weight", {"posWeight": [-0.5, 1.0, -2.0]}, None, [-0.5, 1.0, -2.0])]:
        g.row(name + "_negative", o, [("float", g.bits(2, 3))], [g.normal(2, 3)], *fns(w, p))

    def draw(n):
        return g.bits(*n), g.normal(*n)

    shaped_weights(g, ["weight"], lambda w: fns(w["weight"]), draw)
    shaped_weights(g, ["posWeight"], lambda w: fns(None, w["posWeight"]), draw)
    shaped_weights(g, ["weight", "posWeight"], lambda w: fns(w["weight"], w["posWeight"]), draw)
    for name, o, w, p in [("", {}, None, None), ("_weights", {"weight": weight, "posWeight": pos}, weight, pos)]:
        g.row("label_smoothing" + name, dict(o, labelSmoothing=0.2), [("float", g.bits(2, 3))], [g.normal(2, 3)],
              *fns(w, p, 0.2))
    return g


SATURATED = "PyTorch's composition gives NaN, 0 * (infinite derivative of a power at 0); the limit is expected"


def focal_loss():
    g = Golden("FocalLoss", "composed of torch.nn.functional.binary_cross_entropy as in the tutorial: "
               "mean(alpha_t * (1 - p_t)**gamma * BCE(p, y))")

    def make(gamma=2.0, alpha=0.75, smoothing=0.0):
        def fn(ys, xs, r):
            x, y = xs[0], smoothed(ys[0], smoothing)
            bce = F.binary_cross_entropy(x, y, reduction="none")
            p_t = y * x + (1 - y) * (1 - x)
            alpha_t = 1.0 if alpha < 0 else y * alpha + (1 - y) * (1 - alpha)
            return reduce(alpha_t * torch.pow(1.0 - p_t, gamma) * bce, r)

        def ref(ys, xs, r):
            x, y = xs[0], smoothed(ys[0], smoothing)
            bce = -(y * torch.clamp(torch.log(x), min=-100) + (1 - y) * torch.clamp(torch.log1p(-x), min=-100))
            q = y * (1 - x) + (1 - y) * x
            return reduce((1.0 if alpha < 0 else alpha * y + (1 - alpha) * (1 - y)) * q**gamma * bce, r)

        return fn, ref

    fn, ref = make()
    g.row("tutorial_hard", {}, [("float", t([[1.0], [0.0]]))], [t([[0.5], [0.5]])], fn, ref)
    g.row("tutorial_easy", {}, [("float", t([[1.0], [0.0]]))], [t([[0.9], [0.1]])], fn, ref)
    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("cube", (2, 2, 2))]:
        g.row(name, {}, [("float", g.bits(*shape))], [g.uniform(0.05, 0.95, *shape)], fn, ref)
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.uniform(0.05, 0.95, 3, 2)], fn, ref)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)
    for gamma, alpha in [(2.0, 0.25), (0.0, 0.75), (1.0, 0.5), (0.5, 0.75), (3.5, 0.7), (5.0, 1.0), (2.0, 0.0)]:
        f, r = make(gamma, alpha)
        g.row(("gamma%g_alpha%g" % (gamma, alpha)).replace(".", "_"), {"gamma": gamma, "alpha": alpha},
              [("float", g.bits(2, 3))], [g.uniform(0.1, 0.9, 2, 3)], f, r)
    saturated = [("float", t([1.0, 0.0, 1.0, 0.0]))], [t([1.0, 0.0, 0.0, 1.0])]
    g.row("saturated", {}, *saturated, fn, fd=False, tol64=1e-8, why=BCE_EPSILON)
    g.row("saturated_gamma1", {"gamma": 1.0}, *saturated, make(1.0)[0], fd=False, tol64=1e-8, why=BCE_EPSILON)
    right = [("float", t([1.0, 0.0, 1.0]))], [t([1.0, 0.0, 0.75])]

    def zero_where_certain(value, gradients):
        return value, [torch.where(torch.isnan(gradients[0]), torch.zeros_like(gradients[0]), gradients[0])]

    g.row("saturated_gamma0_5", {"gamma": 0.5}, *right, make(0.5)[0], fd=False, expect=zero_where_certain, why=SATURATED)
    for gamma, alpha, smoothing in [(2.0, -1.0, 0.0), (0.0, -1.0, 0.0), (0.5, -1.0, 0.0), (2.0, 0.75, 0.2), (2.0, -1.0, 0.1)]:
        o = {"gamma": gamma, "alpha": alpha}
        if smoothing > 0:
            o["labelSmoothing"] = smoothing
        name = ("gamma%g_alpha%g_smoothing%g" % (gamma, alpha, smoothing)).replace(".", "_").replace("-", "minus")
        g.row(name, o, [("float", g.bits(2, 3))], [g.uniform(0.1, 0.9, 2, 3)], *make(gamma, alpha, smoothing))
    return g


def sigmoid_focal_loss():
    g = Golden("SigmoidFocalLoss", "torchvision.ops.sigmoid_focal_loss, written in torch with 1 - p_t as "
               "y(1 - p) + (1 - y)p")

    def make(alpha=0.25, gamma=2.0, smoothing=0.0):
        def fn(ys, xs, r):
            x, y = xs[0], smoothed(ys[0], smoothing)
            ce = F.binary_cross_entropy_with_logits(x, y, reduction="none")
            q = y * torch.sigmoid(-x) + (1 - y) * torch.sigmoid(x)
            loss = ce * q**gamma
            return reduce(loss if alpha < 0 else (alpha * y + (1 - alpha) * (1 - y)) * loss, r)

        def ref(ys, xs, r):  # as torchvision writes it
            x, y = xs[0], smoothed(ys[0], smoothing)
            p = torch.sigmoid(x)
            ce = F.binary_cross_entropy_with_logits(x, y, reduction="none")
            p_t = p * y + (1 - p) * (1 - y)
            loss = ce * ((1 - p_t) ** gamma)
            return reduce(loss if alpha < 0 else (alpha * y + (1 - alpha) * (1 - y)) * loss, r)

        def hard(ys, xs, r):  # for targets in {0, 1}, in log space: no NaN where a power is differentiated at 0
            x, y = xs[0], ys[0]
            z = x * (2 * y - 1)
            loss = torch.exp(gamma * F.logsigmoid(-z)) * -F.logsigmoid(z)
            return reduce(loss if alpha < 0 else (alpha * y + (1 - alpha) * (1 - y)) * loss, r)

        return fn, ref, hard

    fn, ref, hard = make()
    g.row("zero_logits", {}, [("float", t([1.0, 0.0]))], [t([0.0, 0.0])], fn, ref)
    g.row("scalar", {}, [("float", t(1.0))], [t(0.75)], fn, ref)
    for name, shape in [("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("cube", (2, 2, 2))]:
        g.row(name, {}, [("float", g.bits(*shape))], [g.normal(*shape, scale=1.5)], fn, ref)
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.normal(3, 2)], fn, ref)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)
    for alpha, gamma in [(0.75, 2.0), (-1.0, 2.0), (-1.0, 0.0), (0.25, 0.0), (0.5, 1.0), (0.25, 0.5), (0.7, 3.5), (0.0, 2.0),
                         (1.0, 2.0)]:
        f, r, h = make(alpha, gamma)
        name = ("alpha%g_gamma%g" % (alpha, gamma)).replace(".", "_").replace("-", "minus")
        g.row(name, {"alpha": alpha, "gamma": gamma}, [("float", g.bits(2, 3))], [g.normal(2, 3, scale=1.5)], f, r)
        if gamma != 0:
            g.row(name + "_extreme", {"alpha": alpha, "gamma": gamma}, [("float", t([1.0, 0.0, 1.0, 0.0, 1.0]))],
                  [t([1e4, -1e4, -1e4, 1e4, 1.5])], h, fd=False,
                  why=SATURATED + "; in log space: exp(gamma log(1 - p_t))" if gamma < 1 else None)
    g.row("confident", {}, [("float", t([1.0, 0.0, 1.0]))], [t([8.0, -9.0, 12.0])], hard, fd=False,
          tol=1e-5, why="1 - p_t must keep its digits, sigma(-z), not 1 - sigma(z); exp multiplies the rounding of its "
          "large argument")
    g.row("confident_gamma0_5", {"gamma": 0.5}, [("float", t([1.0, 0.0, 1.0]))], [t([12.0, -14.0, 18.0])],
          make(0.25, 0.5)[2], fd=False, tol=1e-5, why="1 - p_t must keep its digits: sigma(-z), not 1 - sigma(z)")
    for alpha, gamma, smoothing in [(0.25, 2.0, 0.2), (-1.0, 2.0, 0.1), (0.25, 0.5, 0.2)]:
        name = ("label_smoothing%g_alpha%g_gamma%g" % (smoothing, alpha, gamma)).replace(".", "_").replace("-", "minus")
        g.row(name, {"alpha": alpha, "gamma": gamma, "labelSmoothing": smoothing}, [("float", g.bits(2, 3))],
              [g.normal(2, 3)], *make(alpha, gamma, smoothing)[:2])
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Several classes
# ---------------------------------------------------------------------------------------------------------------------


def moved(fn, axis=-1):
    """A function of scores with their classes on axis 1, for scores that have them on another axis."""

    def inner(ys, xs, r):
        x, y = xs[0], ys[0]
        if y.dim() == x.dim():
            y = y.movedim(axis, 1) if y.shape == x.shape else y.squeeze(axis)
        return fn([y] + ys[1:], [x.movedim(axis, 1).contiguous()] + xs[1:], r)

    return inner


def class_axis(x):
    return 0 if x.dim() == 1 else 1


def per_class(weight, x):
    """Class weights, shaped to be broadcast along the class axis of x."""
    w = torch.ones(x.shape[class_axis(x)], dtype=x.dtype) if weight is None else opt(weight, x)
    return w if x.dim() == 1 else w.reshape([1, -1] + [1] * (x.dim() - 2))


def pick_terms(logp, y, weight, ignore):
    """Weighted -log p of the target and the weight that MEAN divides by, an element per target."""
    axis = class_axis(logp)
    valid = y != ignore
    safe = torch.where(valid, y, torch.zeros_like(y)).long()
    w = torch.ones(logp.shape[axis], dtype=logp.dtype) if weight is None else opt(weight, logp)
    wy = torch.where(valid, w[safe], torch.zeros((), dtype=logp.dtype))
    picked = logp.gather(axis, safe.unsqueeze(axis)).squeeze(axis)
    return torch.where(valid, -wy * picked, torch.zeros((), dtype=logp.dtype)), wy


def cross_entropy_formula(x, y, r, weight=None, ignore=-100, smoothing=0.0, sample=None, mode=None):
    axis, c = class_axis(x), x.shape[class_axis(x)]
    logp = torch.log_softmax(x, axis)
    if y.shape == x.shape:
        q = y * (1 - smoothing) + smoothing / c
        loss = -(per_class(weight, x) * q * logp).sum(axis)
        divisor = torch.ones_like(loss)
    else:
        y = y.long()
        loss, divisor = pick_terms(logp, y, weight, ignore)
        if smoothing > 0:
            smooth = -(per_class(weight, x) * logp).sum(axis)
            smooth = torch.where(y != ignore, smooth, torch.zeros_like(smooth))
            loss = (1 - smoothing) * loss + smoothing / c * smooth
    if mode is not None:
        return weighted(loss, sample, mode, r, divisor)
    return loss.sum() / divisor.sum() if r == "MEAN" else reduce(loss, r)


def cross_entropy_loss():
    g = Golden("CrossEntropyLoss", "torch.nn.functional.cross_entropy")

    def fns(weight=None, ignore=-100, smoothing=0.0):
        def fn(ys, xs, r):
            y = ys[0] if ys[0].shape == xs[0].shape else ys[0].long()
            return F.cross_entropy(xs[0], y, weight=opt(weight, xs[0]), ignore_index=ignore, reduction=r.lower(),
                                   label_smoothing=smoothing)

        def ref(ys, xs, r):
            return cross_entropy_formula(xs[0], ys[0], r, weight, ignore, smoothing)

        return fn, ref

    fn, ref = fns()
    forms = [("vector", (4,)), ("matrix", (3, 4)), ("one_sample", (1, 3)), ("sequence", (2, 3, 4)), ("image", (2, 3, 2, 2))]
    g.row("tutorial", {}, [("int64", ints([0, 2]))], [t([[10.0, 0.0, -10.0], [8.0, 8.0, 8.0]])], fn, ref)
    for name, shape in forms:
        target = () if len(shape) == 1 else shape[:1] + shape[2:]
        g.row(name, {}, [("int64", g.classes(shape[class_axis(torch.empty(shape))], *target))], [g.normal(*shape, scale=2.0)],
              fn, ref)
        g.row(name + "_probabilities", {}, [("float", g.simplex(*shape))], [g.normal(*shape, scale=2.0)], fn, ref)
    for dtype in ("int32", "uint8", "float"):
        y = g.classes(4, 3)
        g.row("targets_" + dtype, {}, [(dtype, y.to(F64) if dtype == "float" else y)], [g.normal(3, 4)], fn, ref)
        y = g.classes(3, 2, 2)
        g.row("targets_" + dtype + "_sequence", {}, [(dtype, y.to(F64) if dtype == "float" else y)], [g.normal(2, 3, 2)], fn,
              ref, reductions=("MEAN",))
    g.row("target_float_scalar", {}, [("float", t(2.0))], [g.normal(3)], fn, ref)
    g.row("single_class", {}, [("int64", ints([0, 0]))], [t([[1.5], [-2.0]])], fn, ref)
    g.row("many_classes", {}, [("int64", ints([39]))], [g.normal(1, 40)], fn, ref)
    g.row("one_hot_probabilities", {}, [("float", t([[0, 1, 0], [1, 0, 0]]))], [g.normal(2, 3)], fn, ref)
    g.row("unnormalized_probabilities", {}, [("float", t([[0.5, 2.0, -0.25], [0.0, 0.0, 0.0]]))], [g.normal(2, 3)], fn, ref,
          why="probability targets are not validated")
    g.row("empty", {}, [("int64", ints([]))], [t([]).reshape(0, 3)], fn, ref)
    g.row("empty_probabilities", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)

    # Extreme logits.
    g.row("extreme", {}, [("int64", ints([0, 1, 2]))], [t([[1e4, 0.0, -1e4], [1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]])], fn, ref,
          fd=False)
    g.row("extreme_probabilities", {}, [("float", t([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]]))],
          [t([[1e4, 0.0, -1e4], [-1e4, 1e4, 1e4]])], fn, ref, fd=False)
    g.row("confident", {}, [("int64", ints([0, 1]))], [t([[16.0, 0.0, -1.0], [0.5, 12.0, 2.0]])], fn, ref, fd=False,
          tol=(1e-6, 2e-7), tol64=1e-9,
          why="log_softmax loses the digits of a probability near 1: log(1 + e) to about 1e-7 absolute")
    g.row("minus_infinity", {}, [("int64", ints([0, 2]))], [t([[0.5, -INF, 1.0], [-INF, -INF, 2.0]])], fn, ref, fd=False)
    g.row("minus_infinity_target", {}, [("int64", ints([1, 0]))], [t([[0.5, -INF, 1.0], [1.0, 0.0, 0.5]])], fn, ref, fd=False,
          reductions=("NONE", "SUM"), why="the target class itself is impossible: infinite loss, finite gradient")
    g.row("minus_infinity_smoothing", {"labelSmoothing": 0.1}, [("int64", ints([0]))], [t([[0.5, -INF, 1.0]])],
          *fns(smoothing=0.1), fd=False, reductions=("SUM",), grads=False,
          why="smoothing gives the impossible class a target probability: infinite loss")
    g.row("minus_infinity_probabilities", {}, [("float", t([[0.5, 0.0, 0.5]]))], [t([[0.5, -INF, 1.0]])], fn, ref, fd=False,
          grads=False, reductions=("SUM",), why="0 * -infinity, as in PyTorch")

    # Class weights.
    weight = [0.25, 1.0, 0.7, 2.0]
    wf, wr = fns(weight)
    for name, shape in [("vector", (4,)), ("matrix", (5, 4)), ("sequence", (2, 4, 3)), ("image", (1, 4, 2, 2))]:
        target = () if len(shape) == 1 else shape[:1] + shape[2:]
        g.row("weight_" + name, {"weight": weight}, [("int64", g.classes(4, *target))], [g.normal(*shape)], wf, wr)
        g.row("weight_" + name + "_probabilities", {"weight": weight}, [("float", g.simplex(*shape))], [g.normal(*shape)], wf,
              wr)
    g.row("weight_one_hot", {"weight": weight}, [("float", torch.eye(4, dtype=F64)[:2])], [g.normal(2, 4)], wf, wr,
          why="MEAN divides by N for probabilities, by the sum of the weights for indices")
    zero = [0.0, 1.0, 0.5]
    g.row("weight_zero", {"weight": zero}, [("int64", ints([0, 1, 2]))], [g.normal(3, 3)], *fns(zero))
    g.row("weight_all_zero", {"weight": zero}, [("int64", ints([0, 0]))], [g.normal(2, 3)], *fns(zero), fd=False, grads=False,
          reductions=("SUM", "MEAN"), why="0/0: the mean is NaN; PyTorch's gradient is not compared")
    g.row("weight_empty", {"weight": zero}, [("int64", ints([]))], [t([]).reshape(0, 3)], *fns(zero))

    # Ignored targets.
    g.row("ignore_default", {}, [("int64", ints([0, -100, 2, -100]))], [g.normal(4, 3)], fn, ref)
    for ignore in (1, -1, 255):
        name = "ignore_%d" % ignore if ignore >= 0 else "ignore_minus%d" % -ignore
        kind = "int64" if ignore != 255 else "uint8"
        y = ints([0, ignore, 2, ignore, 1])
        g.row(name, {"ignoreIndex": ignore}, [(kind, y)], [g.normal(5, 3)], *fns(ignore=ignore))
        y = ints([[0, ignore, 2], [ignore, 2, 0]])
        g.row(name + "_sequence", {"ignoreIndex": ignore}, [(kind, y)], [g.normal(2, 3, 3)], *fns(ignore=ignore))
    g.row("ignore_float", {"ignoreIndex": -1}, [("float", t([0.0, -1.0, 2.0]))], [g.normal(3, 3)], *fns(ignore=-1))
    g.row("ignore_int32", {"ignoreIndex": -1}, [("int32", ints([0, -1, 2]))], [g.normal(3, 3)], *fns(ignore=-1))
    g.row("ignore_beyond_classes", {"ignoreIndex": 7}, [("int64", ints([7, 1, 0]))], [g.normal(3, 3)], *fns(ignore=7))
    w3 = [0.25, 1.0, 0.7]
    g.row("ignore_weight", {"ignoreIndex": 1, "weight": w3}, [("int64", ints([0, 1, 2, 2]))], [g.normal(4, 3)],
          *fns(w3, 1))
    g.row("ignore_all", {}, [("int64", ints([-100, -100]))], [g.normal(2, 3)], fn, ref, fd=False,
          why="nothing is left to average: NaN by default, the gradient is 0")
    g.row("ignore_all_vector", {}, [("int64", ints(-100))], [g.normal(3)], fn, ref, fd=False,
          why="nothing is left to average: NaN by default, the gradient is 0")
    g.row("ignore_hides_nothing_of_the_others", {"ignoreIndex": 0}, [("int64", ints([0, 1]))],
          [t([[-INF, 1.0, 0.0], [0.5, 0.25, -1.0]])], *fns(ignore=0), fd=False)

    # Label smoothing.
    for eps in (0.1, 0.25, 1.0):
        name = ("smoothing%g" % eps).replace(".", "_")
        for form, shape in forms:
            target = () if len(shape) == 1 else shape[:1] + shape[2:]
            c = shape[class_axis(torch.empty(shape))]
            r = ALL if eps == 0.1 else ("MEAN",)
            g.row(name + "_" + form, {"labelSmoothing": eps}, [("int64", g.classes(c, *target))], [g.normal(*shape)],
                  *fns(smoothing=eps), reductions=r)
            g.row(name + "_" + form + "_probabilities", {"labelSmoothing": eps}, [("float", g.simplex(*shape))],
                  [g.normal(*shape)], *fns(smoothing=eps), reductions=r, tol=(1e-6, 2e-7) if eps == 1.0 else None,
                  why="the gradient is the difference of two nearly equal probabilities" if eps == 1.0 else None)
    g.row("smoothing_weight", {"labelSmoothing": 0.2, "weight": w3}, [("int64", g.classes(3, 4))], [g.normal(4, 3)],
          *fns(w3, smoothing=0.2))
    g.row("smoothing_weight_probabilities", {"labelSmoothing": 0.2, "weight": w3}, [("float", g.simplex(4, 3))],
          [g.normal(4, 3)], *fns(w3, smoothing=0.2))
    g.row("smoothing_weight_ignore", {"labelSmoothing": 0.2, "weight": w3, "ignoreIndex": 1},
          [("int64", ints([0, 1, 2, 2]))], [g.normal(4, 3)], *fns(w3, 1, 0.2))
    g.row("smoothing_weight_ignore_sequence", {"labelSmoothing": 0.2, "weight": w3, "ignoreIndex": -1},
          [("int64", ints([[0, -1], [2, 2]]))], [g.normal(2, 3, 2)], *fns(w3, -1, 0.2))
    g.row("smoothing_ignore", {"labelSmoothing": 0.3}, [("int64", ints([0, -100, 2]))], [g.normal(3, 3)],
          *fns(smoothing=0.3))
    g.row("smoothing_ignore_all", {"labelSmoothing": 0.3}, [("int64", ints([-100, -100]))], [g.normal(2, 3)],
          *fns(smoothing=0.3), fd=False, grads=False,
          why="nothing is left to average; PyTorch's gradient of 0/0 is not compared")
    g.row("smoothing_extreme", {"labelSmoothing": 0.1}, [("int64", ints([0, 1]))], [t([[1e4, 0.0, -1e4], [1e4, -1e4, 0.0]])],
          *fns(smoothing=0.1), fd=False)
    g.row("smoothing_empty", {"labelSmoothing": 0.1}, [("int64", ints([]))], [t([]).reshape(0, 3)], *fns(smoothing=0.1))

    # Sample weights.
    def sampled(mode, **kw):
        return lambda ys, xs, r: cross_entropy_formula(xs[0], ys[0], r, sample=ys[1], mode=mode, **kw)

    mode = "MEAN_BY_WEIGHT"
    o = {"sampleWeighting": mode}
    w = ("float", t([0.5, 2.0, 0.0, 1.25]))
    g.row("mean_by_weight", o, [("int64", g.classes(3, 4)), w], [g.normal(4, 3)], sampled(mode))
    g.row("mean_by_weight_class_weight", dict(o, weight=w3), [("int64", g.classes(3, 4)), w], [g.normal(4, 3)],
          sampled(mode, weight=w3))
    g.row("mean_by_weight_ignore", dict(o, weight=w3, ignoreIndex=1), [("int64", ints([0, 1, 2, 2])), w], [g.normal(4, 3)],
          sampled(mode, weight=w3, ignore=1))
    g.row("mean_by_weight_smoothing", dict(o, weight=w3, labelSmoothing=0.1), [("int64", g.classes(3, 4)), w],
          [g.normal(4, 3)], sampled(mode, weight=w3, smoothing=0.1))
    g.row("mean_by_weight_probabilities", o, [("float", g.simplex(4, 3)), w], [g.normal(4, 3)], sampled(mode))
    g.row("mean_by_weight_sequence", dict(o, ignoreIndex=-1),
          [("int64", ints([[0, -1], [2, 2]])), ("float", t([[0.5, 1.5], [2.0, 0.25]]))], [g.normal(2, 3, 2)],
          sampled(mode, ignore=-1))
    mode = "MASK"
    o = {"sampleWeighting": mode}
    m = ("float", t([1, 0, 1, 1]))
    g.row("mask", o, [("int64", g.classes(3, 4)), m], [g.normal(4, 3)], sampled(mode))
    g.row("mask_class_weight_ignore", dict(o, weight=w3, ignoreIndex=1), [("int64", ints([0, 2, 1, 2])), m], [g.normal(4, 3)],
          sampled(mode, weight=w3, ignore=1))
    g.row("mask_sequence", o, [("int64", g.classes(3, 2, 2)), ("float", t([[1, 0], [1, 1]]))], [g.normal(2, 3, 2)],
          sampled(mode))
    g.row("mask_probabilities", o, [("float", g.simplex(4, 3)), m], [g.normal(4, 3)], sampled(mode))
    x = g.normal(4, 3)
    x[1] = NAN

    def nan_safe(ys, xs, r):
        hidden = (ys[1] == 0).unsqueeze(1)
        return sampled(mode)(ys, [torch.where(hidden, torch.zeros_like(xs[0]), xs[0])], r)

    g.row("mask_hides_nan", o, [("int64", g.classes(3, 4)), m], [x], nan_safe, fd=False,
          why="a masked row holds NaN: it must reach neither value nor gradient")
    negative = [-0.5, 1.0, 2.0, -0.25]
    for name, o in [("", {}), ("_smoothing", {"labelSmoothing": 0.2}), ("_ignore", {"ignoreIndex": 1}),
                    ("_smoothing_ignore", {"labelSmoothing": 0.2, "ignoreIndex": 1})]:
        f, rf = fns(negative, o.get("ignoreIndex", -100), o.get("labelSmoothing", 0.0))
        g.row("weight_negative" + name, dict(o, weight=negative), [("int64", ints([2, 0, 1, 3, 2]))], [g.normal(5, 4)], f, rf)
        g.row("weight_negative_sequence" + name, dict(o, weight=negative), [("int64", ints([[2, 0, 1], [3, 2, 2]]))],
              [g.normal(2, 4, 3)], f, rf)
    for name, o in [("", {}), ("_smoothing", {"labelSmoothing": 0.2})]:
        g.row("weight_negative_probabilities" + name, dict(o, weight=negative), [("float", g.simplex(3, 4))], [g.normal(3, 4)],
              *fns(negative, smoothing=o.get("labelSmoothing", 0.0)))

    # Classes on another axis.
    o = {"classAxis": -1}
    g.row("class_axis_last", o, [("int64", g.classes(4, 2, 3))], [g.normal(2, 3, 4)], moved(fn), moved(ref))
    g.row("class_axis_last_square", o, [("int64", g.classes(3, 2, 3))], [g.normal(2, 3, 3)], moved(fn), moved(ref),
          why="as many positions as classes: nothing but the option tells which is which")
    g.row("class_axis_last_unit", o, [("int64", g.classes(4, 2, 3, 1))], [g.normal(2, 3, 4)], moved(fn), moved(ref))
    g.row("class_axis_last_image", o, [("int64", g.classes(4, 2, 2, 2))], [g.normal(2, 2, 2, 4)], moved(fn), moved(ref))
    g.row("class_axis_matrix", o, [("int64", g.classes(4, 3))], [g.normal(3, 4)], fn, ref)
    g.row("class_axis_vector", o, [("int64", g.classes(4))], [g.normal(4)], fn, ref)
    g.row("class_axis_last_probabilities", o, [("float", g.simplex(6, 4).reshape(2, 3, 4))], [g.normal(2, 3, 4)], moved(fn),
          moved(ref))
    g.row("class_axis_last_smoothing", dict(o, labelSmoothing=0.25), [("int64", g.classes(3, 2, 2))], [g.normal(2, 2, 3)],
          *[moved(f) for f in fns(smoothing=0.25)])
    g.row("class_axis_last_all_options", dict(o, weight=w3, ignoreIndex=1, labelSmoothing=0.2),
          [("int64", ints([[0, 1, 2], [2, 1, 0]]))], [g.normal(2, 3, 3)], *[moved(f) for f in fns(w3, 1, 0.2)])
    g.row("class_axis_last_weight_probabilities", dict(o, weight=w3, labelSmoothing=0.2),
          [("float", g.simplex(4, 3).reshape(2, 2, 3))], [g.normal(2, 2, 3)], *[moved(f) for f in fns(w3, smoothing=0.2)])
    g.row("class_axis_middle", {"classAxis": 2}, [("int64", g.classes(3, 2, 2, 2))], [g.normal(2, 2, 3, 2)], moved(fn, 2),
          moved(ref, 2))
    g.row("class_axis_middle_weight_probabilities", {"classAxis": -2, "weight": w3},
          [("float", g.simplex(4, 3, 2).reshape(2, 2, 3, 2))], [g.normal(2, 2, 3, 2)], *[moved(f, 2) for f in fns(w3)])
    g.row("class_axis_last_mask", dict(o, sampleWeighting="MASK"), [("int64", g.classes(4, 2, 3)), ("float", t([[1, 0, 1], [1, 1, 0]]))],
          [g.normal(2, 3, 4)], moved(sampled("MASK")))
    g.row("class_axis_last_mean_by_weight", dict(o, sampleWeighting="MEAN_BY_WEIGHT"),
          [("int64", g.classes(4, 2, 3)), ("float", t([0.5, 2.0]).unsqueeze(1))], [g.normal(2, 3, 4)],
          moved(sampled("MEAN_BY_WEIGHT")))
    g.row("class_axis_last_empty", o, [("int64", ints([]).reshape(0, 3))], [t([]).reshape(0, 3, 4)], moved(fn), moved(ref))
    g.row("targets_boolean", {}, [("boolean", ints([1, 0, 1]))], [g.normal(3, 2)], fn, ref, why="true is class 1")
    g.row("mask_unit", {"sampleWeighting": "MASK"}, [("int64", g.classes(3, 4, 1)), ("float", t([1, 0, 1, 1]).unsqueeze(1))],
          [g.normal(4, 3)], lambda ys, xs, r: sampled("MASK")([ys[0].squeeze(1), ys[1].squeeze(1)], xs, r))
    return g


def nll_loss():
    g = Golden("NLLLoss", "torch.nn.functional.nll_loss")

    def fns(weight=None, ignore=-100):
        def fn(ys, xs, r):
            return F.nll_loss(xs[0], ys[0].long(), weight=opt(weight, xs[0]), ignore_index=ignore, reduction=r.lower())

        def ref(ys, xs, r):
            loss, divisor = pick_terms(xs[0], ys[0].long(), weight, ignore)
            return loss.sum() / divisor.sum() if r == "MEAN" else reduce(loss, r)

        return fn, ref

    fn, ref = fns()
    g.row("tutorial", {}, [("int64", ints([0, 2]))],
          [torch.log_softmax(t([[10.0, 0.0, -10.0], [8.0, 8.0, 8.0]]), 1).float().to(F64)], fn, ref)
    weight = [0.25, 1.0, 0.7, 2.0]
    for name, shape in [("vector", (4,)), ("matrix", (3, 4)), ("one_sample", (1, 4)), ("sequence", (2, 4, 3)),
                        ("image", (2, 4, 2, 2))]:
        axis = 0 if len(shape) == 1 else 1
        target = () if len(shape) == 1 else shape[:1] + shape[2:]
        g.row(name, {}, [("int64", g.classes(4, *target))], [g.log_softmax(*shape, axis=axis)], fn, ref)
        g.row("weight_" + name, {"weight": weight}, [("int64", g.classes(4, *target))], [g.log_softmax(*shape, axis=axis)],
              *fns(weight))
    for dtype in ("int32", "uint8", "float"):
        y = g.classes(4, 3)
        g.row("targets_" + dtype, {}, [(dtype, y.to(F64) if dtype == "float" else y)], [g.log_softmax(3, 4)], fn, ref)
    g.row("positive_inputs", {}, [("int64", ints([1, 0]))], [t([[1.5, 2.0], [0.25, -1.0]])], fn, ref,
          why="inputs need not be log-probabilities")
    g.row("ignore_default", {}, [("int64", ints([0, -100, 2]))], [g.log_softmax(3, 3)], fn, ref)
    for ignore in (1, -1, 9):
        name = "ignore_%d" % ignore if ignore >= 0 else "ignore_minus%d" % -ignore
        g.row(name, {"ignoreIndex": ignore}, [("int64", ints([0, ignore, 2, ignore]))], [g.log_softmax(4, 3)],
              *fns(ignore=ignore))
    w3 = [0.25, 1.0, 0.7]
    g.row("ignore_weight", {"ignoreIndex": 2, "weight": w3}, [("int64", ints([0, 1, 2, 2]))], [g.log_softmax(4, 3)],
          *fns(w3, 2))
    g.row("ignore_weight_sequence", {"ignoreIndex": -1, "weight": w3}, [("int64", ints([[0, -1], [2, 1]]))],
          [g.log_softmax(2, 3, 2)], *fns(w3, -1))
    g.row("ignore_all", {}, [("int64", ints([-100, -100]))], [g.log_softmax(2, 3)], fn, ref, fd=False,
          why="nothing is left to average: NaN by default, the gradient is 0")
    g.row("empty", {}, [("int64", ints([]))], [t([]).reshape(0, 3)], fn, ref)
    g.row("empty_weight", {"weight": w3}, [("int64", ints([]))], [t([]).reshape(0, 3)], *fns(w3))
    g.row("minus_infinity", {}, [("int64", ints([0, 2]))], [t([[-0.5, -INF, -1.0], [-INF, -INF, 0.0]])], fn, ref, fd=False,
          why="-infinity at other classes than the target")
    g.row("minus_infinity_target", {}, [("int64", ints([1, 0]))], [t([[-0.5, -INF, -1.0], [-1.0, -0.5, -2.0]])], fn, ref,
          fd=False, why="-infinity at the target: infinite loss, the gradient is finite all the same")
    g.row("minus_infinity_weight_zero", {"weight": [1.0, 0.0, 1.0]}, [("int64", ints([1, 0]))],
          [t([[-0.5, -INF, -1.0], [-1.0, -0.5, -2.0]])], *fns([1.0, 0.0, 1.0]), fd=False, grads=False, reductions=("SUM",),
          why="0 * infinity, as in PyTorch")
    negative = [-0.5, 1.0, 2.0, -0.25]
    g.row("weight_negative", {"weight": negative}, [("int64", ints([2, 0, 1, 3, 2]))], [g.log_softmax(5, 4)], *fns(negative))
    g.row("weight_negative_ignore", {"weight": negative, "ignoreIndex": 1}, [("int64", ints([[2, 0, 1], [3, 2, 2]]))],
          [g.log_softmax(2, 4, 3)], *fns(negative, 1))
    o = {"classAxis": -1}
    g.row("class_axis_last", o, [("int64", g.classes(4, 2, 3))], [g.log_softmax(2, 3, 4, axis=-1)], moved(fn), moved(ref))
    g.row("class_axis_last_ignore_weight", dict(o, ignoreIndex=1, weight=w3), [("int64", ints([[0, 1, 2], [2, 1, 0]]))],
          [g.log_softmax(2, 3, 3, axis=-1)], *[moved(f) for f in fns(w3, 1)])
    g.row("class_axis_middle", {"classAxis": 2}, [("int64", g.classes(3, 2, 2, 2))], [g.log_softmax(2, 2, 3, 2, axis=2)],
          moved(fn, 2), moved(ref, 2))
    g.row("targets_boolean", {}, [("boolean", ints([1, 0, 1]))], [g.log_softmax(3, 2)], fn, ref, why="true is class 1")
    return g


def softmax_focal_loss():
    g = Golden("SoftmaxFocalLoss", "mindspore.nn.FocalLoss, an independent reference in torch: index labels "
               "mean over positions of -(1 - p_y)**gamma * w_y * log p_y, one-hot labels -(1 - p)**gamma * y * w * log p "
               "averaged over the positions")

    def make(gamma=2.0, weight=None):
        def fn(ys, xs, r):
            x, y = xs[0], ys[0]
            n, c = x.shape[:2]
            x = x.reshape(n, c, -1)
            logp = torch.log_softmax(x, 1)
            w = torch.ones(c, dtype=x.dtype) if weight is None else opt(weight, x)
            if y.shape[1] == 1:
                y = y.reshape(n, 1, -1).long()
                others = torch.where(F.one_hot(y[:, 0], c).movedim(-1, 1).bool(), torch.full_like(x, -INF), x)
                q = torch.exp(torch.logsumexp(others, 1) - torch.logsumexp(x, 1))  # 1 - p_y without cancellation
                loss = -(q**gamma * w[y[:, 0]] * logp.gather(1, y)[:, 0])
                return reduce(loss.mean(1), r)
            q = 1 - torch.exp(logp)
            loss = -(q**gamma * y.reshape(n, c, -1) * w[None, :, None] * logp)
            return reduce(loss.mean(-1), r)

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
            logp = torch.log_softmax(x.reshape(x.shape[0], x.shape[1], -1), 1)
            w = torch.ones(x.shape[1], dtype=x.dtype) if weight is None else opt(weight, x)
            full = -((1 - logp.exp()) ** gamma) * logp * w[None, :, None]
            if y.shape[1] == 1:
                return reduce(full.gather(1, y.reshape(y.shape[0], 1, -1).long())[:, 0].mean(1), r)
            return reduce((full * y.reshape(full.shape)).mean(2), r)

        return fn, ref

    fn, ref = make()
    g.row("mindspore_documentation", {"weight": [1.0, 2.0], "gamma": 2.0}, [("int32", ints([[1], [1], [0]]))],
          [t([[0.8, 1.4], [0.5, 0.9], [1.2, 0.9]])], *make(2.0, [1.0, 2.0]))
    weight = [0.25, 1.0, 0.7]
    for name, shape in [("matrix", (4, 3)), ("one_sample", (1, 3)), ("sequence", (2, 3, 4)), ("image", (2, 3, 2, 2))]:
        target = (shape[0], 1) + shape[2:]
        one_hot = F.one_hot(g.classes(3, *(shape[:1] + shape[2:])), 3).movedim(-1, 1).to(F64).contiguous()
        g.row(name, {}, [("int64", g.classes(3, *target))], [g.normal(*shape)], fn, ref)
        g.row(name + "_one_hot", {}, [("float", one_hot)], [g.normal(*shape)], fn, ref)
        for gamma in (0.0, 1.0, 0.5, 3.5):
            o = {"gamma": gamma, "weight": weight}
            low = ("_gamma%g_weight" % gamma).replace(".", "_")
            r = ALL if gamma == 0.5 or name == "matrix" else ("MEAN",)
            tol, why = (5e-6, "a power multiplies the rounding of its base by its exponent") if gamma > 3 else (None, None)
            g.row(name + low, o, [("int64", g.classes(3, *target))], [g.normal(*shape)], *make(gamma, weight), reductions=r,
                  tol=tol, why=why)
            g.row(name + low + "_one_hot", o, [("float", one_hot)], [g.normal(*shape)], *make(gamma, weight), reductions=r,
                  tol=tol, why=why)
    g.row("soft_targets", {}, [("float", g.simplex(3, 4))], [g.normal(3, 4)], fn, ref)
    g.row("targets_int32", {}, [("int32", g.classes(3, 2, 1))], [g.normal(2, 3)], fn, ref, reductions=("MEAN",))
    g.row("extreme", {}, [("int64", ints([[0], [1]]))], [t([[1e4, 0.0, -1e4], [1e4, 0.0, -1e4]])], ref, fd=False)

    def zero_where_certain(value, gradients):
        return value, [torch.where(torch.isnan(gradients[0]), torch.zeros_like(gradients[0]), gradients[0])]

    g.row("saturated_gamma0_5", {"gamma": 0.5}, [("int64", ints([[0], [1]]))], [t([[1e4, 0.0, -1e4], [0.5, 0.25, -1.0]])],
          make(0.5)[1], fd=False, expect=zero_where_certain, why=SATURATED)
    negative = [-0.5, 1.0, -0.25]
    g.row("weight_negative", {"weight": negative}, [("int64", g.classes(3, 4, 1))], [g.normal(4, 3)], *make(2.0, negative))
    g.row("weight_negative_one_hot", {"weight": negative}, [("float", F.one_hot(g.classes(3, 4), 3).to(F64))],
          [g.normal(4, 3)], *make(2.0, negative))

    def without(ignore, gamma=2.0, weight=None):
        """The mean over the positions that are not ignored; NONE divides by the number of all positions."""

        def fn(ys, xs, r):
            x, y = xs[0].reshape(xs[0].shape[0], xs[0].shape[1], -1), ys[0].reshape(xs[0].shape[0], -1)
            kept = y != ignore
            safe = torch.where(kept, y, 0)
            w = torch.ones(x.shape[1], dtype=x.dtype) if weight is None else opt(weight, x)
            logp = torch.log_softmax(x, 1).gather(1, safe.unsqueeze(1))[:, 0]
            loss = torch.where(kept, -((1 - logp.exp()) ** gamma) * w[safe] * logp, torch.zeros_like(logp)).mean(1)
            return loss.sum() / kept.to(x.dtype).mean(1).sum() if r == "MEAN" else reduce(loss, r)

        return fn

    o = {"classAxis": -1}
    for name, shape in [("last", (2, 4, 3)), ("last_image", (2, 2, 2, 3))]:
        one_hot = F.one_hot(g.classes(3, *shape[:-1]), 3).to(F64)
        g.row("class_axis_" + name, o, [("int64", g.classes(3, *shape[:-1]))], [g.normal(*shape)],
              moved(lambda ys, xs, r: fn([ys[0].unsqueeze(1)], xs, r)), moved(lambda ys, xs, r: ref([ys[0].unsqueeze(1)], xs, r)))
        g.row("class_axis_" + name + "_weight_one_hot", dict(o, weight=weight, gamma=1.0), [("float", one_hot)],
              [g.normal(*shape)], *[moved(f) for f in make(1.0, weight)])
    g.row("class_axis_middle_one_hot", {"classAxis": 2}, [("float", g.simplex(4, 3, 2).reshape(2, 2, 3, 2))],
          [g.normal(2, 2, 3, 2)], moved(fn, 2), moved(ref, 2))
    g.row("ignore", {"ignoreIndex": 255}, [("int64", ints([0, 255, 2]))], [g.normal(3, 3)], without(255))
    g.row("ignore_uint8", {"ignoreIndex": 255, "weight": weight}, [("uint8", ints([[[0, 255]], [[2, 1]]]))],
          [g.normal(2, 3, 2)], without(255, weight=weight))
    g.row("ignore_image", {"ignoreIndex": 1, "gamma": 1.0}, [("int64", ints([[[0, 1], [2, 0]], [[1, 1], [1, 1]]]))],
          [g.normal(2, 3, 2, 2)], without(1, 1.0), why="nothing of the second sample is left")
    g.row("ignore_class_axis_last", dict(o, ignoreIndex=-1), [("int64", ints([[0, -1, 2], [2, 1, -1]]))], [g.normal(2, 3, 3)],
          moved(without(-1)))
    g.row("ignore_nothing", {"ignoreIndex": -1}, [("int64", ints([[0, 1], [2, 1]]))], [g.normal(2, 3, 2)], without(-1))
    g.row("targets_boolean", {}, [("boolean", ints([1, 0, 1]).unsqueeze(1))], [g.normal(3, 2)], fn, ref,
          why="true is class 1")
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Beyond the foundation: regression and classification
# ---------------------------------------------------------------------------------------------------------------------


def rmse_loss():
    g = Golden("RMSELoss", "mindspore.nn.RMSELoss, an independent reference in torch: sqrt(mean((x - y)**2))")

    def fn(ys, xs, r):
        return torch.sqrt(F.mse_loss(xs[0], ys[0]))

    def ref(ys, xs, r):
        return torch.linalg.vector_norm(xs[0] - ys[0]) / math.sqrt(xs[0].numel()) if xs[0].numel() else fn(ys, xs, r)

    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("one_sample", (1, 3)), ("cube", (2, 3, 2))]:
        g.row(name, {}, [("float", g.normal(*shape))], [g.normal(*shape, scale=1.5)], fn, ref, reductions=None)
    g.row("large", {}, [("float", t([1e4, -1e4]))], [t([-1e4, 0.5])], fn, ref, reductions=None, fd=False)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, reductions=None, fd=False)
    g.row("zero_kink", {}, [("float", t([1.0, 2.0]))], [t([1.0, 2.0])], fn, reductions=None, fd=False, grads=False,
          why="a square root has no derivative at 0")
    return g


def ghm_weights(gradient_norm, valid, total, bins, momentum, last_edge):
    """Weights of the gradient harmonizing mechanism, from a zero state."""
    weights = torch.zeros_like(gradient_norm)
    edges = [k / bins for k in range(bins)] + [last_edge]
    filled = 0
    for k in range(bins):
        inside = (gradient_norm >= edges[k]) & (gradient_norm < edges[k + 1]) & valid
        count = inside.sum().item()
        if count > 0:
            weights[inside] = total / ((1 - momentum) * count if momentum > 0 else count)
            filled += 1
    on_edge = gradient_norm[valid] * bins
    assert ((on_edge - on_edge.round()).abs() > 1e-4)[
        (on_edge.round() > 0) & (on_edge.round() < bins) & (on_edge != bins / 2)].all(), "too near to an edge"
    return weights / filled if filled else weights


def ghmc_loss():
    g = Golden("GHMCLoss", "GHM-C of arXiv:1811.05181 as in mmdetection's ghm_loss.py, an independent reference in torch")

    def make(bins=10, momentum=0.0, lossWeight=1.0):
        def fn(ys, xs, r):
            x, y = xs[0], ys[0]
            if y.dim() < x.dim():
                inside = (y >= 0) & (y < x.shape[1])
                y = torch.where(inside.unsqueeze(1), F.one_hot(torch.where(inside, y, 0), x.shape[1]), 0).to(x.dtype)
            w = torch.ones_like(x) if len(ys) == 1 else ys[1]
            valid = (w.unsqueeze(1) if w.dim() < x.dim() else w).expand(x.shape) > 0
            total = max(valid.sum().item(), 1.0)
            weights = ghm_weights((torch.sigmoid(x.detach()) - y).abs(), valid, total, bins, momentum, 1 + 1e-6)
            return F.binary_cross_entropy_with_logits(x, y, weights, reduction="sum") / total * lossWeight

        return fn

    def put(name, options, labels, x, **kw):
        on_edge = x is published  # a logit of 0 is a gradient norm of 0.5, exactly on an edge
        g.row(name, options, labels, [x], make(**options), reductions=None, fd=kw.pop("fd", not on_edge), **kw)

    x = published = t([[0.2, -1.0, 3.0], [0.1, 0.0, -2.5]])
    y = t([[1, 0, 1], [0, 1, 0]])
    put("published", {}, [("float", y)], x)
    put("published_label_weight", {}, [("float", y), ("float", torch.ones(2, 3, dtype=F64))], x)
    put("label_weight", {}, [("float", y), ("float", t([[1, 0, 0.25], [2, 1, 0]]))], x,
        why="the label weight is a mask: every positive number counts as 1")
    put("nothing_valid", {}, [("float", y), ("float", torch.zeros(2, 3, dtype=F64))], x, why="0, not NaN")
    put("momentum_first", {"momentum": 0.75}, [("float", y)], x,
        why="the state starts at 0: the first weights are 1/(1 - momentum) times those without momentum")
    put("bins30", {"bins": 30}, [("float", g.bits(4, 3))], g.normal(4, 3, scale=2.0))
    put("bins1", {"bins": 1}, [("float", g.bits(2, 3))], g.normal(2, 3))
    put("bins5_loss_weight", {"bins": 5, "lossWeight": 0.7}, [("float", g.bits(4, 3))], g.normal(4, 3))
    put("vector", {}, [("float", g.bits(8))], g.normal(8, scale=2.0))
    put("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 3))], g.normal(3, 3))
    put("indices", {}, [("int64", ints([0, 2, 1]))], g.normal(3, 3))
    put("indices_out_of_range", {}, [("int64", ints([0, -1, 3]))], g.normal(3, 3),
        why="an index outside the classes is a row without positive")
    put("indices_label_weight", {}, [("int64", ints([0, 2, 1])), ("float", t([1.0, 0.0, 1.0]))], g.normal(3, 3))
    put("extreme", {}, [("float", t([[1, 0], [1, 0]]))], t([[1e4, 1e4], [-1e4, -1e4]]), fd=False)
    put("empty", {}, [("float", t([]).reshape(0, 3))], t([]).reshape(0, 3))
    def put_last(name, labels, x, **kw):
        def fn(ys, xs, r):
            hot = F.one_hot(ys[0], xs[0].shape[-1]).to(xs[0].dtype)
            return make()([hot] + [w.unsqueeze(-1).expand(hot.shape) for w in ys[1:]], xs, r)

        g.row(name, {"classAxis": -1}, labels, [x], fn, reductions=None, **kw)

    put_last("class_axis_last_indices", [("int64", g.classes(3, 2, 4))], g.normal(2, 4, 3))
    put_last("class_axis_last_label_weight", [("int64", g.classes(3, 2, 3)), ("float", t([[1, 0, 1], [1, 1, 0]]))], g.normal(2, 3, 3))
    g.row("indices_unit", {}, [("int64", ints([0, 2, 1]).unsqueeze(1)), ("float", t([1, 0, 1]).unsqueeze(1))], [g.normal(3, 3)],
          lambda ys, xs, r: make()([ys[0].squeeze(1), ys[1].squeeze(1)], xs, r), reductions=None)
    return g


def ghmr_loss():
    g = Golden("GHMRLoss", "GHM-R of arXiv:1811.05181 as in mmdetection's ghm_loss.py, an independent reference in torch")

    def make(mu=0.02, bins=10, momentum=0.0, lossWeight=1.0):
        def fn(ys, xs, r):
            d = xs[0] - ys[0]
            w = torch.ones_like(d) if len(ys) == 1 else ys[1].expand(d.shape)
            root = torch.sqrt(d * d + mu * mu)
            total = max(w.sum().item(), 1.0)
            weights = ghm_weights((d / root).detach().abs(), w > 0, total, bins, momentum, 1e3)
            return ((root - mu) * weights).sum() / total * lossWeight

        return fn

    def put(name, options, labels, x, tol=None, **kw):
        g.row(name, options, labels, [x], make(**options), reductions=None, tol=tol, **kw)

    near = "sqrt(d**2 + mu**2) - mu cancels where d is small"
    put("published", {}, [("float", t([0.0, 0.0, 0.0, 0.0]))], t([0.1, 0.02, 0.5, -0.01]))
    put("matrix", {}, [("float", g.normal(3, 4))], g.normal(3, 4))
    put("label_weight", {}, [("float", g.normal(2, 4)), ("float", t([[1, 0, 0.25, 1], [2, 1, 0, 1]]))], g.normal(2, 4),
        why="a positive label weight makes an element count; the divisor is the sum of the label weights")
    put("nothing_valid", {}, [("float", g.normal(4)), ("float", torch.zeros(4, dtype=F64))], g.normal(4), why="0, not NaN")
    put("mu_bins", {"mu": 0.5, "bins": 5}, [("float", g.normal(3, 4))], g.normal(3, 4))
    put("mu1_bins30", {"mu": 1.0, "bins": 30}, [("float", g.normal(3, 4))], g.normal(3, 4))
    put("loss_weight", {"mu": 0.1, "lossWeight": 0.7}, [("float", g.normal(6))], g.normal(6))
    put("momentum_first", {"mu": 0.25, "momentum": 0.75}, [("float", g.normal(6))], g.normal(6),
        why="the state starts at 0: the first weights are 1/(1 - momentum) times those without momentum")
    put("large", {}, [("float", t([1e4, 0.0, 3.0]))], t([-1e4, 0.25, 3.0]), fd=False)
    put("small", {}, [("float", t([0.5, 0.5, 0.5]))], t([0.5 + 2**-9, 0.5 - 2**-8, 0.5 + 2**-10]), tol=(1e-5, 1e-8), why=near)
    put("empty", {}, [("float", t([]).reshape(0, 3))], t([]).reshape(0, 3))
    return g


ELEMENT_FORMS = [("scalar", ()), ("vector", (5,)), ("matrix", (2, 3)), ("column", (4, 1)), ("one_sample", (1, 3)),
                 ("cube", (2, 3, 2))]


def signed_rows(g, fn, ref, draw=None):
    for name, shape in ELEMENT_FORMS:
        y = g.signs(*shape) if draw is None else draw(*shape)
        g.row(name, {}, [("float", y)], [g.normal(*shape, scale=1.5)], fn, ref)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn, ref)


def hinge_loss(name="HingeLoss", power=1):
    g = Golden(name, "mxnet.gluon.loss.%s, an independent reference in torch: relu(margin - x y)**%d per element, "
               "reduced over all elements" % (name, power))

    def make(margin=1.0):
        def fn(ys, xs, r):
            return reduce(torch.relu(margin - xs[0] * ys[0]) ** power, r)

        def ref(ys, xs, r):
            z = margin - xs[0] * ys[0]
            return reduce(torch.where(z > 0, z**power, torch.zeros_like(z)), r)

        return fn, ref

    signed_rows(g, *make())
    for margin in (0.5, 2.0, 0.7, 0.0):
        g.row(("margin%g" % margin).replace(".", "_"), {"margin": margin}, [("float", g.signs(2, 4))],
              [g.normal(2, 4, scale=1.5)], *make(margin))
    g.row("other_targets", {}, [("float", t([0.0, 0.5, 2.0]))], [t([1.5, 0.5, -0.25])], *make())
    g.row("large", {}, [("float", t([1.0, -1.0, 1.0, -1.0]))], [t([1e4, 1e4, -1e4, -1e4])], *make(), fd=False)
    g.row("kink", {}, [("float", t([1.0, -1.0, 1.0]))], [t([1.0, -1.0, 0.5])], *make(), fd=False,
          why="exactly at the margin the gradient is 0")
    return g


def squared_hinge_loss():
    return hinge_loss("SquaredHingeLoss", 2)


def softplus(z):
    return F.softplus(z, threshold=80 if z.dtype == torch.float32 else 700)


def logistic_loss():
    g = Golden("LogisticLoss", "mxnet.gluon.loss.LogisticLoss, an independent reference in torch: log(1 + exp(-y x)) per "
               "element, binary labels as 2 y - 1, reduced over all elements")

    def make(binary):
        def fn(ys, xs, r):
            y = 2 * ys[0] - 1 if binary else ys[0]
            return reduce(softplus(-y * xs[0]), r)

        def ref(ys, xs, r):  # Gluon's way: sigmoid cross entropy of the label in {0, 1}
            y = ys[0] if binary else (ys[0] + 1) / 2
            return reduce(F.binary_cross_entropy_with_logits(xs[0], y, reduction="none"), r)

        return fn, ref

    signed_rows(g, *make(False))
    g.row("signed", {"labelFormat": "SIGNED"}, [("float", g.signs(2, 3))], [g.normal(2, 3)], *make(False))
    for name, shape in ELEMENT_FORMS:
        g.row("binary_" + name, {"labelFormat": "BINARY"}, [("float", g.bits(*shape))], [g.normal(*shape)], *make(True))
    g.row("extreme", {}, [("float", t([1.0, -1.0, 1.0, -1.0]))], [t([1e4, 1e4, -1e4, -1000.0])], *make(False), fd=False)
    g.row("binary_extreme", {"labelFormat": "BINARY"}, [("float", t([1.0, 0.0, 1.0, 0.0]))],
          [t([1e4, 1e4, -1e4, -1000.0])], *make(True), fd=False)
    g.row("zero_logits", {}, [("float", t([1.0, -1.0]))], [t([0.0, 0.0])], *make(False))
    return g


def soft_margin_loss():
    g = Golden("SoftMarginLoss", "torch.nn.functional.soft_margin_loss; the stable softplus(-y x) where PyTorch overflows")

    def fn(ys, xs, r):
        return F.soft_margin_loss(xs[0], ys[0], reduction=r.lower())

    def ref(ys, xs, r):
        return reduce(softplus(-ys[0] * xs[0]), r)

    g.row("tutorial", {}, [("float", t([[-1, 1], [1, -1]]))], [t([[0.3, 0.7], [0.5, 0.5]])], fn, ref)
    signed_rows(g, fn, ref)
    g.row("other_targets", {}, [("float", t([0.0, 0.5, -2.0]))], [t([1.5, 0.5, -0.25])], fn, ref)
    g.row("zero_logits", {}, [("float", t([1.0, -1.0]))], [t([0.0, 0.0])], fn, ref)
    g.row("extreme", {}, [("float", t([1.0, -1.0, 1.0, -1.0]))], [t([-1000.0, 1000.0, 1e4, 1e4])], ref, fd=False,
          provenance="softplus(-y x)", why="PyTorch's log(1 + exp(-y x)) overflows: infinite value, NaN gradient")
    g.row("beyond_float32", {}, [("float", t([1.0, -1.0]))], [t([-100.0, 95.0])], ref, fd=False,
          provenance="softplus(-y x)", why="exp(100) overflows in float32")
    return g


def multi_margin_loss():
    g = Golden("MultiMarginLoss", "torch.nn.functional.multi_margin_loss")

    def make(p=1, margin=1.0, weight=None):
        def fn(ys, xs, r):
            return F.multi_margin_loss(xs[0], ys[0].long(), p=p, margin=margin, weight=opt(weight, xs[0]),
                                       reduction=r.lower())

        def ref(ys, xs, r):
            x = xs[0] if xs[0].dim() == 2 else xs[0].unsqueeze(0)
            y = ys[0].long().reshape(-1, 1)
            z = torch.relu(margin - x.gather(1, y) + x) ** p
            if weight is not None:
                z = z * opt(weight, x)[y]
            hot = F.one_hot(y[:, 0], x.shape[1]).bool()
            loss = torch.where(hot, torch.zeros_like(z), z).sum(1) / x.shape[1]
            return reduce(loss if xs[0].dim() == 2 else loss[0], r)

        return fn, ref

    g.row("tutorial", {}, [("int64", ints([0, 1]))], [t([[0.3, 0.7], [0.5, 0.5]])], *make())
    weight = [0.25, 1.0, 0.7, 2.0]
    for name, o, kw in [("default", {}, {}), ("p2", {"p": 2}, {"p": 2}), ("margin0_5", {"margin": 0.5}, {"margin": 0.5}),
                        ("weight", {"weight": weight}, {"weight": weight}),
                        ("p2_margin_weight", {"p": 2, "margin": 0.7, "weight": weight},
                         {"p": 2, "margin": 0.7, "weight": weight})]:
        g.row(name, o, [("int64", g.classes(4, 3))], [g.normal(3, 4)], *make(**kw))
        g.row(name + "_vector", o, [("int64", g.classes(4))], [g.normal(4)], *make(**kw))
        g.row(name + "_one_sample", o, [("int64", g.classes(4, 1))], [g.normal(1, 4)], *make(**kw), reductions=("MEAN",))
    for dtype in ("int32", "float"):
        y = g.classes(4, 3)
        g.row("targets_" + dtype, {}, [(dtype, y.to(F64) if dtype == "float" else y)], [g.normal(3, 4)], *make())
    g.row("large", {}, [("int64", ints([0, 1]))], [t([[1e4, 0.0, -1e4], [1e4, 0.5, -1e4]])], *make(), fd=False)
    g.row("kink", {}, [("int64", ints([0]))], [t([[1.0, 0.0, 0.5]])], *make(), fd=False,
          why="exactly at the margin the gradient is 0")
    g.row("empty", {}, [("int64", ints([]))], [t([]).reshape(0, 3)], make()[1], provenance="the formula",
          why="PyTorch returns uninitialized memory for an empty batch")
    negative = [-0.5, 1.0, 2.0, -0.25]
    for p in (1, 2):
        g.row("weight_negative_p%d" % p, {"weight": negative, "p": p}, [("int64", ints([2, 0, 1, 3]))], [g.normal(4, 4)],
              *make(p=p, weight=negative))
    for p in (1, 2):
        g.row("scalar_p%d" % p, {"p": p}, [("int64", ints(0))], [t(0.75)], make(p=p)[0])
    g.row("vector_target_of_one", {}, [("int64", ints([2]))], [g.normal(4)], make()[0], reductions=("SUM", "MEAN"))
    return g


def multi_label_margin_loss():
    g = Golden("MultiLabelMarginLoss", "torch.nn.functional.multilabel_margin_loss")

    def fn(ys, xs, r):
        return F.multilabel_margin_loss(xs[0], ys[0].long(), reduction=r.lower())

    def ref(ys, xs, r):
        x = xs[0] if xs[0].dim() == 2 else xs[0].unsqueeze(0)
        losses = []
        for row, labels in zip(x, (ys[0] if xs[0].dim() == 2 else ys[0].unsqueeze(0)).tolist()):
            targets = []
            for label in labels:
                if label < 0:
                    break
                targets.append(int(label))
            loss = (row * 0).sum()
            for j in targets:
                for i in range(row.numel()):
                    if i not in targets:
                        loss = loss + torch.relu(1 - row[j] + row[i])
            losses.append(loss / row.numel())
        if xs[0].dim() == 1:
            return losses[0]
        return reduce(torch.stack(losses) if losses else x.sum(1), r)

    g.row("tutorial", {}, [("int64", ints([[3, 0, -1, 1]]))], [t([[0.9, 0.2, 0.4, 0.8]])], fn, ref)
    y = ints([[1, 2, -1, -1], [0, -1, 3, 2], [3, 2, 1, 0], [-1, -1, -1, -1]])
    g.row("matrix", {}, [("int64", y)], [g.normal(4, 4)], fn, ref)
    g.row("targets_int32", {}, [("int32", y)], [g.normal(4, 4)], fn, ref)
    g.row("targets_float", {}, [("float", y.to(F64))], [g.normal(4, 4)], fn, ref, reductions=("MEAN",))
    g.row("vector", {}, [("int64", ints([2, 0, -1]))], [g.normal(3)], fn, ref)
    g.row("one_sample", {}, [("int64", ints([[2, -1, -1]]))], [g.normal(1, 3)], fn, ref)
    g.row("duplicates", {}, [("int64", ints([[3, 3, -1, 1]]))], [t([[0.9, 0.2, 0.4, 0.8]])], fn, ref,
          why="a label given twice counts twice")
    g.row("no_labels", {}, [("int64", ints([[-1, 2, 0], [-1, -1, -1]]))], [g.normal(2, 3)], fn, ref)
    g.row("all_labels", {}, [("int64", ints([[2, 0, 1]]))], [g.normal(1, 3)], fn, ref)
    g.row("large", {}, [("int64", ints([[0, -1, -1], [1, -1, -1]]))], [t([[1e4, 0.0, -1e4], [1e4, 0.5, -1e4]])], fn, ref,
          fd=False)
    g.row("kink", {}, [("int64", ints([[0, -1, -1]]))], [t([[1.0, 0.0, 0.5]])], fn, ref, fd=False,
          why="exactly at the margin the gradient is 0")
    g.row("empty", {}, [("int64", ints([]).reshape(0, 3))], [t([]).reshape(0, 3)], ref, provenance="the formula",
          why="PyTorch returns uninitialized memory for an empty batch")
    g.row("scalar", {}, [("int64", ints(0))], [t(0.75)], fn)
    g.row("scalar_no_label", {}, [("int64", ints(-1))], [t(0.75)], fn)
    return g


def multi_label_soft_margin_loss():
    g = Golden("MultiLabelSoftMarginLoss", "torch.nn.functional.multilabel_soft_margin_loss")

    def make(weight=None):
        def fn(ys, xs, r):
            return F.multilabel_soft_margin_loss(xs[0], ys[0], weight=opt(weight, xs[0]), reduction=r.lower())

        def ref(ys, xs, r):
            loss = F.binary_cross_entropy_with_logits(xs[0], ys[0], weight=opt(weight, xs[0]), reduction="none")
            return reduce(loss.mean(-1), r)

        return fn, ref

    weight = [0.25, 1.0, 0.7]
    for name, shape in [("vector", (3,)), ("matrix", (2, 3)), ("one_sample", (1, 3)), ("cube", (2, 2, 3))]:
        g.row(name, {}, [("float", g.bits(*shape))], [g.normal(*shape, scale=1.5)], *make())
        g.row("weight_" + name, {"weight": weight}, [("float", g.bits(*shape))], [g.normal(*shape)], *make(weight))
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.normal(3, 2)], *make())
    g.row("extreme", {}, [("float", t([[1, 0, 1], [0, 1, 0]]))], [t([[1e4, 1e4, -1e4], [-1e4, 500.0, 90.0]])], *make(),
          fd=False)
    g.row("zero_logits", {}, [("float", t([[1.0, 0.0]]))], [t([[0.0, 0.0]])], *make())
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], *make())
    negative = [-0.5, 1.0, -0.25]
    g.row("weight_negative", {"weight": negative}, [("float", g.bits(2, 3))], [g.normal(2, 3)], *make(negative))
    shaped_weights(g, ["weight"], lambda w: make(w["weight"]), lambda n: (g.bits(*n), g.normal(*n)))
    return g


def dice(x, y, smooth):
    return 1 - 2 * (x * y).sum() / ((x * x).sum() + (y * y).sum() + smooth)


def dice_loss():
    g = Golden("DiceLoss", "mindspore.nn.DiceLoss, an independent reference in torch: 1 - 2 sum(x y) / (sum(x**2) + "
               "sum(y**2) + smooth) over the whole array")

    def make(smooth=1e-5):
        return lambda ys, xs, r: dice(xs[0], ys[0], smooth)

    g.row("mindspore_documentation", {"smooth": 1e-5}, [("float", t([[0, 1], [1, 0], [0, 1]]))],
          [t([[0.2, 0.5], [0.3, 0.1], [0.9, 0.6]])], make(), reductions=None)
    for name, shape in [("scalar", ()), ("vector", (5,)), ("matrix", (3, 4)), ("one_sample", (1, 3)), ("image", (2, 1, 3, 2))]:
        y = t(1.0) if name == "scalar" else g.bits(*shape)
        x = t(0.25) if name == "scalar" else g.uniform(0.05, 0.95, *shape)
        g.row(name, {}, [("float", y)], [x], make(), reductions=None)
    for smooth in (1.0, 0.25):
        g.row(("smooth%g" % smooth).replace(".", "_"), {"smooth": smooth}, [("float", g.bits(3, 2))],
              [g.uniform(0.05, 0.95, 3, 2)], make(smooth), reductions=None)
    g.row("soft_targets", {}, [("float", g.uniform(0.0, 1.0, 3, 2))], [g.normal(3, 2)], make(), reductions=None)
    g.row("both_zero", {}, [("float", torch.zeros(2, 2, dtype=F64))], [torch.zeros(2, 2, dtype=F64)], make(),
          reductions=None, why="smooth is in the denominator only: the loss of nothing against nothing is 1")
    g.row("perfect", {"smooth": 1.0}, [("float", t([1.0, 0.0, 1.0]))], [t([1.0, 0.0, 1.0])], make(1.0), reductions=None)
    def of_kept(ys, xs, kept, smooth=1e-5):
        return dice(xs[0] * kept, ys * kept, smooth)

    def hot(y, c):
        return F.one_hot(y.clamp(0, c - 1).long(), c).movedim(-1, 1).to(F64)

    last = {"reductions": None}
    g.row("indices", {}, [("int64", g.classes(3, 2, 4))], [g.uniform(0.05, 0.95, 2, 3, 4)],
          lambda ys, xs, r: dice(xs[0], hot(ys[0], 3).to(xs[0].dtype), 1e-5), **last)
    g.row("indices_class_axis_last", {"classAxis": -1}, [("int64", g.classes(3, 2, 4))], [g.uniform(0.05, 0.95, 2, 4, 3)],
          moved(lambda ys, xs, r: dice(xs[0], hot(ys[0], 3).to(xs[0].dtype), 1e-5)), **last)
    g.row("indices_boolean", {}, [("boolean", ints([0, 1, 1]))], [g.uniform(0.05, 0.95, 3, 2)],
          lambda ys, xs, r: dice(xs[0], hot(ys[0], 2).to(xs[0].dtype), 1e-5), **last)
    g.row("ignore", {"ignoreIndex": 255}, [("uint8", ints([[0, 1, 255], [1, 255, 1]]))], [g.uniform(0.05, 0.95, 2, 3)],
          lambda ys, xs, r: of_kept(ys[0], xs, (ys[0] != 255).to(xs[0].dtype)), **last)
    g.row("ignore_indices", {"ignoreIndex": 255}, [("int64", ints([[0, 1, 255], [2, 255, 1]]))],
          [g.uniform(0.05, 0.95, 2, 3, 3)],
          lambda ys, xs, r: of_kept(hot(ys[0], 3).to(xs[0].dtype), xs, (ys[0] != 255).unsqueeze(1).to(xs[0].dtype)), **last)
    g.row("mask", {"sampleWeighting": "MASK"}, [("float", g.bits(2, 3)), ("float", t([[1, 0, 1], [1, 1, 0]]))],
          [g.uniform(0.05, 0.95, 2, 3)], lambda ys, xs, r: of_kept(ys[0], xs, ys[1]), **last)
    g.row("mask_indices", {"sampleWeighting": "MASK", "ignoreIndex": 2},
          [("int64", ints([[0, 1, 2], [2, 1, 0]])), ("float", t([[1, 0, 1], [1, 1, 1]]))], [g.uniform(0.05, 0.95, 2, 3, 3)],
          lambda ys, xs, r: of_kept(hot(ys[0], 3).to(xs[0].dtype), xs, (ys[1] * (ys[0] != 2)).unsqueeze(1)), **last)
    g.row("one_channel", {}, [("float", g.bits(2, 2, 3))], [g.uniform(0.05, 0.95, 2, 1, 2, 3)],
          lambda ys, xs, r: dice(xs[0][:, 0], ys[0], 1e-5), **last, why="a label without the axis of the only channel")
    return g


def multi_class_dice_loss():
    g = Golden("MultiClassDiceLoss", "mindspore.nn.MultiClassDiceLoss, an independent reference in torch: sum over classes "
               "of weights[c] * Dice(x[:, c], y[:, c]) / C, smooth 1e-5")

    def make(weights=None, ignoreIndex=None, activation="SOFTMAX"):
        def fn(ys, xs, r):
            x = xs[0]
            x = torch.softmax(x, 1) if activation == "SOFTMAX" else torch.sigmoid(x) if activation == "SIGMOID" else x
            loss = 0
            for c in range(x.shape[1]):
                if c != ignoreIndex:
                    loss = loss + dice(x[:, c], ys[0][:, c], 1e-5) * (1.0 if weights is None else weights[c])
            return loss / x.shape[1]

        return fn

    hot = t([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    g.row("mindspore_documentation", {"activation": "SOFTMAX"}, [("float", hot)],
          [t([[0.2, 0.5, 0.7], [0.3, 0.1, 0.5], [0.9, 0.6, 0.3]])], make(), reductions=None)
    weights = [0.25, 1.0, 0.7]
    for o in [{}, {"activation": "SIGMOID"}, {"activation": "NONE"}, {"weights": weights}, {"ignoreIndex": 0},
              {"ignoreIndex": 1, "weights": weights}, {"activation": "SIGMOID", "ignoreIndex": 2, "weights": weights}]:
        name = "_".join([k.lower() if k != "activation" else v.lower() for k, v in o.items()]) or "default"
        draw = (lambda *s: g.uniform(0.05, 0.95, *s)) if o.get("activation") == "NONE" else g.normal
        y = F.one_hot(g.classes(3, 4), 3).to(F64)
        g.row(name, o, [("float", y)], [draw(4, 3)], make(**o), reductions=None)
        if o.get("activation", "SOFTMAX") != "SOFTMAX":
            y = F.one_hot(g.classes(3, 2, 2, 2), 3).movedim(-1, 1).to(F64).contiguous()
            g.row(name + "_image", o, [("float", y)], [draw(2, 3, 2, 2)], make(**o), reductions=None)
    g.row("soft_targets", {}, [("float", g.simplex(4, 3))], [g.normal(4, 3)], make(), reductions=None)
    g.row("extreme", {}, [("float", hot)], [t([[1e4, 0, -1e4], [0, 1e4, 1e4], [-1e4, 0, 1]])], make(), reductions=None,
          fd=False)
    g.row("one_sample", {}, [("float", hot[:1])], [g.normal(1, 3)], make(), reductions=None)
    y = F.one_hot(g.classes(3, 4), 3).to(F64)
    g.row("weights_negative", {"weights": [-0.5, 1.0, 0.7]}, [("float", y)], [g.normal(4, 3)], make([-0.5, 1.0, 0.7]),
          reductions=None)

    def pixels(ignored=None, axis=1, **o):
        """With class indices, and a mask where there is one: what is left out is in no sum."""

        def fn(ys, xs, r):
            x = xs[0].movedim(axis, 1)
            c, y = x.shape[1], ys[0]
            y = y.movedim(axis, 1) if y.shape == xs[0].shape else F.one_hot(y.clamp(0, c - 1).long(), c).movedim(-1, 1)
            kept = torch.ones_like(x[:, 0]) if len(ys) < 2 else ys[1]
            if ignored is not None:
                kept = kept * (ys[0] != ignored)
            activation = o.get("activation", "SOFTMAX")
            x = torch.softmax(x, 1) if activation == "SOFTMAX" else torch.sigmoid(x) if activation == "SIGMOID" else x
            k = kept.unsqueeze(1)
            return make(o.get("weights"), ignored, "NONE")([y.to(x.dtype) * k], [x * k], r)

        return fn

    last = {"reductions": None}
    for o in [{}, {"activation": "SIGMOID"}, {"activation": "NONE", "weights": weights}]:
        name = "_".join([k.lower() if k != "activation" else v.lower() for k, v in o.items()]) or "default"
        draw = (lambda *s: g.uniform(0.05, 0.95, *s)) if o.get("activation") == "NONE" else g.normal
        y = F.one_hot(g.classes(3, 2, 4), 3).to(F64)
        g.row("class_axis_last_" + name, dict(o, classAxis=-1), [("float", y)], [draw(2, 4, 3)], pixels(axis=-1, **o), **last)
        g.row("indices_" + name, o, [("int64", g.classes(3, 2, 4))], [draw(2, 3, 4)], pixels(**o), **last)
        g.row("indices_class_axis_last_" + name, dict(o, classAxis=-1), [("int64", g.classes(3, 2, 4))], [draw(2, 4, 3)],
              pixels(axis=-1, **o), **last)
        g.row("void_" + name, dict(o, ignoreIndex=255), [("uint8", ints([[0, 1, 255], [2, 255, 1]]))], [draw(2, 3, 3)],
              pixels(255, **o), **last)
        g.row("void_class_" + name, dict(o, ignoreIndex=1), [("int64", ints([[0, 1, 2], [2, 0, 1]]))], [draw(2, 3, 3)],
              pixels(1, **o), **last, why="the class is left out of the mean, and its pixels of the other classes")
        m = ("float", t([[1, 0, 1, 1], [1, 1, 0, 0]]))
        g.row("mask_" + name, dict(o, sampleWeighting="MASK"), [("int64", g.classes(3, 2, 4)), m], [draw(2, 3, 4)], pixels(**o),
              **last)
        g.row("mask_class_axis_last_" + name, dict(o, sampleWeighting="MASK", classAxis=-1), [("float", y), m], [draw(2, 4, 3)],
              pixels(axis=-1, **o), **last)
    g.row("indices_unit", {}, [("int64", g.classes(3, 2, 1, 4))], [g.normal(2, 3, 4)],
          lambda ys, xs, r: pixels()([ys[0].squeeze(1)], xs, r), **last)
    g.row("indices_boolean", {}, [("boolean", ints([0, 1, 1]))], [g.normal(3, 2)], pixels(), **last)
    return g


def softmax_cross_entropy_with_logits():
    g = Golden("SoftmaxCrossEntropyWithLogits", "mindspore.nn.SoftmaxCrossEntropyWithLogits, computed with "
               "torch.nn.functional.cross_entropy")

    def fn(ys, xs, r):
        y = ys[0] if ys[0].dim() == 2 else ys[0].long()
        return F.cross_entropy(xs[0], y, reduction=r.lower())

    def ref(ys, xs, r):
        y = ys[0] if ys[0].dim() == 2 else F.one_hot(ys[0].long(), xs[0].shape[1]).to(xs[0].dtype)
        return reduce(-(y * torch.log_softmax(xs[0], 1)).sum(1), r)

    for name, shape in [("matrix", (4, 3)), ("one_sample", (1, 4)), ("wide", (2, 12))]:
        for dtype in ("int64", "int32"):
            g.row("sparse_%s_%s" % (name, dtype), {"sparse": True}, [(dtype, g.classes(shape[1], shape[0]))],
                  [g.normal(*shape)], fn, ref)
        g.row("dense_" + name, {"sparse": False}, [("float", g.simplex(*shape))], [g.normal(*shape)], fn, ref)
    g.row("dense_one_hot", {}, [("float", t([[0, 1, 0], [1, 0, 0]]))], [g.normal(2, 3)], fn, ref)
    g.row("sparse_extreme", {"sparse": True}, [("int64", ints([0, 1, 2]))],
          [t([[1e4, 0.0, -1e4], [1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]])], fn, ref, fd=False)
    g.row("dense_extreme", {}, [("float", t([[0.25, 0.5, 0.25]]))], [t([[1e4, 0.0, -1e4]])], fn, ref, fd=False)
    g.row("sparse_empty", {"sparse": True}, [("int64", ints([]))], [t([]).reshape(0, 3)], fn)
    g.row("dense_empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], fn)

    def sequence(ys, xs, r):
        return F.cross_entropy(xs[0], ys[0] if ys[0].dim() == xs[0].dim() else ys[0].long(), reduction=r.lower())

    g.row("sparse_sequence", {"sparse": True}, [("int64", g.classes(3, 2, 4))], [g.normal(2, 3, 4)], sequence)
    g.row("dense_sequence", {}, [("float", g.simplex(2, 3, 4))], [g.normal(2, 3, 4)], sequence)
    g.row("sparse_class_axis_last", {"sparse": True, "classAxis": -1}, [("int64", g.classes(3, 2, 4))], [g.normal(2, 4, 3)],
          moved(sequence))
    g.row("dense_class_axis_last", {"classAxis": -1}, [("float", g.simplex(8, 3).reshape(2, 4, 3))], [g.normal(2, 4, 3)],
          moved(sequence))
    g.row("dense_class_axis_middle", {"classAxis": 2}, [("float", g.simplex(4, 3, 2).reshape(2, 2, 3, 2))],
          [g.normal(2, 2, 3, 2)], moved(sequence, 2))
    g.row("sparse_boolean", {"sparse": True}, [("boolean", ints([0, 1, 1]))], [g.normal(3, 2)], sequence)
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Distributions
# ---------------------------------------------------------------------------------------------------------------------


def kl_div_loss():
    g = Golden("KLDivLoss", "torch.nn.functional.kl_div")
    four = ALL + ("BATCH_MEAN",)

    def make(log_target=False):
        def fn(ys, xs, r):
            return F.kl_div(xs[0], ys[0], reduction=r.lower().replace("_", ""), log_target=log_target)

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
            loss = torch.exp(y) * (y - x) if log_target else torch.special.xlogy(y, y) - y * x
            return loss.sum() if r == "BATCH_MEAN" and loss.dim() == 0 else reduce(loss, r)

        return fn, ref

    for name, shape in [("vector", (4,)), ("matrix", (3, 4)), ("one_sample", (1, 3)), ("sequence", (2, 3, 2)),
                        ("image", (1, 2, 2, 3))]:
        axis = 0 if len(shape) == 1 else 1
        g.row(name, {}, [("float", g.simplex(*shape))], [g.log_softmax(*shape, axis=axis)], *make(), reductions=four)
        g.row("log_target_" + name, {"logTarget": True}, [("float", g.log_softmax(*shape, axis=axis))],
              [g.log_softmax(*shape, axis=axis)], *make(True), reductions=four)
    g.row("scalar", {}, [("float", t(0.75))], [t(-0.5)], *make(), reductions=four)
    g.row("scalar_log_target", {"logTarget": True}, [("float", t(-0.25))], [t(-0.5)], *make(True), reductions=four)
    g.row("zero_targets", {}, [("float", t([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]))], [g.log_softmax(2, 3)], *make(),
          reductions=four)
    g.row("equal", {"logTarget": True}, [("float", t([[-0.5, -1.0]]))], [t([[-0.5, -1.0]])], *make(True))
    g.row("large", {}, [("float", t([[0.5, 0.5]]))], [t([[-1e4, -0.25]])], *make(), fd=False)
    g.row("minus_infinity", {}, [("float", t([[0.0, 1.0]]))], [t([[-INF, -0.25]])], *make(), fd=False, grads=False,
          reductions=("NONE", "SUM"), why="0 * -infinity, as in PyTorch")
    g.row("minus_infinity_target", {}, [("float", t([[0.5, 0.5]]))], [t([[-INF, -0.25]])], *make(), fd=False,
          reductions=("NONE", "SUM"), why="the model excludes what happens: infinite divergence, finite gradient")
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], *make(), reductions=four)
    return g


def poisson_nll_loss():
    g = Golden("PoissonNLLLoss", "torch.nn.functional.poisson_nll_loss")

    def make(logInput=True, full=False, eps=1e-8):
        def fn(ys, xs, r):
            return F.poisson_nll_loss(xs[0], ys[0], log_input=logInput, full=full, eps=eps, reduction=r.lower())

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
            loss = torch.exp(x) - y * x if logInput else x - y * torch.log(x + eps)
            if full:
                z = torch.clamp(y, min=1.0)
                loss = loss + torch.where(y > 1, z * torch.log(z) - z + 0.5 * torch.log(2 * math.pi * z), 0.0)
            return reduce(loss, r)

        return fn, ref

    for name, shape in ELEMENT_FORMS:
        counts = torch.randint(0, 6, shape, generator=g.generator).to(F64)
        g.row(name, {}, [("float", counts)], [g.normal(*shape)], *make())
        g.row("full_" + name, {"full": True}, [("float", counts)], [g.normal(*shape)], *make(full=True))
        g.row("no_log_" + name, {"logInput": False}, [("float", counts)], [g.uniform(0.25, 4.0, *shape)],
              *make(logInput=False), tol=3e-6, why="terms of both signs cancel in the sum")
        g.row("no_log_full_eps_" + name, {"logInput": False, "full": True, "eps": 0.01}, [("float", counts)],
              [g.uniform(0.25, 4.0, *shape)], *make(False, True, 0.01))
    g.row("full_0_1_2", {"full": True}, [("float", t([0.0, 1.0, 2.0]))], [t([0.0, 0.0, 0.0])], *make(full=True),
          why="the Stirling term counts above 1 only, and never leaks a NaN at 0")
    g.row("full_fractions", {"full": True}, [("float", t([0.5, 1.25, 7.5]))], [t([0.5, -0.25, 1.0])], *make(full=True))
    g.row("rate_zero", {"logInput": False, "eps": 0.25}, [("float", t([0.0, 2.0]))], [t([0.0, 0.0])], *make(False, eps=0.25))
    g.row("rate_zero_default_eps", {"logInput": False}, [("float", t([0.0, 2.0]))], [t([0.0, 0.0])], *make(False), fd=False)
    g.row("large", {}, [("float", t([3.0, 0.0, 40.0]))], [t([-1e4, -1e4, 20.0])], *make(), fd=False)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], *make())
    g.row("empty_full", {"full": True}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], *make(full=True))
    return g


def gaussian_nll_loss():
    g = Golden("GaussianNLLLoss", "torch.nn.functional.gaussian_nll_loss")

    def make(full=False, eps=1e-6, variance=None):
        def fn(ys, xs, r):
            v = xs[1] if variance is None else torch.full_like(xs[0], variance)
            try:
                return F.gaussian_nll_loss(xs[0], ys[0], v, full=full, eps=eps, reduction=r.lower())
            except ValueError:  # of a variance that it does not broadcast
                v = v.unsqueeze(-1) if v.shape == xs[0].shape[:-1] else v
                x, y, v = torch.broadcast_tensors(xs[0], ys[0], v)
                return F.gaussian_nll_loss(x, y, v, full=full, eps=eps, reduction=r.lower())

        def ref(ys, xs, r):
            x, y, v = xs[0], ys[0], xs[1] if variance is None else torch.full_like(xs[0], variance)
            v = v.unsqueeze(-1) if v.dim() < x.dim() else v
            v = v + (torch.clamp(v, min=eps) - v).detach()
            loss = 0.5 * (torch.log(v) + (x - y) ** 2 / v) + (0.5 * math.log(2 * math.pi) if full else 0.0)
            return reduce(loss, r)

        return fn, ref

    for o in ({}, {"full": True}):
        tag = "full_" if o else ""
        for name, shape, variance in [("scalar", (), ()), ("vector", (5,), (5,)), ("matrix", (2, 3), (2, 3)),
                                      ("per_sample", (3, 2), (3,)), ("per_sample_column", (3, 2), (3, 1)),
                                      ("one_sample", (1, 3), (1, 3)), ("cube", (2, 3, 2), (2, 3, 2)),
                                      ("cube_per_row", (2, 3, 2), (2, 3)), ("image_per_channel", (2, 2, 2, 2), (2, 1, 2, 2))]:
            g.row(tag + name, o, [("float", g.normal(*shape))], [g.normal(*shape), g.uniform(0.25, 3.0, *variance)],
                  *make(**o))
    clamp = "the value uses max(variance, eps), the gradient passes the clamp as in PyTorch"
    g.row("clamped", {"eps": 0.5}, [("float", t([0.5, 1.0, -1.0]))], [t([1.0, 0.75, 0.5]), t([0.25, 0.0, 2.0])],
          *make(eps=0.5), fd=False, why=clamp)
    g.row("clamped_full", {"eps": 0.5, "full": True}, [("float", t([0.5, 1.0, -1.0]))],
          [t([1.0, 0.75, 0.5]), t([0.25, 0.0, 2.0])], *make(True, 0.5), fd=False, why=clamp)
    g.row("clamped_default_eps", {}, [("float", t([0.5, 1.0]))], [t([0.5, 1.0]), t([1e-9, 0.0])], *make(), fd=False, why=clamp)
    g.row("eps0_01", {"eps": 0.01}, [("float", g.normal(4))], [g.normal(4), g.uniform(0.25, 3.0, 4)], *make(eps=0.01))
    g.row("large", {}, [("float", t([1e4, -1e4]))], [t([-1e4, 0.0]), t([1.0, 1e4])], *make(), fd=False)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3), t([]).reshape(0, 3)], *make())
    for name, label, mean, variance in [
            ("label_scalar", (), (5,), (5,)), ("label_one", (1,), (5,), (5,)), ("label_one_of_matrix", (1,), (2, 3), (2, 3)),
            ("label_column", (3, 1), (3, 2), (3, 2)), ("mean_scalar", (5,), (), ()), ("mean_one", (5,), (1,), (1,)),
            ("mean_column", (3, 2), (3, 1), (3, 1)), ("mean_row", (3, 2), (1, 2), (3, 2)),
            ("mean_column_per_sample", (3, 2), (3, 1), (3,)), ("mean_one_label_of_more", (2, 3, 2), (2, 1, 2), (2, 1, 1)),
            ("variance_scalar", (5,), (5,), ()), ("variance_one", (5,), (5,), (1,)), ("variance_scalar_matrix", (2, 3), (2, 3), ()),
            ("variance_one_matrix", (2, 4), (2, 4), (1, 1)), ("variance_row", (3, 2), (3, 2), (1, 2)),
            ("variance_per_channel", (2, 3, 2), (2, 3, 2), (1, 3, 1))]:
        g.row("broadcast_" + name, {}, [("float", g.normal(*label))], [g.normal(*mean), g.uniform(0.25, 3.0, *variance)], *make())
    for name, o in [("known_variance", {"variance": 0.5}), ("known_variance_full", {"variance": 2.5, "full": True}),
                    ("known_variance_clamped", {"variance": 0.0, "eps": 0.25})]:
        g.row(name, o, [("float", g.normal(3, 2))], [g.normal(3, 2)], *make(**o))
    g.row("known_variance_scalar", {"variance": 0.5}, [("float", t(0.25))], [t(-0.5)], *make(variance=0.5))
    g.row("known_variance_label_column", {"variance": 0.5}, [("float", g.normal(3, 1))], [g.normal(3, 2)], *make(variance=0.5))
    g.row("known_variance_empty", {"variance": 0.5}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)],
          *make(variance=0.5))
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Embeddings and rankings
# ---------------------------------------------------------------------------------------------------------------------


# Up to torch 2.13, DJL's 2.7.1 included, clamp_min has the gradient of the active side at the kink; 2.14 has 0 there.
CLAMP = "exactly at the kink the gradient is that of the active side, as in the torch 2.7.1 that DJL ships"


def clamp_min0(x):
    return torch.where(x < 0, torch.zeros_like(x), x)


def cosine_embedding_loss():
    g = Golden("CosineEmbeddingLoss", "torch.nn.functional.cosine_embedding_loss")

    def make(margin=0.0):
        def fn(ys, xs, r):
            return F.cosine_embedding_loss(xs[0], xs[1], ys[0], margin=margin, reduction=r.lower())

        def ref(ys, xs, r):
            a, b = xs
            cos = (a * b).sum(-1) / torch.sqrt(((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12))
            zero = torch.zeros_like(cos)
            loss = torch.where(ys[0] == 1, 1 - cos, zero) + torch.where(ys[0] == -1, clamp_min0(cos - margin), zero)
            return reduce(loss, r)

        return fn, ref

    g.row("tutorial", {}, [("float", t([1, -1]))], [t([[0.3, 0.5, 0.7]] * 2), t([[0.1, 0.3, 0.5]] * 2)], *make(),
          tol=3e-6, why="the gradient is small for nearly parallel vectors: a difference")
    for margin in (0.0, 0.5, -0.25):
        o = {"margin": margin} if margin else {}
        tag = ("margin%g_" % margin).replace(".", "_").replace("-", "minus") if margin else ""
        g.row(tag + "matrix", o, [("float", t([1, -1, -1, 1]))], [g.normal(4, 3), g.normal(4, 3)], *make(margin))
        for sign in (1, -1):
            g.row(tag + "vector_" + ("positive" if sign > 0 else "negative"), o, [("float", t(sign))],
                  [g.uniform(0.1, 1.0, 4), g.uniform(0.1, 1.0, 4)], *make(margin))
    g.row("one_sample", {}, [("float", t([-1]))], [t([[0.5, 1.0]]), t([[1.0, 0.25]])], *make())
    g.row("targets_int64", {}, [("int64", ints([1, -1]))], [g.normal(2, 3), g.normal(2, 3)], *make())
    g.row("targets_int32", {}, [("int32", ints([1, -1]))], [g.normal(2, 3), g.normal(2, 3)], *make(), reductions=("MEAN",))
    g.row("other_targets", {}, [("float", t([0.0, 2.0, 1.0]))], [g.normal(3, 2), g.normal(3, 2)], *make(),
          why="targets other than 1 and -1 cost nothing")
    g.row("zero_vector", {}, [("float", t([1.0, 1.0]))], [t([[0.0, 0.0], [1.0, 0.5]]), t([[1.0, 0.25], [0.0, 0.0]])], *make(),
          fd=False, tol64=1e-11, tol=1e-5, why="1e-12 under the root makes the gradient about 1e6 at a zero vector")
    g.row("opposite", {}, [("float", t([1.0, -1.0]))], [t([[1.0, 2.0], [1.0, 2.0]]), t([[-2.0, -4.0], [-0.5, -1.0]])], *make(),
          tol=(1e-6, 5e-7), tol64=(1e-12, 1e-15), fd=False, why="the gradient vanishes for parallel vectors")
    g.row("large", {}, [("float", t([1.0, -1.0]))], [t([[1e4, 2e3], [1e4, -5e3]]), t([[3e3, -1e4], [1e4, 1e3]])], *make(),
          fd=False)
    g.row("kink_margin", {}, [("float", t([-1.0, -1.0]))], [t([[1.0, 0.0], [0.0, 2.0]]), t([[0.0, 1.0], [0.5, 0.0]])],
          make()[1], fd=False, why=CLAMP)
    g.row("empty", {}, [("float", t([]))], [t([]).reshape(0, 3), t([]).reshape(0, 3)], *make())
    return g


def cosine_similarity_loss():
    g = Golden("CosineSimilarityLoss", "1 - torch.nn.functional.cosine_similarity")

    def make(dim=1, eps=1e-8):
        def fn(ys, xs, r):
            return reduce(1 - F.cosine_similarity(xs[0], ys[0], dim=dim, eps=eps), r)

        def ref(ys, xs, r):
            a, b = xs[0], ys[0]
            na, nb = torch.linalg.vector_norm(a, dim=dim), torch.linalg.vector_norm(b, dim=dim)
            return reduce(1 - (a * b).sum(dim) / (torch.clamp(na, min=eps) * torch.clamp(nb, min=eps)), r)

        return fn, ref

    for name, shape, dim in [("matrix", (3, 4), None), ("one_sample", (1, 3), None), ("vector", (4,), 0),
                             ("sequence", (2, 3, 2), None), ("last", (2, 2, 3), -1), ("first", (3, 2), 0),
                             ("third", (2, 2, 3), 2)]:
        o = {} if dim is None else {"dim": dim}
        g.row(name, o, [("float", g.normal(*shape))], [g.normal(*shape)], *make(1 if dim is None else dim))
    g.row("eps", {"eps": 0.01}, [("float", g.normal(3, 2))], [g.normal(3, 2)], *make(eps=0.01))
    g.row("eps_clamps_one_norm", {"eps": 2.0}, [("float", t([[0.5, 1.0], [3.0, 4.0]]))], [t([[3.0, 4.0], [0.25, 1.0]])],
          *make(eps=2.0), fd=False, why="each norm is clamped separately; the gradient passes the clamp as in PyTorch")
    g.row("zero_vector", {}, [("float", t([[0.0, 0.0]]))], [t([[1.0, 2.0]])], *make(), fd=False,
          why="a label of zero: value 1, gradient 0")
    g.row("zero_prediction", {"eps": 0.5}, [("float", t([[1.0, 2.0]]))], [t([[0.0, 0.0]])], *make(eps=0.5), fd=False,
          why="value 1; the norm's sub-gradient at 0 is 0")
    g.row("large", {}, [("float", t([[1e4, -2e3]]))], [t([[5e3, 1e4]])], *make(), fd=False)
    g.row("empty", {}, [("float", t([]).reshape(0, 3))], [t([]).reshape(0, 3)], *make())
    return g


def hinge_embedding_loss():
    g = Golden("HingeEmbeddingLoss", "torch.nn.functional.hinge_embedding_loss")

    def make(margin=1.0):
        def fn(ys, xs, r):
            return F.hinge_embedding_loss(xs[0], ys[0], margin=margin, reduction=r.lower())

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
            zero = torch.zeros_like(x)
            return reduce(torch.where(y != 1, clamp_min0(margin - x), zero) + torch.where(y != -1, x, zero), r)

        return fn, ref

    g.row("tutorial", {}, [("int64", ints([[1, 1, -1]]))], [t([[1.0, 0.8, 0.5]])], *make())
    signed_rows(g, *make())
    for margin in (0.5, 2.0, 0.7):
        g.row(("margin%g" % margin).replace(".", "_"), {"margin": margin}, [("float", g.signs(2, 4))],
              [g.uniform(0.0, 2.5, 2, 4)], *make(margin))
    g.row("targets_int32", {}, [("int32", ints([1, -1, 1]))], [g.normal(3)], *make(), reductions=("MEAN",))
    g.row("other_targets", {}, [("float", t([0.0, 0.5]))], [t([0.3, 2.0])], *make(),
          why="targets other than 1 and -1 get both terms")
    g.row("large", {}, [("float", t([1.0, -1.0, -1.0]))], [t([1e4, 1e4, -1e4])], *make(), fd=False)
    g.row("kink", {}, [("float", t([-1.0, -1.0]))], [t([1.0, 0.25])], make()[1], fd=False,
          why=CLAMP)
    return g


def triplet_rows(g, make, grid):
    for name, o, shape in grid:
        g.row(name, o, [], [g.normal(*shape), g.normal(*shape), g.normal(*shape)], *make(**o), tol=3e-6,
              why="the difference of two distances")
    x = [t([[0.5, -1.0, 2.0]])] * 3
    g.row("identical", {}, [], x, make()[0], fd=False, tol=1e-5, tol64=1e-9,
          why="both distances are eps sqrt(D), what is left of the differences in rounding: loss = margin, anchor gradient 0")
    g.row("far_negative", {}, [], [t([[0.0, 0.0]]), t([[0.25, 0.5]]), t([[4.0, -4.0]])], *make())
    g.row("large", {}, [], [t([[1e4, -1e4]]), t([[-1e4, 0.5]]), t([[1e4, 5e3]])], *make(), fd=False)
    g.row("empty", {}, [], [t([]).reshape(0, 3)] * 3, *make())


def triplet_margin_loss():
    g = Golden("TripletMarginLoss", "torch.nn.functional.triplet_margin_loss")

    def make(margin=1.0, p=2.0, eps=1e-6, swap=False):
        def fn(ys, xs, r):
            return F.triplet_margin_loss(*xs, margin=margin, p=p, eps=eps, swap=swap, reduction=r.lower())

        def ref(ys, xs, r):
            def d(a, b):
                z = (a - b + eps).abs()
                return z.amax(-1) if p == INF else (z**p).sum(-1) ** (1 / p)

            a, q, n = xs
            dn = torch.minimum(d(a, n), d(q, n)) if swap else d(a, n)
            return reduce(clamp_min0(margin + d(a, q) - dn), r)

        return fn, ref

    triplet_rows(g, make, [
        ("matrix", {}, (4, 3)), ("vector", {}, (5,)), ("one_sample", {}, (1, 3)), ("cube", {}, (2, 3, 2)),
        ("margin0_5", {"margin": 0.5}, (4, 3)), ("margin2", {"margin": 2.0}, (4, 3)), ("p1", {"p": 1.0}, (4, 3)),
        ("p1_vector", {"p": 1.0}, (4,)), ("p3", {"p": 3.0}, (4, 3)), ("p1_5", {"p": 1.5}, (4, 3)),
        ("p_infinity", {"p": INF}, (4, 3)), ("swap", {"swap": True}, (6, 3)), ("swap_vector", {"swap": True}, (4,)),
        ("eps0_01", {"eps": 0.01}, (4, 3)), ("eps0", {"eps": 0.0}, (4, 3)),
        ("all_options", {"margin": 1.5, "p": 1.0, "eps": 0.001, "swap": True}, (5, 3))])
    g.row("kink", {"margin": 1.0, "eps": 0.0, "p": 1.0}, [], [t([[0.0, 0.0]]), t([[1.0, 0.5]]), t([[2.0, 0.5]])],
          make(1.0, 1.0, 0.0)[1], fd=False, why=CLAMP)
    g.row("scalar", {}, [], [t(0.25), t(1.0), t(-0.125)], make()[0])
    return g


def triplet_margin_with_distance_loss():
    g = Golden("TripletMarginWithDistanceLoss", "torch.nn.functional.triplet_margin_with_distance_loss")

    def make(margin=1.0, swap=False):
        def fn(ys, xs, r):
            return F.triplet_margin_with_distance_loss(*xs, margin=margin, swap=swap, reduction=r.lower())

        def ref(ys, xs, r):
            return F.triplet_margin_loss(*xs, margin=margin, swap=swap, reduction=r.lower())

        return fn, ref

    triplet_rows(g, make, [
        ("matrix", {}, (4, 3)), ("vector", {}, (5,)), ("one_sample", {}, (1, 3)), ("cube", {}, (2, 3, 2)),
        ("margin0_5", {"margin": 0.5}, (4, 3)), ("margin2", {"margin": 2.0}, (4, 3)), ("swap", {"swap": True}, (6, 3)),
        ("swap_margin", {"swap": True, "margin": 0.7}, (6, 3))])
    return g


def sdml_loss():
    g = Golden("SDMLLoss", "mxnet.gluon.loss.SDMLLoss, an independent reference in torch: per sample the mean over the batch "
               "of q (log q - log_softmax(-squared distances)), without Gluon's 1e-12 in log q")

    def make(smoothingParameter=0.3):
        s = smoothingParameter

        def fn(ys, xs, r):
            n = xs[0].shape[0]
            distance = ((xs[0].unsqueeze(1) - xs[1].unsqueeze(0)) ** 2).sum(2)
            eye = torch.eye(n, dtype=xs[0].dtype)
            q = eye * (1 - s) + (1 - eye) * s / (n - 1)
            return reduce((torch.special.xlogy(q, q) - q * torch.log_softmax(-distance, 1)).mean(1), r)

        def ref(ys, xs, r):
            rows = []
            for i in range(xs[0].shape[0]):
                logits = torch.stack([-torch.dist(xs[0][i], x) ** 2 for x in xs[1]])
                q = torch.full_like(logits, s / (len(xs[1]) - 1))
                q[i] = 1 - s
                entropy = sum(v * math.log(v) for v in q.tolist() if v > 0)
                rows.append((entropy + torch.logsumexp(logits, 0) * q.sum() - (q * logits).sum()) / len(xs[1]))
            return reduce(torch.stack(rows), r)

        return fn, ref

    tol = dict(tol=5e-6, tol64=1e-10, why="Gluon adds 1e-12 inside log q, either is accepted; gradients of a few distances "
               "cancel")
    for name, shape in [("pairs", (3, 4)), ("two", (2, 3)), ("five", (5, 2)), ("one_dimension", (3, 1))]:
        g.row(name, {}, [], [g.normal(*shape), g.normal(*shape)], *make(), **tol)
    for s in (0.1, 0.5, 0.7):
        g.row(("smoothing%g" % s).replace(".", "_"), {"smoothingParameter": s}, [], [g.normal(4, 3), g.normal(4, 3)], *make(s),
              **tol)
    g.row("smoothing0", {"smoothingParameter": 0.0}, [], [g.normal(3, 2), g.normal(3, 2)], *make(0.0), **tol)
    g.row("far_apart", {}, [], [t([[50.0, 0.0], [0.0, -50.0]]), t([[0.0, 50.0], [50.0, 0.5]])], *make(), fd=False, **tol)
    return g


def margin_ranking_loss():
    g = Golden("MarginRankingLoss", "torch.nn.functional.margin_ranking_loss")

    def make(margin=0.0):
        def fn(ys, xs, r):
            return F.margin_ranking_loss(xs[0], xs[1], ys[0], margin=margin, reduction=r.lower())

        def ref(ys, xs, r):
            return reduce(clamp_min0(margin - ys[0] * (xs[0] - xs[1])), r)

        return fn, ref

    for margin in (0.0, 0.5, -0.25, 2.0):
        o = {"margin": margin} if margin else {}
        tag = ("margin%g_" % margin).replace(".", "_").replace("-", "minus") if margin else ""
        for name, shape in ELEMENT_FORMS if margin == 0 else [("vector", (5,)), ("matrix", (2, 3))]:
            g.row(tag + name, o, [("float", g.signs(*shape))], [g.normal(*shape), g.normal(*shape)], *make(margin))
    g.row("targets_int64", {}, [("int64", ints([1, -1, 1]))], [g.normal(3), g.normal(3)], *make(), reductions=("MEAN",))
    g.row("other_targets", {"margin": 0.5}, [("float", t([0.0, 2.0, -0.5]))], [g.normal(3), g.normal(3)], *make(0.5))
    g.row("large", {}, [("float", t([1.0, -1.0]))], [t([-1e4, 1e4]), t([1e4, 1e4 - 1])], *make(), fd=False)
    g.row("kink", {}, [("float", t([1.0, -1.0]))], [t([0.5, 2.0]), t([0.5, 2.0])], make()[1], fd=False,
          why="equal inputs and margin 0; " + CLAMP)
    g.row("kink_margin", {"margin": 0.5}, [("float", t([1.0, -1.0]))], [t([1.0, 2.0]), t([0.5, 2.5])], make(0.5)[1], fd=False,
          why=CLAMP)
    g.row("empty", {}, [("float", t([]))], [t([]), t([])], *make())
    g.row("targets_column", {}, [("float", g.signs(4, 1))], [g.normal(4), g.normal(4)],
          lambda ys, xs, r: make()[0]([ys[0].squeeze(1)], xs, r))
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Sequences
# ---------------------------------------------------------------------------------------------------------------------


def log_add(*values):
    top = max(values)
    return -INF if top == -INF else top + math.log(sum(math.exp(v - top) for v in values))


def ctc_sample(logp, target, blank):
    """Loss of one sample and its derivative: logp is a list of T lists. The derivative is minus the posterior."""
    states = [blank]
    for label in target:
        states += [label, blank]
    steps, size = len(logp), len(states)
    if steps == 0:
        return (0.0 if not target else INF), []

    def skip(s):
        return s >= 2 and states[s] != blank and states[s] != states[s - 2]

    alpha = [[-INF] * size for _ in range(steps)]
    beta = [[-INF] * size for _ in range(steps)]  # emission included in alpha only
    for s in range(min(2, size)):
        alpha[0][s] = logp[0][states[s]]
    for k in range(1, steps):
        for s in range(size):
            before = [alpha[k - 1][s]] + ([alpha[k - 1][s - 1]] if s > 0 else []) + ([alpha[k - 1][s - 2]] if skip(s) else [])
            alpha[k][s] = log_add(*before) + logp[k][states[s]]
    for s in range(max(0, size - 2), size):
        beta[steps - 1][s] = 0.0
    for k in range(steps - 2, -1, -1):
        for s in range(size):
            after = [s] + ([s + 1] if s + 1 < size else []) + ([s + 2] if s + 2 < size and skip(s + 2) else [])
            beta[k][s] = log_add(*[beta[k + 1][q] + logp[k + 1][states[q]] for q in after])
    total = log_add(*alpha[-1][max(0, size - 2):])
    if total == -INF:
        return INF, None
    gradient = [[0.0] * len(logp[0]) for _ in range(steps)]
    for k in range(steps):
        for s in range(size):
            gradient[k][states[s]] -= math.exp(alpha[k][s] + beta[k][s] - total)
    return -total, gradient


def ctc_loss():
    g = Golden("CTCLoss", "value: torch.nn.functional.ctc_loss; gradient: the derivative with respect to logProbs, minus the "
               "posterior of an alpha-beta pass in log space. PyTorch's backward returns the gradient before log_softmax; "
               "both agree after log_softmax")

    def samples(ys, xs):
        lp = xs[0] if xs[0].dim() == 3 else xs[0].unsqueeze(1)
        inputs, lengths = ys[1].reshape(-1).tolist(), ys[2].reshape(-1).tolist()
        n = lp.shape[1]
        if ys[0].dim() == 2:
            targets = [ys[0][i, :lengths[i]].tolist() for i in range(n)]
        else:
            flat, targets, at = ys[0].tolist(), [], 0
            for length in lengths:
                targets.append(flat[at:at + length])
                at += length
        return [(lp[:inputs[i], i].tolist(), targets[i]) for i in range(n)]

    def make(blank=0, zeroInfinity=False):
        def fn(ys, xs, r):
            return F.ctc_loss(xs[0], ys[0], ys[1], ys[2], blank=blank, zero_infinity=zeroInfinity, reduction=r.lower())

        def scale(ys, r, head, n):
            lengths = ys[2].reshape(-1).tolist()
            if r == "MEAN":
                return [1 / max(length, 1) / n for length in lengths]
            return [1.0] * n if r == "SUM" else head.reshape(-1).tolist()

        def provide(ys, xs, r, head):
            out = torch.zeros_like(xs[0])
            view = out if out.dim() == 3 else out.unsqueeze(1)
            parts = samples(ys, xs)
            for i, (factor, (logp, target)) in enumerate(zip(scale(ys, r, head, len(parts)), parts)):
                loss, gradient = ctc_sample(logp, target, blank)
                if gradient:
                    view[:len(logp), i] = factor * torch.tensor(gradient, dtype=F64)
                elif gradient is None and not zeroInfinity:
                    view[:] = NAN
            return [out]

        def verify(name, ys, xs, r, head):
            # The value of the independent recursion, and the gradient through log_softmax.
            parts = samples(ys, xs)
            losses = [ctc_sample(logp, target, blank)[0] for logp, target in parts]
            losses = [0.0 if zeroInfinity and v == INF else v for v in losses]
            unbatched = xs[0].dim() == 2
            expected = torch.tensor(losses if not (unbatched and r == "NONE") else losses[0], dtype=F64)
            if r != "NONE":
                expected = (torch.tensor(scale(ys, r, head, len(losses)), dtype=F64) * expected).sum()
            g.agree(name, "value of the recursion", fn(ys, xs, r), expected, 1e-12)
            if not torch.isfinite(xs[0]).all() or not torch.isfinite(expected).all():
                return
            x = xs[0].clone().requires_grad_()
            value = fn(ys, [torch.log_softmax(x, -1)], r)
            theirs, = torch.autograd.grad(value if head is None else (head * value).sum(), x)
            y = xs[0].clone().requires_grad_()
            logp = torch.log_softmax(y, -1)
            ours, = torch.autograd.grad(logp, y, grad_outputs=provide(ys, [logp.detach()], r, head)[0])
            g.agree(name, "gradient after log_softmax", ours, theirs, 1e-10)
            # float32: PyTorch's is exp(lp) - posterior for these (nearly) normalized inputs
            z = xs[0].float().requires_grad_()
            value = fn(ys, [z], r)
            single, = torch.autograd.grad(value if head is None else (head.float() * value).sum(), z)
            double, = torch.autograd.grad(fn(ys, [x], r) if head is None else (head * fn(ys, [x], r)).sum(), x)
            error = max_error(single, double)
            allowed = worst[0]
            if error > allowed / 2:
                REPORT.append((g.loss, name, "float32 gradient is off by %.3g" % error))
            worst[1] = max(worst[1], error)

        return fn, provide, verify

    worst = [0.0, 0.0]

    def put(name, options, targets, inputs, lengths, logp, reductions=ALL, tol=(1e-5, 0.0), dtype="int64", grads=True,
            why="sums of many terms in log space round in float32", fd=True):
        fn, provide, verify = make(**options)
        labels = [(dtype, ints(targets)), ("int64", ints(inputs)), ("int64", ints(lengths))]
        worst[0] = tol[0]

        def extra(reduction, head):
            verify(name, [label[1] for label in labels], [logp], reduction, head)
            return {}

        g.row(name, options, labels, [logp], fn, reductions=reductions, provide=provide, extra=extra, tol=tol, grads=grads,
              why=why, fd=fd)

    def draw(*shape, scale=1.5):
        return g.log_softmax(*shape, axis=-1, scale=scale)

    put("padded", {}, [[1, 2, 0], [3, 1, 2]], [5, 5], [2, 3], draw(5, 2, 4))
    put("padded_int32", {}, [[1, 2, 0], [3, 1, 2]], [5, 5], [2, 3], draw(5, 2, 4), dtype="int32")
    put("concatenated", {}, [1, 2, 3, 1, 2], [5, 5], [2, 3], draw(5, 2, 4))
    put("concatenated_with_empty", {}, [3, 1, 2], [4, 4, 4], [1, 0, 2], draw(4, 3, 4))
    put("unbatched", {}, [2, 1], 4, 2, draw(4, 3))
    put("unbatched_repeated", {}, [1, 1], 4, 2, draw(4, 3))
    put("one_sample", {}, [[2, 1]], [4], [2], draw(4, 1, 3))
    put("one_step", {}, [[2], [1]], [1, 1], [1, 1], draw(1, 2, 3))
    put("input_lengths", {}, [[1, 2], [2, 2], [3, 0]], [5, 3, 2], [2, 2, 1], draw(5, 3, 4))
    put("repeated", {}, [[1, 1, 1], [2, 2, 1]], [6, 5], [3, 3], draw(6, 2, 3))
    put("repeated_tight", {}, [[1, 1, 1]], [5], [3], draw(5, 1, 3))
    put("empty_targets", {}, [[0, 0], [0, 0]], [4, 3], [0, 0], draw(4, 2, 3))
    put("some_empty_targets", {}, [[1, 2], [0, 0]], [4, 3], [2, 0], draw(4, 2, 3))
    put("no_columns", {}, ints([]).reshape(2, 0).tolist(), [3, 2], [0, 0], draw(3, 2, 3))
    put("blank_last", {"blank": 3}, [[0, 2, 1], [1, 1, 0]], [6, 5], [3, 2], draw(6, 2, 4))
    put("blank_middle", {"blank": 1}, [0, 2, 3], [4, 4], [2, 1], draw(4, 2, 4))
    put("blank_last_unbatched", {"blank": 2}, [0, 1, 1], 5, 3, draw(5, 3))
    put("unnormalized", {}, [[1, 2], [2, 0]], [4, 4], [2, 1], g.normal(4, 2, 3),
        why="inputs need not be log-probabilities; sums of many terms in log space round in float32")
    impossible = "no alignment: the loss is infinite, its gradient is not defined"
    put("infeasible", {}, [[1, 1], [1, 2]], [2, 2], [2, 2], draw(2, 2, 3), grads=False, why=impossible, fd=False)
    put("infeasible_too_short", {}, [[1, 2, 1]], [2], [3], draw(3, 1, 3), grads=False, why=impossible, fd=False)
    zero = "no alignment of the first sample: its loss and gradient are 0, and it counts in the mean"
    put("infeasible_zero_infinity", {"zeroInfinity": True}, [[1, 1], [1, 2]], [2, 2], [2, 2], draw(2, 2, 3), why=zero)
    put("infeasible_zero_infinity_unbatched", {"zeroInfinity": True}, [1, 1], 2, 2, draw(2, 3), why=zero)
    put("feasible_zero_infinity", {"zeroInfinity": True}, [[1, 1], [1, 2]], [4, 4], [2, 2], draw(4, 2, 3))
    put("zero_infinity_blank", {"zeroInfinity": True, "blank": 2}, [[1, 1], [0, 1]], [2, 3], [2, 2], draw(3, 2, 3), why=zero)
    put("no_input_no_target", {}, [[1], [0]], [3, 0], [1, 0], draw(3, 2, 3),
        why="input length 0 and target length 0: loss 0; sums of many terms in log space round in float32")
    x = draw(5, 1, 3)
    x[1, 0, 1] = x[3, 0, 0] = -INF
    put("minus_infinity", {}, [[1, 2]], [5], [2], x, fd=False)
    x = draw(6, 1, 3)
    x[:, 0, 0], x[:, 0, 1:] = 0.0, x[:, 0, 1:] - 60
    put("blank_dominates", {}, [[1, 2]], [6], [2], x, fd=False, tol=(5e-5, 0.0),
        why="the blank leads by 60 nats in every step; float32 rounds numbers of that size")
    put("long", {}, [g.classes(3, 12).add(1).tolist()], [60], [12], draw(60, 1, 4), tol=(5e-5, 0.0), reductions=("MEAN",),
        why="60 steps in log space round in float32", fd=False)
    put("very_long", {}, [g.classes(2, 40).add(1).tolist()], [250], [40], draw(250, 1, 3, scale=3.0), tol=(2e-4, 0.0),
        reductions=("SUM",), why="250 steps in log space round in float32: the loss is in the hundreds", fd=False)
    # Through log_softmax PyTorch's gradient is the derivative.
    def logits(batch_first, lengths):
        def fn(ys, xs, r):
            x = xs[0].transpose(0, 1) if batch_first else xs[0]
            targets, steps, sizes = ys if len(ys) == 3 else (ys[0].clamp(min=0), [x.shape[0]] * x.shape[1], lengths)
            return F.ctc_loss(torch.log_softmax(x, -1), targets, torch.as_tensor(steps), torch.as_tensor(sizes),
                              reduction=r.lower())

        return fn

    sizes = [("int64", ints([5, 4])), ("int64", ints([2, 3]))]
    row = dict(tol=(1e-5, 0.0), why="sums of many terms in log space round in float32")
    g.row("from_logits", {"fromLogits": True}, [("int64", ints([[1, 2, 0], [3, 1, 2]]))] + sizes, [g.normal(5, 2, 4)],
          logits(False, None), **row)
    g.row("batch_first", {"fromLogits": True, "batchFirst": True}, [("int64", ints([[1, 2, 0], [3, 1, 2]]))] + sizes,
          [g.normal(2, 5, 4)], logits(True, None), **row)
    g.row("padding", {"fromLogits": True, "batchFirst": True, "paddingValue": -2},
          [("int64", ints([[1, 2, -2], [3, 1, 2]]))], [g.normal(2, 5, 4)], logits(True, [2, 3]), **row)
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Large vocabularies
# ---------------------------------------------------------------------------------------------------------------------


def linear_cross_entropy_loss():
    g = Golden("LinearCrossEntropyLoss", "torch.nn.functional.linear_cross_entropy; predictions are input (N, D), weight "
               "(V, D) and optionally bias (V)")

    def make(weight=None, ignoreIndex=-100, labelSmoothing=0.0):
        def fn(ys, xs, r):
            kw = {} if ys[0].shape[-1:] == xs[1].shape[:1] and ys[0].is_floating_point() else {"ignore_index": ignoreIndex}
            y = ys[0] if not kw else ys[0].long()
            if not hasattr(F, "linear_cross_entropy"):
                return F.cross_entropy(F.linear(*xs), y, weight=opt(weight, xs[0]), reduction=r.lower(),
                                       label_smoothing=labelSmoothing, **kw)
            return F.linear_cross_entropy(xs[0], xs[1], y, linear_bias=xs[2] if len(xs) > 2 else None,
                                          weight=opt(weight, xs[0]), reduction=r.lower(), label_smoothing=labelSmoothing, **kw)

        def ref(ys, xs, r):
            logits = xs[0] @ xs[1].T + (xs[2] if len(xs) > 2 else 0)
            return cross_entropy_formula(logits, ys[0], r, weight, ignoreIndex, labelSmoothing)

        return fn, ref

    w = [0.25, 1.0, 0.7, 2.0, 0.5]
    y = g.classes(5, 4)
    ignored = ints([0, 2, 4, 2])
    variants = [("default", {}, y), ("weight", {"weight": w}, y), ("smoothing", {"labelSmoothing": 0.1}, y),
                ("ignore_default", {}, ints([1, -100, 3, -100])), ("ignore", {"ignoreIndex": 2}, ignored),
                ("all_options", {"weight": w, "ignoreIndex": 2, "labelSmoothing": 0.2}, ignored)]
    for name, o, target in variants:
        for bias in (False, True):
            xs = [g.normal(4, 3), g.normal(5, 3)] + ([g.normal(5)] if bias else [])
            g.row(name + ("_bias" if bias else ""), o, [("int64", target)], xs, *make(**o))
    g.row("targets_int32", {}, [("int32", y)], [g.normal(4, 3), g.normal(5, 3)], *make(), reductions=("MEAN",))
    g.row("one_sample", {}, [("int64", ints([3]))], [g.normal(1, 3), g.normal(5, 3), g.normal(5)], *make())
    g.row("chunks", {}, [("int64", g.classes(7, 9))], [g.normal(9, 2), g.normal(7, 2)], *make(), reductions=("SUM", "MEAN"),
          why="an odd number of rows, so that chunks of rows are unequal")
    g.row("probabilities", {}, [("float", g.simplex(4, 5))], [g.normal(4, 3), g.normal(5, 3), g.normal(5)], *make())
    g.row("probabilities_weight_smoothing", {"weight": w, "labelSmoothing": 0.1}, [("float", g.simplex(4, 5))],
          [g.normal(4, 3), g.normal(5, 3)], *make(w, labelSmoothing=0.1))
    g.row("ignore_all", {}, [("int64", ints([-100, -100]))], [g.normal(2, 3), g.normal(5, 3)], *make(), fd=False,
          why="nothing is left to average: NaN by default, the gradient is 0")
    g.row("large", {}, [("int64", ints([0, 1]))],
          [t([[100.0, -100.0], [50.0, 0.0]]), t([[100.0, 1.0], [0.5, 90.0], [0.0, 0.0]])], *make(), fd=False)
    g.row("empty", {}, [("int64", ints([]))], [t([]).reshape(0, 3), g.normal(5, 3)], *make())
    negative = [-0.5, 1.0, 2.0, -0.25, 1.5]
    for name, o in [("", {}), ("_smoothing", {"labelSmoothing": 0.2})]:
        g.row("weight_negative" + name, dict(o, weight=negative), [("int64", ints([4, 0, 3, 2]))],
              [g.normal(4, 3), g.normal(5, 3), g.normal(5)], *make(negative, **o))
    return g


def sampled_softmax_loss():
    g = Golden("SampledSoftmaxLoss", "tensorflow.nn.sampled_softmax_loss with given samples, an independent reference in "
               "torch: predictions are weights (C, D), biases (C) and inputs (N, D); a sampled class that is one of a row's "
               "own labels is left out of that row where removeAccidentalHits is true; log_softmax")

    def make(o):
        ids = ints(o["sampledValues"]["ids"])

        def fn(ys, xs, r):
            w, b, h = xs
            y = ys[0].long()
            expected_true = opt(o["sampledValues"]["trueExpectedCount"], w)
            expected_sampled = opt(o["sampledValues"]["sampledExpectedCount"], w)
            true = torch.einsum("nd,nkd->nk", h, w[y]) + b[y] - torch.log(expected_true)
            sampled = h @ w[ids].T + b[ids] - torch.log(expected_sampled)
            if o["removeAccidentalHits"]:
                hits = (y.unsqueeze(2) == ids).any(1)
                sampled = torch.where(hits, torch.full_like(sampled, -INF), sampled)
            logp = torch.log_softmax(torch.cat([true, sampled], 1), 1)
            return reduce(-logp[:, :o["numTrue"]].mean(1), r)

        def ref(ys, xs, r):
            w, b, h = xs
            counts = o["sampledValues"]
            rows = []
            for n, labels in enumerate(ys[0].tolist()):
                terms = [h[n] @ w[c] + b[c] - math.log(counts["trueExpectedCount"][n][k]) for k, c in enumerate(labels)]
                scores = list(terms)
                for k, c in enumerate(counts["ids"]):
                    if not (o["removeAccidentalHits"] and c in labels):
                        scores.append(h[n] @ w[c] + b[c] - math.log(counts["sampledExpectedCount"][k]))
                total = torch.logsumexp(torch.stack(scores), 0)
                rows.append(sum(total - s for s in terms) / len(terms))
            return reduce(torch.stack(rows), r)

        return fn, ref

    def uniform(c, n, num_true, ids):
        p = len(ids) / c
        return {"ids": ids, "trueExpectedCount": [[p] * num_true] * n, "sampledExpectedCount": [p] * len(ids)}

    def log_uniform(c, targets, ids):
        def count(k):
            return round(-math.expm1(2 * len(ids) * math.log1p(-math.log((k + 2) / (k + 1)) / math.log(c + 1))), 6)

        return {"ids": ids, "trueExpectedCount": [[count(k) for k in row] for row in targets],
                "sampledExpectedCount": [count(k) for k in ids]}

    def put(name, c, d, targets, ids, counts, remove, dtype="int64", reductions=ALL, **kw):
        num_true = len(targets[0])
        values = uniform(c, len(targets), num_true, ids) if counts == "uniform" else log_uniform(c, targets, ids)
        o = {"numSampled": len(ids), "numClasses": c, "numTrue": num_true, "removeAccidentalHits": remove,
             "sampledValues": values}
        g.row(name, o, [(dtype, ints(targets))], [g.normal(c, d), g.normal(c), g.normal(len(targets), d)], *make(o),
              reductions=reductions, **kw)

    for counts in ("uniform", "log_uniform"):
        put(counts, 8, 3, [[0], [5], [7]], [1, 3, 4, 6], counts, True)
        put(counts + "_hits", 8, 3, [[0], [3], [7]], [3, 7, 1], counts, True)
        put(counts + "_hits_kept", 8, 3, [[0], [3], [7]], [3, 7, 1], counts, False)
        put(counts + "_two_labels", 9, 2, [[0, 4], [3, 8]], [4, 2, 8, 1], counts, True)
        put(counts + "_two_labels_hits_kept", 9, 2, [[0, 4], [3, 8]], [4, 2, 8, 1], counts, False)
    put("one_sample", 6, 4, [[2]], [0, 5], "log_uniform", True)
    put("targets_int32", 6, 2, [[2], [1]], [0, 5], "log_uniform", True, dtype="int32", reductions=("MEAN",))
    put("repeated_samples", 6, 2, [[2], [1]], [0, 0, 5], "log_uniform", True, reductions=("MEAN",))
    put("only_hits", 6, 2, [[2], [2]], [2], "uniform", True, reductions=("NONE", "MEAN"), tol=(1e-6, 1e-6),
        why="the loss is 0, what rounding leaves of the logarithm of a probability of 1")
    return g


def adaptive_log_softmax_with_loss():
    g = Golden("AdaptiveLogSoftmaxWithLoss", "torch.nn.AdaptiveLogSoftmaxWithLoss; parameters by their names in PyTorch's "
               "state_dict, weights as (out, in)")

    def put(name, features, classes, cutoffs, target, unbatched=False, dtype="int64", **kw):
        options = {"inFeatures": features, "nClasses": classes, "cutoffs": cutoffs}
        options.update(kw)
        module = torch.nn.AdaptiveLogSoftmaxWithLoss(features, classes, cutoffs, div_value=kw.get("divValue", 4.0),
                                                     head_bias=kw.get("headBias", False), dtype=F64)
        names = [n for n, _ in module.named_parameters()]
        values = [g.normal(*p.shape, scale=0.75) for _, p in module.named_parameters()]

        def call(ys, xs, what):
            module.to(xs[0].dtype)
            parameters = dict(zip(names, xs[1:]))
            if what == "forward":
                return torch.func.functional_call(module, parameters, (xs[0], ys[0].long()))
            with torch.no_grad():
                for n, p in module.named_parameters():
                    p.copy_(parameters[n])
                return getattr(module, what)(xs[0] if xs[0].dim() == 2 else xs[0].unsqueeze(0))

        def fn(ys, xs, r):
            return call(ys, xs, "forward").loss

        def ref(ys, xs, r):
            if ys[0].numel() == 0:
                return fn(ys, xs, r)
            p = dict(zip(names, xs[1:]))
            x = xs[0] if xs[0].dim() == 2 else xs[0].unsqueeze(0)
            head = torch.log_softmax(x @ p["head.weight"].T + p.get("head.bias", 0), 1)
            parts = [head[:, :cutoffs[0]]]
            for i in range(len(cutoffs)):
                inner = torch.log_softmax(x @ p["tail.%d.0.weight" % i].T @ p["tail.%d.1.weight" % i].T, 1)
                parts.append(head[:, cutoffs[0] + i].unsqueeze(1) + inner)
            return -torch.cat(parts, 1).gather(1, ys[0].long().reshape(-1, 1)).mean()

        y = ints(target)
        x = g.normal(features) if unbatched else g.normal(len(target), features)
        g.row(name, options, [(dtype, y)], [x] + values, fn, ref, reductions=None,
              why="nothing to average: NaN" if y.numel() == 0 else None, fd=y.numel() > 0)
        case = g.cases[-1]
        inputs = [x] + values
        case["predictions"] = case["predictions"][:1]
        case["parameters"] = {n: array(v) for n, v in zip(names, values)}
        gradients = case["gradients"]
        case["gradients"] = gradients[:1]
        case["parameterGradients"] = dict(zip(names, gradients[1:]))
        case["output"] = array(call([y], inputs, "forward").output.detach())
        case["logProb"] = array(call([y], inputs, "log_prob"))
        predicted = call([y], inputs, "predict") if y.numel() else ints([])
        assert torch.equal(predicted, call([y], inputs, "log_prob").argmax(1)), name
        case["predict"] = array(predicted, "int64")

    put("default", 8, 10, [4], [0, 3, 4, 9])
    put("two_clusters", 16, 12, [3, 7], [0, 2, 3, 6, 7, 11])
    put("div_value2", 8, 10, [3, 6], [1, 4, 8, 9, 2], divValue=2.0)
    put("head_bias", 8, 10, [3, 6], [1, 4, 8, 9, 2], divValue=2.0, headBias=True)
    put("three_clusters", 8, 12, [2, 5, 8], [0, 3, 6, 10, 11], divValue=1.5, headBias=True)
    put("shortlist_only", 8, 10, [4, 7], [0, 3, 1], divValue=2.0)
    put("last_cluster_only", 8, 10, [4, 7], [8, 9], divValue=2.0)
    put("div_value_fraction", 7, 9, [2, 5], [0, 4, 8], divValue=1.7)
    put("smallest_shortlist", 4, 5, [1], [0, 1, 4], divValue=2.0)
    put("targets_int32", 8, 10, [4], [0, 9], dtype="int32")
    put("unbatched", 8, 10, [4], 6, unbatched=True, headBias=True)
    put("one_sample", 8, 10, [4], [2])
    put("empty", 8, 10, [4], [])
    return g


CATALOG = [l1_loss, mse_loss, smooth_l1_loss, huber_loss, rmse_loss, ghmr_loss, bce_loss, bce_with_logits_loss, focal_loss,
           sigmoid_focal_loss, ghmc_loss, hinge_loss, squared_hinge_loss, logistic_loss, soft_margin_loss, dice_loss,
           multi_class_dice_loss, cross_entropy_loss, nll_loss, softmax_focal_loss, softmax_cross_entropy_with_logits,
           multi_margin_loss, multi_label_margin_loss, multi_label_soft_margin_loss, kl_div_loss, poisson_nll_loss,
           gaussian_nll_loss, cosine_embedding_loss, cosine_similarity_loss, hinge_embedding_loss, triplet_margin_loss,
           triplet_margin_with_distance_loss, sdml_loss, margin_ranking_loss, ctc_loss, linear_cross_entropy_loss,
           sampled_softmax_loss, adaptive_log_softmax_with_loss]


def catalog():
    """Everything in CATALOG, here and in families/*.py."""
    makers = list(CATALOG)
    sys.modules["golden"] = sys.modules[__name__]
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "families")
    sys.path.insert(0, folder)
    for file in sorted(os.listdir(folder)):
        if file.endswith(".py"):
            makers += importlib.import_module(file[:-3]).CATALOG
    return makers


def main(folder, *losses):
    os.makedirs(folder, exist_ok=True)
    total = 0
    makers = {make.__name__.replace("_", ""): make for make in catalog()}
    for loss in losses:
        if loss.lower() not in makers:
            print("CATALOG has no function for %s: its name in snake case, log_cosh_loss for LogCoshLoss" % loss)
            return 2
    for name, make in makers.items():
        if losses and name not in [loss.lower() for loss in losses]:
            continue
        g = make()
        count = g.write(folder)
        total += count
        print("%-32s %4d" % (g.loss, count))
    print("%-32s %4d" % ("total", total))
    for complaint in REPORT:
        print("CHECK %s %s: %s" % complaint)
    return 1 if REPORT else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
