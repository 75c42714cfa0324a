/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ClosedForm;
import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.nd.Nd;
import io.djlosses.nd.Script;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The squared error: the maximum-likelihood loss for Gaussian noise of constant variance.
 *
 * <p>The default choice for regression; see {@link HuberLoss} where outliers dominate. Every
 * element adds
 *
 * <pre>{@code
 * ℓ = (x − y)²        x prediction, y label
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.mseLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MSELoss(reduction=…)} and {@code mindspore.nn.MSELoss}; with
 * {@code optSampleWeighting(MEAN_BY_WEIGHT)} to {@code torch.nn.functional.mse_loss(weight=…)}.
 * Unlike there, shapes are never broadcast: a mismatch is an error. DJL's and Gluon's {@code
 * L2Loss} is half of this.
 */
public final class MSELoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.of("x", "y", "", "return torch.mse_loss(x, y, reduction)");

    private MSELoss(Builder builder) {
        super(builder);
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
    protected @Nullable NDArray scripted(NDArray label, NDArray prediction, Script.Goal goal) {
        return SCRIPT.run(goal, List.of(prediction, label));
    }

    /**
     * Creates a builder with the defaults: {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link MSELoss}. */
    public static final class Builder extends LossBuilder<Builder> {

        Builder() {
            super("MSELoss");
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
        public MSELoss build() {
            return new MSELoss(this);
        }
    }
}
