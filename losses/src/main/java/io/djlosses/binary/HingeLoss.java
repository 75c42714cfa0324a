/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The hinge loss for labels −1 and 1: zero for predictions that are right by a margin, and linear
 * below the margin.
 *
 * <p>Use it for maximum-margin classification, as in support vector machines: predictions beyond
 * the margin have no effect. Each element contributes
 *
 * <pre>{@code
 * ℓ = max(0, m − y x)        x score, y label in {−1, 1}, m margin
 * }</pre>
 *
 * <p>Exactly at the margin the gradient is 0.
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are −1 or 1.
 *
 * <p>Equivalent to {@code mxnet.gluon.loss.HingeLoss(margin)} and DJL's {@code HingeLoss}, which
 * give one mean per sample, and in PyTorch to {@code torch.relu(margin - y * x)}. A label other
 * than −1 and 1 is used as it is; strict validation rejects it. Map labels 0 and 1 with {@code 2y −
 * 1} first. {@code torch.nn.HingeEmbeddingLoss} is a different loss.
 *
 * @see <a href="https://doi.org/10.1007/BF00994018">Cortes and Vapnik 1995, Support-Vector
 *     Networks</a>
 */
public final class HingeLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "margin=1")
                    .shared(
                            """
                            one = torch.full([], margin, dtype=x.dtype)
                            violation = torch.addcmul(one, x, y, value=-1)
                            """)
                    // 0 times an infinite label is NaN.
                    .gradient(
                            """
                            torch.threshold_backward(y, violation, 0, grad_input=dx)
                            dx.add_(y, alpha=0)
                            """)
                    .scale("-1.")
                    .value("violation.relu_().sum()")
                    .small(
                            """
                            hinge = torch.relu(margin - x * y)
                            return torch.mean(hinge) if mean else torch.sum(hinge)
                            """)
                    .build();

    private final double margin;

    private HingeLoss(Builder builder) {
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
        return Nd.relu(violation(label, prediction));
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        long divisor = prediction.size();
        NDArray violation = prediction.mul(label).negi().addi(Nd.num(prediction, margin));
        NDArray values = violation.maximum(Nd.num(violation, 0));
        NDArray sum = Sums.sumOfConstant(values);
        values.close();
        if (!gradient) {
            return Outcome.of(sum, divisor);
        }
        // Not "greater than 0", so that NaN counts as a violation, as in the formula.
        NDArray met = Constants.lte(violation, 0);
        return Outcome.of(sum, divisor, 1, met.subi(Nd.num(met, 1)).muli(label));
    }

    private NDArray violation(NDArray label, NDArray prediction) {
        return prediction.mul(label).neg().add(Nd.num(prediction, margin));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), script(SCRIPT, margin), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: margin 1, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link HingeLoss}. */
    public static final class Builder extends LossBuilder<HingeLoss, Builder> {

        private double margin = 1;

        Builder() {
            super("HingeLoss", HingeLoss::new);
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
