/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The fast reading of a loss: the sum of its values and the gradient of that sum, both computed
 * without a graph.
 */
public final class ClosedForm {

    private final NDArray sum;
    private final Divisor divisor;
    private final double scale;
    private final @Nullable NDArray[] gradients;

    /**
     * Makes the closed form of a value without its gradient.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor what MEAN divides by
     */
    public ClosedForm(NDArray sum, Divisor divisor) {
        this(sum, divisor, 1);
    }

    /**
     * Makes the closed form of a value and its gradient.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor what MEAN divides by
     * @param scale a factor on all gradients, which saves a pass over them
     * @param gradients {@code scale} times these is the gradient of the sum with respect to each
     *     prediction: arrays of the shape of that prediction, null where there is none
     */
    public ClosedForm(NDArray sum, Divisor divisor, double scale, @Nullable NDArray... gradients) {
        this.sum = sum;
        this.divisor = divisor;
        this.scale = scale;
        this.gradients = gradients;
    }

    NDArray sum() {
        return sum;
    }

    Divisor divisor() {
        return divisor;
    }

    /** Returns the sum, or a value computed from it, with the gradient times a factor attached. */
    NDArray attach(NDArray value, NDList predictions, double factor) {
        return Nd.withGradient(value, predictions, gradients, scale * factor);
    }
}
