# Copyright 2026 the DJLosses authors.
#
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the
# specific language governing permissions and limitations under the License.
"""The golden rows of regression losses that PyTorch does not have."""

import math

import torch

from golden import *  # noqa: F403


def log_cosh_loss():
    def log_cosh(x, y, reduction):
        d = x - y
        size = d.abs()
        near = -torch.log1p(-torch.tanh(d.clamp(-1, 1)) ** 2) / 2
        return reduce(torch.where(size < 1, near, size + torch.log1p(torch.exp(-2 * size)) - math.log(2)), reduction.upper())

    def formula(d):
        a = d.abs()
        return torch.where(a < 20, torch.log1p(2 * torch.sinh(d.clamp(-20, 20) / 2) ** 2), a - math.log(2))

    g = Golden("LogCoshLoss", "keras.losses.LogCosh, an independent reference in torch: log(cosh(x - y)) per element, as "
               "-log(1 - tanh(d)**2) / 2 near 0 and |d| + log(1 + exp(-2 |d|)) - log(2) elsewhere")
    pointwise(g, log_cosh, formula, [], [("both_formulas", {}, {}, [0.0] * 6, [0.0, 0.5, 1.0, -1.0, 1.25, -30.0])])
    return g


CATALOG = [log_cosh_loss]
