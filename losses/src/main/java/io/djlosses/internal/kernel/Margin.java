/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Outcome;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

/** The logistic loss of a margin {@code y x}, without overflow. */
public final class Margin {

    /** The sum of log(1 + exp(−y x)) and its gradient. */
    public static final Script SCRIPT =
            Script.closedForm("x", "y", "")
                    .shared("x = -(x * y)")
                    .gradient("torch.sigmoid(x, out=dx).mul_(y)")
                    .scale("-1.")
                    .value("torch.softplus(x, 1, 40).sum()")
                    .build();

    private Margin() {}

    /** Returns log(1 + exp(−y x)). */
    public static NDArray logistic(NDArray sign, NDArray score) {
        return Nd.softplus(score.mul(sign).neg());
    }

    /** Returns the closed form of the sum of log(1 + exp(−y x)). */
    public static Outcome closedForm(NDArray sign, NDArray score, boolean gradient) {
        NDArray violation = score.mul(sign).negi();
        NDArray sum = Constants.sumOfSoftplus(violation);
        return Outcome.of(sum, score.size(), gradient, -1, () -> Nd.sigmoid(violation).muli(sign));
    }
}
