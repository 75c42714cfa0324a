/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The squared hinge loss for labels −1 and 1: a hinge loss without a kink, which penalizes large
 * violations more.
 *
 * <p>Use it for maximum-margin classification if {@link HingeLoss} converges poorly. Each element
 * contributes
 *
 * <pre>{@code
 * ℓ = max(0, m − y x)²        x score, y label in {−1, 1}, m margin
 * }</pre>
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are −1 or 1.
 *
 * <p>Equivalent to {@code mxnet.gluon.loss.SquaredHingeLoss(margin)}, which gives one mean per
 * sample, and in PyTorch to {@code torch.relu(margin - y * x)**2}. A label other than −1 and 1 is
 * used as it is; strict validation rejects it. Map labels 0 and 1 with {@code 2y − 1} first.
 *
 * @see <a href="https://arxiv.org/abs/1306.0239">Tang 2013, Deep Learning using Linear Support
 *     Vector Machines</a>
 */
public final class SquaredHingeLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "margin=1")
                    .shared("hinge = (margin - x * y).relu_()")
                    .gradient("torch.mul(hinge, y, out=dx)")
                    .scale("-2.")
                    .value("hinge.square_().sum()")
                    .small(
                            """
                            hinge = torch.relu(margin - x * y)
                            return torch.mse_loss(hinge, torch.zeros_like(hinge), reduction)
                            """)
                    .build();

    private final double margin;

    private SquaredHingeLoss(Builder builder) {
        super(builder);
        margin = builder.margin;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.signs(getName(), "labels[0]", label);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return Nd.relu(violation(label, prediction)).square();
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray violation = prediction.mul(label).negi().addi(Nd.num(prediction, margin));
        NDArray hinge = violation.maximum(Nd.num(violation, 0));
        NDArray sum = Constants.sumOfSquares(hinge);
        return Outcome.of(sum, prediction.size(), gradient, -2, () -> hinge.muli(label));
    }

    private NDArray violation(NDArray label, NDArray prediction) {
        return prediction.mul(label).neg().add(Nd.num(prediction, margin));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                script(SCRIPT, margin),
                closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: margin 1, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SquaredHingeLoss}. */
    public static final class Builder extends LossBuilder<SquaredHingeLoss, Builder> {

        private double margin = 1;

        Builder() {
            super("SquaredHingeLoss", SquaredHingeLoss::new);
        }

        /**
         * Sets the margin: the score from which the loss of a correct prediction is 0 (default 1).
         *
         * @param margin a finite number
         * @return this {@code Builder}
         */
        public Builder optMargin(double margin) {
            this.margin = finite("margin", margin);
            return this;
        }
    }
}
