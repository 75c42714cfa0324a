/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The smooth L1 loss: the absolute error, smoothed around 0, which is quadratic for small errors
 * and linear for large ones.
 *
 * <p>Use it for box regression, as Fast R-CNN and its successors do, and for regression with
 * outliers. {@link HuberLoss} is the same up to a factor: for every {@code β}, this loss keeps the
 * slope of the linear part at 1, while the other keeps the curvature of the quadratic part. With
 * {@code d = x − y}, each element contributes
 *
 * <pre>{@code
 * ℓ = d² / (2β)     if |d| < β        x prediction, y label, β ≥ 0
 *     |d| − β / 2   otherwise
 * }</pre>
 *
 * <p>With {@code β = 0} this is {@link L1Loss}, whose gradient at x = y is 0.
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SmoothL1Loss.builder().optBeta(0.5).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.SmoothL1Loss(reduction, beta)} and {@code
 * mindspore.nn.SmoothL1Loss}, whose default reduction is none. Unlike there, shapes are never
 * broadcast: a mismatch is an error.
 *
 * @see <a href="https://arxiv.org/abs/1504.08083">Girshick 2015, Fast R-CNN</a>
 */
public final class SmoothL1Loss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.of("x", "y", "beta=1", "return torch.smooth_l1_loss(x, y, reduction, beta)");

    /** Outside these limits, the products of the closed form leave the range of FLOAT32. */
    private static final double SMALL = 1e-15;

    private static final double LARGE = 1e15;

    private final double beta;

    private SmoothL1Loss(Builder builder) {
        super(builder);
        beta = builder.beta;
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return smooth(prediction.sub(label), beta, 1);
    }

    private @Nullable Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray error = prediction.sub(label);
        if (beta > 0) {
            return closedForm(error, beta, 1, gradient);
        }
        NDArray sum = Constants.sumOfAbs(error);
        return Outcome.of(sum, error.size(), gradient, 1, () -> Constants.sign(error));
    }

    /** Returns {@code factor} times the loss of every error. */
    static NDArray smooth(NDArray error, double beta, double factor) {
        NDArray size = error.abs();
        if (beta == 0) {
            return size;
        }
        double threshold = inRange(size, beta);
        double slope = inRange(size, factor);
        // |d| = quadratic + linear, and only one of them grows. There are two selections, because
        // the gradients of size − quadratic would cancel to rounding errors.
        NDArray large = size.gte(Nd.num(size, threshold));
        NDArray thresholds = constant(size, threshold);
        NDArray quadratic = Nd.where(large, thresholds, size);
        NDArray linear = Nd.where(large, size, thresholds).sub(thresholds);
        return quadratic
                .div(constant(size, 2 * threshold / slope))
                .mul(quadratic)
                .add(slope == 1 ? linear : linear.mul(constant(size, slope)));
    }

    /**
     * Returns a positive number as an array can hold it, but neither infinite nor so small that an
     * engine may round it to 0.
     */
    private static double inRange(NDArray array, double number) {
        return array.getDataType() == DataType.FLOAT64
                ? number
                : Math.min(Math.max(number, Float.MIN_NORMAL), Float.MAX_VALUE);
    }

    private static NDArray constant(NDArray like, double value) {
        return like.stopGradient().onesLike().muli(Nd.num(like, value));
    }

    private static NDArray clamped(NDArray error, Number most, Number least) {
        // One pass, but on some engines the bounds have single precision.
        return error.getDataType() == DataType.FLOAT32
                ? error.clip(least, most)
                : error.minimum(most).maximum(least);
    }

    /** Returns the closed form of {@code factor} times this loss, for {@code beta} above 0. */
    static @Nullable Outcome closedForm(
            NDArray error, double beta, double factor, boolean gradient) {
        if (beta < SMALL || beta > LARGE) {
            return null;
        }
        long divisor = error.size();
        NDArray clamped = clamped(error, Nd.num(error, beta), Nd.num(error, -beta));
        // 2 Σ c d − Σ c², which is at least half of the first term.
        NDArray squares = Constants.sumOfSquares(clamped);
        NDArray sum = Sums.sumOfConstant(error.muli(clamped));
        sum.addi(sum).subi(squares).muli(Nd.num(sum, factor / beta / 2));
        return Outcome.of(sum, divisor, gradient, factor / beta, () -> clamped);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                beta == 0 ? script(L1Loss.SCRIPT) : script(SCRIPT, beta),
                closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code β = 1}, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SmoothL1Loss}. */
    public static final class Builder extends LossBuilder<SmoothL1Loss, Builder> {

        private double beta = 1;

        Builder() {
            super("SmoothL1Loss", SmoothL1Loss::new);
        }

        /**
         * Sets the error at which the loss changes from quadratic to linear (default 1).
         *
         * @param beta a non-negative number; 0 gives {@link L1Loss}
         * @return this {@code Builder}
         */
        public Builder optBeta(double beta) {
            this.beta = notNegative("beta", beta);
            return this;
        }
    }
}
