/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ClosedForm;
import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.nd.Nd;
import io.djlosses.nd.Script;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The root of the mean squared error: an error in the unit of the labels.
 *
 * <p>It has the minimum of {@link MSELoss}, and a gradient whose size does not shrink on the way to
 * it. One number for the whole batch:
 *
 * <pre>{@code
 * ℓ = √(Σ (x − y)² / n)        x prediction, y label
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>A root has no value per element, so {@code MEAN} is the only reduction and {@code build}
 * rejects all others. {@code fraction} and accumulators keep Σ (x − y)² and n: the value over an
 * epoch is the root of the mean over all its elements, not a mean of roots.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.rmseLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.RMSELoss()}, in PyTorch to {@code torch.sqrt(mse_loss(x,
 * y))}. Difference: the gradient of a perfect prediction, which is NaN there, is 0 here. Shapes are
 * never broadcast: a mismatch is an error.
 */
public final class RMSELoss extends ElementwiseLoss {

    /** The gradient of √0 would be infinite, that of the square is 0. */
    private static final Script SCRIPT =
            Script.of(
                    "x",
                    "y",
                    "",
                    """
                    square = torch.mse_loss(x, y, reduction)
                    return square if float(square) == 0. else torch.sqrt(square)
                    """);

    private RMSELoss(Builder builder) {
        super(builder);
        Checks.require(
                getReduction() == Reduction.MEAN,
                getName(),
                "reduction",
                "be MEAN, because a root of a mean has no value per element",
                getReduction());
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return prediction.sub(label).square();
    }

    /** {@inheritDoc} */
    @Override
    protected ClosedForm closedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray error = prediction.sub(label);
        Divisor divisor = Divisor.of(error.size());
        NDArray sum = Nd.sumOfSquares(error);
        return gradient ? new ClosedForm(sum, divisor, 2, error) : new ClosedForm(sum, divisor);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray finish(NDArray mean) {
        // √1 − 1 where the mean is 0, because the gradient of √0 is infinite.
        NDArray perfect = Nd.cast(mean.stopGradient().eq(0), mean);
        return mean.add(perfect).sqrt().sub(perfect);
    }

    /** {@inheritDoc} */
    @Override
    protected double finish(double mean) {
        return Math.sqrt(mean);
    }

    /** {@inheritDoc} */
    @Override
    protected @Nullable NDArray scripted(NDArray label, NDArray prediction, Script.Goal goal) {
        return SCRIPT.run(goal, List.of(prediction, label));
    }

    /**
     * Creates a builder.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link RMSELoss}. */
    public static final class Builder extends LossBuilder<Builder> {

        Builder() {
            super("RMSELoss");
        }

        /** {@inheritDoc} */
        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Builds the loss.
         *
         * @return the loss
         */
        public RMSELoss build() {
            return new RMSELoss(this);
        }
    }
}
