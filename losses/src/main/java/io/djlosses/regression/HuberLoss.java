/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.regression;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The Huber loss: half the squared error for small errors and linear for large ones, so that the
 * gradient of outliers is bounded.
 *
 * <p>Use it for regression with outliers. {@link SmoothL1Loss} is the same up to the factor {@code
 * δ}. With {@code d = x − y}, each element contributes
 *
 * <pre>{@code
 * ℓ = d² / 2            if |d| < δ        x prediction, y label, δ > 0
 *     δ (|d| − δ / 2)   otherwise
 * }</pre>
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = HuberLoss.builder().optDelta(2).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(prediction));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.HuberLoss(reduction, delta)} and {@code mindspore.nn.HuberLoss};
 * Gluon's {@code HuberLoss(rho)} is {@link SmoothL1Loss}. Unlike there, shapes are never broadcast:
 * a mismatch is an error.
 *
 * @see <a href="https://doi.org/10.1214/aoms/1177703732">Huber 1964, Robust Estimation of a
 *     Location Parameter</a>
 */
public final class HuberLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.of("x", "y", "delta=1", "return torch.huber_loss(x, y, reduction, delta)");

    private final double delta;

    private HuberLoss(Builder builder) {
        super(builder);
        delta = builder.delta;
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return SmoothL1Loss.smooth(prediction.sub(label), delta, delta);
    }

    private @Nullable Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        return SmoothL1Loss.closedForm(prediction.sub(label), delta, delta, gradient);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                script(SCRIPT, delta),
                closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code δ = 1}, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link HuberLoss}. */
    public static final class Builder extends LossBuilder<HuberLoss, Builder> {

        private double delta = 1;

        Builder() {
            super("HuberLoss", HuberLoss::new);
        }

        /**
         * Sets the error at which the loss changes from quadratic to linear (default 1).
         *
         * @param delta a number greater than 0
         * @return this {@code Builder}
         */
        public Builder optDelta(double delta) {
            this.delta = positive("delta", delta);
            return this;
        }
    }
}
