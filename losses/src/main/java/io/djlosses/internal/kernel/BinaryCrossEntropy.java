/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;

import io.djlosses.internal.array.Gradients;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Constants;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The binary cross entropy of probabilities with PyTorch's clamps, which keep value and gradient
 * finite at 0 and 1, and that of logits. The gradient for probabilities is not the derivative of
 * the clamped value.
 */
public final class BinaryCrossEntropy {

    private static final double MIN_LOG = -100;

    /** The smallest x(1 − x) in the gradient: the FLOAT32 number in PyTorch's kernels. */
    public static final double MIN_VARIANCE = 1e-12f;

    /** {@link #values} as a script in x and y. */
    public static final String VALUES =
            "(y - 1.).mul_(torch.log1p(-x).clamp_(min=-100.))"
                    + ".sub_(torch.log(x).clamp_(min=-100.).mul_(y))";

    /** {@link #gradient} as a script in x and y. */
    public static final String GRADIENT =
            "torch.sub(x, y, out=dx).div_((1. - x).mul_(x).clamp_(min=" + MIN_VARIANCE + "))";

    /** −log(1 + exp(−|x|)), exact, with fast operations only, as a script in x. */
    public static final String MINUS_SOFTPLUS = "torch.abs(x).neg_().sigmoid_().neg_().log1p_()";

    /** {@link #ofLogits} without a factor as a script in x and y. */
    public static final String OF_LOGITS =
            "(1. - y).mul_(x).sub_(torch.clamp(x, max=0.)).sub_(" + MINUS_SOFTPLUS + ")";

    private BinaryCrossEntropy() {}

    /** Returns y (1 − s) + s / 2. */
    public static NDArray smoothed(NDArray label, double smoothing) {
        return smoothing == 0
                ? label
                : Nd.mul(label, 1 - smoothing).add(Nd.num(label, smoothing / 2));
    }

    /** Returns the loss of every probability, with PyTorch's gradient. */
    public static NDArray of(NDArray label, NDArray probability) {
        NDArray x = probability.stopGradient();
        return values(label, x).add(Gradients.zeroWithGradient(probability, gradient(label, x)));
    }

    /** Returns −(y max(log x, −100) + (1 − y) max(log(1 − x), −100)) of detached probabilities. */
    public static NDArray values(NDArray label, NDArray x) {
        // Closed early: memory in use is fast, which saves more time than fewer passes.
        NDArray log = clamped(x.log());
        NDArray yes = label.mul(log);
        log.close();
        NDArray minus = x.neg();
        NDArray logOther = clamped(Nd.log1p(minus));
        minus.close();
        NDArray other = Nd.complement(label);
        NDArray no = other.mul(logOther);
        other.close();
        logOther.close();
        NDArray sum = yes.add(no);
        yes.close();
        no.close();
        return sum.neg();
    }

    private static NDArray clamped(NDArray log) {
        try (log) {
            return log.maximum(Nd.num(log, MIN_LOG));
        }
    }

    /** Returns the sum of {@link #ofLogits} without a factor. */
    public static NDArray sumOfLogits(NDArray label, NDArray x) {
        NDArray softplus = Constants.sumOfSoftplusOfNegative(x.abs().negi());
        try (NDArray rest = withoutSoftplus(label, x)) {
            return softplus.addi(Sums.sumOfConstant(rest));
        }
    }

    /**
     * Returns (1 − y) x + f log(1 + exp(−x)) of detached logits, without overflow. Without a factor
     * it keeps all digits of small losses.
     *
     * @param factor the factor f, or null for 1
     */
    public static NDArray ofLogits(NDArray label, NDArray x, @Nullable NDArray factor) {
        NDArray softplus = Constants.softplusOfNegative(x.abs().negi());
        if (factor == null) {
            return withoutSoftplus(label, x).addi(softplus);
        }
        // One product only, because the factor may be infinite and a part of the sum 0.
        try (softplus;
                NDArray least = x.minimum(Nd.num(x, 0))) {
            return Nd.complement(label).muli(x).addi(softplus.subi(least).muli(factor));
        }
    }

    /** Returns (1 − y) x + max(−x, 0). */
    private static NDArray withoutSoftplus(NDArray label, NDArray x) {
        try (NDArray minus = x.neg();
                NDArray positive = Constants.positivePart(minus)) {
            return Nd.complement(label).muli(x).addi(positive);
        }
    }

    /** Returns (x − y) / max(x (1 − x), 1e-12). */
    public static NDArray gradient(NDArray label, NDArray x) {
        NDArray product = x.neg().addi(Nd.num(x, 1)).muli(x);
        NDArray variance = product.maximum(Nd.num(x, MIN_VARIANCE));
        product.close();
        NDArray gradient = x.sub(label.stopGradient()).divi(variance);
        variance.close();
        return gradient;
    }
}
