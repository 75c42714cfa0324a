/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.FocalModulation;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The binary focal loss of probabilities: a binary cross entropy that gives little weight to easy
 * examples.
 *
 * <p>Use it for detection and other tasks in which most examples are easy negatives. If the model
 * can give logits, {@link SigmoidFocalLoss} is the better choice. With {@code p_t} the probability
 * of the correct answer, each element contributes
 *
 * <pre>{@code
 * ℓ = α_t (1 − p_t)^γ BCE(x, y)                    x probability, y label, γ ≥ 0
 * p_t = x y + (1 − x)(1 − y)      α_t = α y + (1 − α)(1 − y)
 * }</pre>
 *
 * <p>BCE is {@link BCELoss}, with its clamps and its gradient.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, in [0, 1]
 *   <li>{@code predictions: [(*)]}, same shape as the label, in [0, 1]
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = FocalLoss.builder().optGamma(1).optAlpha(0.25).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(probabilities));
 * }</pre>
 *
 * <p>Equivalent to {@code mean(alpha_t * (1 - p_t)**gamma * binary_cross_entropy(x, y))} in
 * PyTorch. Difference: the gradient of a prediction that is certain and right is 0 for every {@code
 * γ}; there it is NaN for {@code γ} below 1. A prediction outside [0, 1] gives NaN, or an error in
 * strict validation. {@code mindspore.nn.FocalLoss} is a focal loss of exclusive classes.
 *
 * @see <a href="https://arxiv.org/abs/1708.02002">Lin et al. 2017, Focal Loss for Dense Object
 *     Detection</a>
 */
public final class FocalLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x")
                    .labels("y")
                    .numbers("gamma=2 alpha=0.75")
                    .shared(
                            "entropy = "
                                    + BinaryCrossEntropy.VALUES
                                    + """

                                    other = 1. - x
                                    wrong = (1. - y).mul_(x).addcmul_(y, other)
                                    """
                                    + FocalModulation.BALANCED_FACTOR)
                    .gradient(
                            "torch.sub(x, y, out=dx)"
                                    + ".div_(other.mul_(x).clamp_(min="
                                    + BinaryCrossEntropy.MIN_VARIANCE
                                    + "))\n"
                                    + FocalModulation.slope("entropy"))
                    .value(FocalModulation.VALUE)
                    .least(Thresholds.ALWAYS)
                    .build();

    private final double gamma;
    private final double alpha;

    private FocalLoss(Builder builder) {
        super(builder);
        gamma = builder.gamma;
        alpha = builder.alpha;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
        Checks.unitInterval(getName(), "predictions[0]", prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        NDArray wrong = wrong(label, prediction);
        NDArray entropy = BinaryCrossEntropy.of(label, prediction);
        return FocalModulation.modulate(entropy, wrong, gamma)
                .mul(FocalModulation.balance(label, alpha));
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        Divisor divisor = Divisor.of(prediction.size());
        NDArray wrong = wrong(label, prediction);
        NDArray balance = FocalModulation.balance(label, alpha);
        NDArray entropy = BinaryCrossEntropy.values(label, prediction);
        NDArray sum =
                Sums.sumOfConstant(FocalModulation.modulate(entropy, wrong, gamma).mul(balance));
        if (!gradient) {
            return Outcome.of(sum, divisor);
        }
        NDArray slope =
                FocalModulation.modulate(
                        BinaryCrossEntropy.gradient(label, prediction), wrong, gamma);
        if (gamma > 0) {
            // d q / d x = 1 − 2y
            NDArray direction = label.mul(Nd.num(label, -2)).addi(Nd.num(label, 1));
            direction.muli(entropy).muli(Nd.num(label, gamma));
            slope = FocalModulation.slope(direction, slope, wrong, gamma);
        }
        return Outcome.of(sum, divisor, 1, slope.muli(balance));
    }

    /** Returns 1 − p_t. */
    private static NDArray wrong(NDArray label, NDArray prediction) {
        return FocalModulation.blend(label, Nd.complement(prediction), prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        Reading closed = closedForm(Thresholds.ALWAYS, this::inClosedForm);
        return gamma < 1
                ? List.of(Reading.graph(), closed)
                : List.of(Reading.graph(), script(SCRIPT, gamma, alpha), closed);
    }

    /**
     * Creates a builder with the defaults: {@code γ = 2}, {@code α = 0.75}, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link FocalLoss}. */
    public static final class Builder extends LossBuilder<FocalLoss, Builder> {

        private double gamma = 2;
        private double alpha = 0.75;

        Builder() {
            super("FocalLoss", FocalLoss::new);
        }

        /**
         * Sets the exponent {@code γ}, which reduces the weight of easy examples (default 2; 0
         * weights all alike).
         *
         * @param gamma a non-negative number
         * @return this {@code Builder}
         */
        public Builder optGamma(double gamma) {
            this.gamma = notNegative("gamma", gamma);
            return this;
        }

        /**
         * Sets the weight of positive labels (default 0.75); the weight of negative labels is
         * {@code 1 − α}.
         *
         * @param alpha a number in [0, 1]
         * @return this {@code Builder}
         */
        public Builder optAlpha(double alpha) {
            this.alpha = range("alpha", alpha, 0, 1);
            return this;
        }
    }
}
