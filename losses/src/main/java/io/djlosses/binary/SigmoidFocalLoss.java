/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reduction;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.FocalModulation;
import io.djlosses.nd.Nd;

/**
 * The binary focal loss of logits: a binary cross entropy that gives little weight to easy
 * examples.
 *
 * <p>Use it for detection, as RetinaNet does, and for other tasks in which most examples are easy
 * negatives. With {@code p = σ(x)} each element contributes
 *
 * <pre>{@code
 * ℓ = α_t (1 − p_t)^γ BCEWithLogits(x, y)          x logit, y label, γ ≥ 0
 * p_t = p y + (1 − p)(1 − y)      α_t = α y + (1 − α)(1 − y), or 1 if α = −1
 * }</pre>
 *
 * <p>{@code 1 − p_t} is computed as {@code y σ(−x) + (1 − y) σ(x)}, which keeps all digits of small
 * values. With label smoothing s, the label is y (1 − s) + s / 2.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, in [0, 1]
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: (*)} with {@code NONE}, the default, otherwise {@code ()}; {@code MEAN} divides
 *       by the number of all elements, not of the positive ones
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SigmoidFocalLoss.builder().optReduction(Reduction.SUM).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code torchvision.ops.sigmoid_focal_loss(alpha, gamma, reduction)}. Difference:
 * value and gradient are finite for every finite logit, while there the gradient for {@code γ}
 * below 1 is NaN where the sigmoid rounds to 0 or 1.
 *
 * @see <a href="https://arxiv.org/abs/1708.02002">Lin et al. 2017, Focal Loss for Dense Object
 *     Detection</a>
 */
public final class SigmoidFocalLoss extends BinaryFocal {

    private static final Script SCRIPT = script(FocalModulation.FACTOR);
    private static final Script BALANCED = script(FocalModulation.BALANCED_FACTOR);

    private static Script script(String factor) {
        return Script.closedForm("x", "y", "gamma=2 alpha=0.25")
                .shared(
                        """
                        yes = torch.sigmoid(x)
                        no = torch.sigmoid(-x)
                        missed = y * no
                        raised = (1. - y).mul_(yes)
                        wrong = missed + raised
                        entropy = torch.log1p(-torch.minimum(yes, no)).neg_()
                        entropy.add_(torch.relu(-x).addcmul_(1. - y, x))
                        """
                                + factor)
                .gradient(
                        "torch.sub(raised, missed, out=dx)\n"
                                + FocalModulation.slope("yes.mul_(no).mul_(entropy)"))
                .value(FocalModulation.VALUE)
                .least(Thresholds.ALWAYS)
                .build();
    }

    private SigmoidFocalLoss(Builder builder) {
        super(builder);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
    }

    @Override
    NDArray modulated(NDArray label, NDArray prediction) {
        NDArray opposite = prediction.neg();
        NDArray wrong = FocalModulation.blend(label, Nd.sigmoid(opposite), Nd.sigmoid(prediction));
        NDArray entropy =
                FocalModulation.blend(label, Nd.softplus(opposite), Nd.softplus(prediction));
        return FocalModulation.modulate(entropy, wrong, gamma);
    }

    @Override
    Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray yes = Nd.sigmoid(prediction);
        NDArray no = Nd.sigmoid(prediction.neg());
        NDArray missed = label.mul(no);
        NDArray raised = Nd.complement(label).muli(yes);
        NDArray wrong = missed.add(raised);
        NDArray entropy = BinaryCrossEntropy.ofLogits(label, prediction, null);
        NDArray values = FocalModulation.modulate(entropy, wrong, gamma);
        return outcome(
                label,
                values,
                gradient,
                () -> {
                    NDArray slope = FocalModulation.modulate(raised.subi(missed), wrong, gamma);
                    if (gamma == 0) {
                        return slope;
                    }
                    // d q / d x = (1 − 2y) σ(x) σ(−x)
                    NDArray change = label.mul(Nd.num(label, -2)).addi(Nd.num(label, 1)).muli(yes);
                    change.muli(no).muli(entropy).muli(Nd.num(label, gamma));
                    return FocalModulation.slope(change, slope, wrong, gamma);
                });
    }

    @Override
    Script script(boolean isBalanced) {
        return isBalanced ? BALANCED : SCRIPT;
    }

    /**
     * Creates a builder with the defaults: {@code γ = 2}, {@code α = 0.25}, {@code NONE}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SigmoidFocalLoss}. */
    public static final class Builder extends FocalModulation.Builder<SigmoidFocalLoss, Builder> {

        Builder() {
            super("SigmoidFocalLoss", SigmoidFocalLoss::new, 0.25);
            defaults(Reduction.NONE, EmptyPolicy.NAN);
        }
    }
}
