/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The logarithm of the hyperbolic cosine of the error: half its square where it is small, its size
 * less {@code log 2} where it is large.
 *
 * <p>Use it for regression with outliers where {@link HuberLoss} is not smooth enough: it has all
 * derivatives, and nothing to tune. Every element adds
 *
 * <pre>{@code
 * ℓ = log(cosh(x − y))        x prediction, y label
 * }</pre>
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}.
 *
 * <p>Equivalent to {@code keras.losses.LogCosh}; PyTorch and MindSpore have no such loss. Unlike
 * there, {@code NONE} gives one value per element, not the mean over the last axis; shapes are
 * never broadcast: a mismatch is an error; and small errors keep all their digits.
 */
public final class LogCoshLoss extends ElementwiseLoss {

    private LogCoshLoss(SimpleBuilder<LogCoshLoss> builder) {
        super(builder);
    }

    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        NDArray d = prediction.sub(label);
        NDArray size = d.abs();
        NDArray small = size.lte(Nd.num(size, 1));
        // cosh overflows, so |d| + log(1 + exp(−2|d|)) − log 2; near 0 this cancels to rounding
        // errors, so there −½ log(1 − tanh²d).
        NDArray tanh = Activation.tanh(Nd.where(small, d, 0));
        NDArray near = Nd.mul(Nd.log1p(tanh.square().neg()), -0.5);
        NDArray far = size.add(Nd.log1p(Nd.mul(size, -2).exp()));
        return Nd.where(small, near, far.sub(Nd.num(far, Math.log(2))));
    }

    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph());
    }

    /** {@return a builder with the defaults: {@code MEAN}} */
    public static SimpleBuilder<LogCoshLoss> builder() {
        return new SimpleBuilder<>("LogCoshLoss", LogCoshLoss::new);
    }
}
