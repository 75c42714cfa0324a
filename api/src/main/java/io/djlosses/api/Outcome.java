/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.internal.array.Gradients;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * The outcome of a {@link Reading}: a numerator and its divisor, or a finished result.
 *
 * <p>A numerator either carries its gradient, or comes with gradients that were computed without a
 * graph.
 */
public final class Outcome {

    private final NDArray array;
    private final @Nullable Divisor divisor;
    private final double scale;
    private final @Nullable NDArray @Nullable [] gradients;

    private Outcome(
            NDArray array,
            @Nullable Divisor divisor,
            double scale,
            @Nullable NDArray @Nullable [] gradients) {
        this.array = array;
        this.divisor = divisor;
        this.scale = scale;
        this.gradients = gradients;
    }

    /**
     * Returns the outcome of a sum that carries its gradient, or that needs no gradient.
     *
     * @param sum Σ values, a 0-d array
     * @param divisor the divisor of the mean
     * @return the outcome
     */
    public static Outcome of(NDArray sum, Divisor divisor) {
        return new Outcome(sum, divisor, 1, null);
    }

    /**
     * Returns the outcome of a sum that carries its gradient, or that needs no gradient.
     *
     * @param sum Σ values, a 0-d array
     * @param divisor the divisor of the mean, such as the number of values
     * @return the outcome
     */
    public static Outcome of(NDArray sum, double divisor) {
        return of(sum, Divisor.of(divisor));
    }

    /**
     * Returns the outcome of a closed form: a sum and its gradients, computed without a graph.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor the divisor of the mean, such as the number of values
     * @param scale a factor on all gradients, applied without a pass over them
     * @param gradients for each prediction an array of its shape, which times {@code scale} is the
     *     gradient of the sum, or null for no gradient
     * @return the outcome
     */
    public static Outcome of(
            NDArray sum, double divisor, double scale, @Nullable NDArray... gradients) {
        return of(sum, Divisor.of(divisor), scale, gradients);
    }

    /**
     * Returns the outcome of a closed form: a sum and its gradients, computed without a graph.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor the divisor of the mean
     * @param scale a factor on all gradients, applied without a pass over them
     * @param gradients for each prediction an array of its shape, which times {@code scale} is the
     *     gradient of the sum, or null for no gradient
     * @return the outcome
     */
    public static Outcome of(
            NDArray sum, Divisor divisor, double scale, @Nullable NDArray... gradients) {
        return new Outcome(sum, divisor, scale, gradients);
    }

    /**
     * Returns the outcome of a closed form of one prediction, whose gradient may not be wanted.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor the divisor of the mean, such as the number of values
     * @param gradient whether the gradient is wanted
     * @param scale a factor on the gradient
     * @param slope makes the gradient, where it is wanted
     * @return the outcome
     */
    public static Outcome of(
            NDArray sum, Divisor divisor, boolean gradient, double scale, Supplier<NDArray> slope) {
        return gradient ? of(sum, divisor, scale, slope.get()) : of(sum, divisor);
    }

    /**
     * Returns the outcome of a closed form of one prediction, whose gradient may not be wanted.
     *
     * @param sum Σ values, a detached 0-d array
     * @param divisor the divisor of the mean, such as the number of values
     * @param gradient whether the gradient is wanted
     * @param scale a factor on the gradient
     * @param slope makes the gradient, where it is wanted
     * @return the outcome
     */
    public static Outcome of(
            NDArray sum, double divisor, boolean gradient, double scale, Supplier<NDArray> slope) {
        return of(sum, Divisor.of(divisor), gradient, scale, slope);
    }

    /** Returns the outcome that is the result already. */
    static Outcome finished(NDArray result) {
        return new Outcome(result, null, 1, null);
    }

    boolean isFinished() {
        return divisor == null;
    }

    /** Returns the result of a finished outcome. */
    NDArray result() {
        return array;
    }

    Divisor divisor() {
        return divisor == null ? Divisor.of(1) : divisor;
    }

    /** Returns the numerator with its gradient. */
    NDArray numerator(NDList predictions) {
        return gradients == null
                ? array
                : Gradients.withGradient(array, predictions, gradients, scale);
    }

    /** Returns the quotient of numerator and divisor, with its gradient. */
    NDArray divided(NDList predictions, Divisor by) {
        if (gradients == null || !by.isKnown()) {
            return by.quotient(numerator(predictions));
        }
        // Attached after the division, so that the value is not rounded again.
        NDArray mean = by.quotient(array);
        return Gradients.withGradient(mean, predictions, gradients, scale * by.factor());
    }
}
