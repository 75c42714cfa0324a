/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
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
 * p_t = x y + (1 − x)(1 − y)      α_t = α y + (1 − α)(1 − y), or 1 if α = −1
 * }</pre>
 *
 * <p>BCE is {@link BCELoss}, with its clamps and its gradient. With label smoothing s, the label is
 * y (1 − s) + s / 2.
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are in [0, 1], predictions in [0,
 * 1].
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = FocalLoss.builder().optGamma(1).optAlpha(0.25).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(probabilities));
 * }</pre>
 *
 * <p>Equivalent to {@code mean(alpha_t * (1 - p_t)**gamma * binary_cross_entropy(x, y))} in
 * PyTorch, and with {@code optAlpha(-1)} to {@code keras.losses.BinaryFocalCrossentropy(gamma=2)}
 * up to Keras's clipping of probabilities. Difference: the gradient of a prediction that is certain
 * and right is 0 for every {@code γ}; there it is NaN for {@code γ} below 1. A prediction outside
 * [0, 1] gives NaN, or an error in strict validation. {@code mindspore.nn.FocalLoss} is a focal
 * loss of exclusive classes.
 *
 * @see <a href="https://arxiv.org/abs/1708.02002">Lin et al. 2017, Focal Loss for Dense Object
 *     Detection</a>
 */
public final class FocalLoss extends ElementwiseLoss {

    private static final Script SCRIPT = script(FocalModulation.FACTOR);
    private static final Script BALANCED = script(FocalModulation.BALANCED_FACTOR);

    private static Script script(String factor) {
        return Script.closedForm("x", "y", "gamma=2 alpha=0.75")
                .shared(
                        "entropy = "
                                + BinaryCrossEntropy.VALUES
                                + """

                                other = 1. - x
                                wrong = (1. - y).mul_(x).addcmul_(y, other)
                                """
                                + factor)
                .gradient(
                        "torch.sub(x, y, out=dx)"
                                + ".div_(other.mul_(x).clamp_(min="
                                + BinaryCrossEntropy.MIN_VARIANCE
                                + "))\n"
                                + FocalModulation.slope("entropy"))
                .value(FocalModulation.VALUE)
                .least(Thresholds.ALWAYS)
                .build();
    }

    private final double gamma;
    private final double alpha;
    private final double labelSmoothing;

    private FocalLoss(Builder builder) {
        super(builder);
        gamma = builder.gamma;
        alpha = builder.alpha;
        labelSmoothing = builder.labelSmoothing;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
        Checks.unitInterval(getName(), "predictions[0]", prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray hard, NDArray prediction) {
        NDArray label = BinaryCrossEntropy.smoothed(hard, labelSmoothing);
        NDArray wrong = wrong(label, prediction);
        NDArray entropy = BinaryCrossEntropy.of(label, prediction);
        NDArray values = FocalModulation.modulate(entropy, wrong, gamma);
        NDArray balance = FocalModulation.balance(label, alpha);
        return balance == null ? values : values.mul(balance);
    }

    private Outcome inClosedForm(NDArray hard, NDArray prediction, boolean gradient) {
        NDArray label = BinaryCrossEntropy.smoothed(hard, labelSmoothing);
        long divisor = prediction.size();
        NDArray wrong = wrong(label, prediction);
        NDArray balance = FocalModulation.balance(label, alpha);
        NDArray entropy = BinaryCrossEntropy.values(label, prediction);
        NDArray values = FocalModulation.modulate(entropy, wrong, gamma);
        NDArray sum = Sums.sumOfConstant(balance == null ? values : values.mul(balance));
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
        return Outcome.of(sum, divisor, 1, balance == null ? slope : slope.muli(balance));
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
                : List.of(
                        Reading.graph(),
                        script(
                                alpha == FocalModulation.OFF ? SCRIPT : BALANCED,
                                this::arrays,
                                gamma,
                                alpha),
                        closed);
    }

    private List<NDArray> arrays(NDArray label, NDArray prediction) {
        return List.of(prediction, BinaryCrossEntropy.smoothed(label, labelSmoothing));
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
        private double labelSmoothing;

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
         * @param alpha a number in [0, 1], or −1 for weight 1 on both, which is Keras's default
         * @return this {@code Builder}
         */
        public Builder optAlpha(double alpha) {
            this.alpha =
                    require("alpha", alpha, FocalModulation.isAlpha(alpha), FocalModulation.ALPHA);
            return this;
        }

        /**
         * Sets the label smoothing {@code s} (default 0), as Keras does: a label {@code y} becomes
         * {@code y (1 − s) + s / 2}.
         *
         * @param labelSmoothing a number in [0, 1]
         * @return this {@code Builder}
         */
        public Builder optLabelSmoothing(double labelSmoothing) {
            this.labelSmoothing = range("labelSmoothing", labelSmoothing, 0, 1);
            return this;
        }
    }
}
