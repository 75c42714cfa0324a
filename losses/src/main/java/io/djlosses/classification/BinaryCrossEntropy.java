/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;

import io.djlosses.nd.Nd;

/**
 * The binary cross entropy of probabilities with PyTorch's clamps, which keep value and gradient
 * finite at 0 and 1. Its gradient is not the derivative of the clamped value.
 */
final class BinaryCrossEntropy {

    private static final double MIN_LOG = -100;

    /** The least x(1 − x) in the gradient: the FLOAT32 number that PyTorch has in its kernels. */
    private static final double MIN_VARIANCE = 1e-12f;

    private BinaryCrossEntropy() {}

    /** Returns the loss of every probability, with PyTorch's gradient. */
    static NDArray of(NDArray label, NDArray probability) {
        NDArray x = probability.stopGradient();
        return values(label, x).add(Nd.zeroWithGradient(probability, gradient(label, x)));
    }

    /** Returns −(y max(log x, −100) + (1 − y) max(log(1 − x), −100)) of detached probabilities. */
    static NDArray values(NDArray label, NDArray x) {
        NDArray log = x.log().maximum(Nd.num(x, MIN_LOG));
        NDArray logOther = Nd.log1p(x.neg()).maximum(Nd.num(x, MIN_LOG));
        return label.mul(log).add(complement(label).mul(logOther)).neg();
    }

    /** Returns (x − y) / max(x (1 − x), 1e-12). */
    static NDArray gradient(NDArray label, NDArray x) {
        NDArray variance = complement(x).muli(x).maximum(Nd.num(x, MIN_VARIANCE));
        return x.sub(label.stopGradient()).divi(variance);
    }

    /** Returns 1 − x. */
    static NDArray complement(NDArray x) {
        return x.neg().add(Nd.num(x, 1));
    }
}
