/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Outcome;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.FocalModulation;
import io.djlosses.nd.Nd;

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
public final class FocalLoss extends BinaryFocal {

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

    private FocalLoss(Builder builder) {
        super(builder);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
        Checks.unitInterval(getName(), "predictions[0]", prediction);
    }

    @Override
    NDArray modulated(NDArray label, NDArray prediction) {
        NDArray entropy = BinaryCrossEntropy.of(label, prediction);
        return FocalModulation.modulate(entropy, wrong(label, prediction), gamma);
    }

    /** Returns 1 − p_t. */
    private static NDArray wrong(NDArray label, NDArray prediction) {
        return FocalModulation.blend(label, Nd.complement(prediction), prediction);
    }

    @Override
    Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray wrong = wrong(label, prediction);
        NDArray entropy = BinaryCrossEntropy.values(label, prediction);
        NDArray values = FocalModulation.modulate(entropy, wrong, gamma);
        return outcome(label, values, gradient, () -> slope(label, prediction, wrong, entropy));
    }

    private NDArray slope(NDArray label, NDArray prediction, NDArray wrong, NDArray entropy) {
        NDArray change = BinaryCrossEntropy.gradient(label, prediction);
        NDArray slope = FocalModulation.modulate(change, wrong, gamma);
        if (gamma == 0) {
            return slope;
        }
        // d q / d x = 1 − 2y
        NDArray direction = label.mul(Nd.num(label, -2)).addi(Nd.num(label, 1));
        direction.muli(entropy).muli(Nd.num(label, gamma));
        return FocalModulation.slope(direction, slope, wrong, gamma);
    }

    @Override
    Script script(boolean isBalanced) {
        return isBalanced ? BALANCED : SCRIPT;
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
    public static final class Builder extends FocalModulation.Builder<FocalLoss, Builder> {

        Builder() {
            super("FocalLoss", FocalLoss::new, 0.75);
        }
    }
}
