# Requirements: torch==2.14.1 (any build, it runs on the CPU)
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

    python golden.py OUTPUT_DIR        # OUTPUT_DIR is engines-it/src/test/resources/golden

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
    tolerance    {"float32": {"rtol", "atol", "why"}} where the default (max-norm relative 1e-6, FLOAT64 1e-12) is too
                 tight for a reason that the row gives
    why          whatever else there is to say: why a gradient is null, why the row differs from PyTorch

Data are flat, row-major. Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity".

Sample weights are the option "sampleWeighting"; the weight array is then the last label, and is broadcast to the
unreduced value before anything is summed. MEAN_BY_WEIGHT divides by the sum of the (broadcast) weights, MEAN_BY_COUNT by
what MEAN divides by without weights, MASK lets elements whose mask is 0 vanish from sum and count whatever they hold.

Every row is checked here before it is written: against an independent formula where there is one, against central
differences unless the row says why not, and by computing it again in float32, which must stay inside the tolerance.
"""

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
            rtol, atol = tol if isinstance(tol, tuple) else (tol, 0.0)
            if fn32 and provide is None and expect is None:
                self.single(name, fn, labels, predictions, reduction, head, value, gradients, wanted, rtol or 1e-6, atol,
                            tol64 is not None)
            options_out = dict(options)
            if reduction is not None:
                options_out["reduction"] = reduction
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
                    case["tolerance"]["float64"] = {"rtol": tol64, "atol": 0.0, "why": why}
            elif why is not None:
                case["why"] = why
            if not all(wanted):
                assert why is not None, (self.loss, id)
                case["why"] = why
            if provenance is not None:
                case["provenance"] = provenance
            self.cases.append(case)

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
        head = {"loss": self.loss, "provenance": {"tool": TOOL, "script": SCRIPT, "function": self.function}}
        lines = json.dumps(head, indent=1, allow_nan=False)[:-2] + ',\n "cases": [\n'
        lines += ",\n".join("  " + json.dumps(c, allow_nan=False) for c in self.cases)
        lines += "\n ]\n}\n"
        json.loads(lines)
        with open(os.path.join(folder, self.loss + ".json"), "w", encoding="utf-8", newline="\n") as f:
            f.write(lines)
        return len(self.cases)


# ---------------------------------------------------------------------------------------------------------------------
# Regression
# ---------------------------------------------------------------------------------------------------------------------


def pointwise(g, torch_fn, formula, variants, kinks):
    """Rows that L1, MSE, SmoothL1 and Huber share. variants: (suffix, options, keyword arguments of both functions)."""

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
            if mode == torch_mode and g.loss != "SmoothL1Loss":
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

    def fns(weight=None):
        def fn(ys, xs, r):
            return F.binary_cross_entropy(xs[0], ys[0], weight=opt(weight, xs[0]), reduction=r.lower())

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
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
    return g


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

    def fns(weight=None, pos=None):
        def fn(ys, xs, r):
            return F.binary_cross_entropy_with_logits(xs[0], ys[0], weight=opt(weight, xs[0]), reduction=r.lower(),
                                                      pos_weight=opt(pos, xs[0]))

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
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
    return g


SATURATED = "PyTorch's composition gives NaN, 0 * (infinite derivative of a power at 0); the limit is expected"


def focal_loss():
    g = Golden("FocalLoss", "composed of torch.nn.functional.binary_cross_entropy as in the tutorial: "
               "mean(alpha_t * (1 - p_t)**gamma * BCE(p, y))")

    def make(gamma=2.0, alpha=0.75):
        def fn(ys, xs, r):
            x, y = xs[0], ys[0]
            bce = F.binary_cross_entropy(x, y, reduction="none")
            p_t = y * x + (1 - y) * (1 - x)
            alpha_t = y * alpha + (1 - y) * (1 - alpha)
            return reduce(alpha_t * torch.pow(1.0 - p_t, gamma) * bce, r)

        def ref(ys, xs, r):
            x, y = xs[0], ys[0]
            bce = -(y * torch.clamp(torch.log(x), min=-100) + (1 - y) * torch.clamp(torch.log1p(-x), min=-100))
            q = y * (1 - x) + (1 - y) * x
            return reduce((alpha * y + (1 - alpha) * (1 - y)) * q**gamma * bce, r)

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
    return g


def sigmoid_focal_loss():
    g = Golden("SigmoidFocalLoss", "torchvision.ops.sigmoid_focal_loss, written in torch with 1 - p_t as "
               "y(1 - p) + (1 - y)p")

    def make(alpha=0.25, gamma=2.0):
        def fn(ys, xs, r):
            x, y = xs[0], ys[0]
            ce = F.binary_cross_entropy_with_logits(x, y, reduction="none")
            q = y * torch.sigmoid(-x) + (1 - y) * torch.sigmoid(x)
            loss = ce * q**gamma
            return reduce(loss if alpha < 0 else (alpha * y + (1 - alpha) * (1 - y)) * loss, r)

        def ref(ys, xs, r):  # as torchvision writes it
            x, y = xs[0], ys[0]
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
    g.row("confident", {}, [("float", t([1.0, 0.0, 1.0]))], [t([12.0, -14.0, 18.0])], hard, fd=False,
          tol=1e-5, why="1 - p_t must keep its digits, sigma(-z), not 1 - sigma(z); exp multiplies the rounding of its "
          "large argument")
    g.row("confident_gamma0_5", {"gamma": 0.5}, [("float", t([1.0, 0.0, 1.0]))], [t([12.0, -14.0, 18.0])],
          make(0.25, 0.5)[2], fd=False, tol=1e-5, why="1 - p_t must keep its digits: sigma(-z), not 1 - sigma(z)")
    return g


# ---------------------------------------------------------------------------------------------------------------------
# Several classes
# ---------------------------------------------------------------------------------------------------------------------


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
    return g


FOUNDATION = [l1_loss, mse_loss, smooth_l1_loss, huber_loss, bce_loss, bce_with_logits_loss, focal_loss, sigmoid_focal_loss,
              cross_entropy_loss, nll_loss, softmax_focal_loss]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    total = 0
    for make in FOUNDATION:
        g = make()
        count = g.write(folder)
        total += count
        print("%-32s %4d" % (g.loss, count))
    print("%-32s %4d" % ("total", total))
    for complaint in REPORT:
        print("CHECK %s %s: %s" % complaint)
    return 1 if REPORT else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
