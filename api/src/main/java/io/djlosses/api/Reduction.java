/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;

import org.jspecify.annotations.Nullable;

import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * How the unreduced values of a loss become its result.
 *
 * <p>{@link #MEAN} divides by the same number as PyTorch does for the loss in question: the number
 * of elements, the number of samples, or the sum of the class weights of the targets. The Javadoc
 * of each loss says which.
 */
public final class Reduction {

    /**
     * No reduction: the result has the shape of the unreduced values. Calling {@code backward} on
     * it gives the gradient of their sum; a trainer's log shows their mean.
     */
    public static final Reduction NONE = new Reduction("NONE", null);

    /** The sum of the unreduced values. */
    public static final Reduction SUM = new Reduction("SUM", null);

    /** The mean of the unreduced values, weighted where the loss has weights. */
    public static final Reduction MEAN = new Reduction("MEAN", null);

    /** The sum of the unreduced values over the size of the batch (the first axis). */
    public static final Reduction BATCH_MEAN = new Reduction("BATCH_MEAN", null);

    private final String name;
    private final @Nullable UnaryOperator<NDArray> function;

    private Reduction(String name, @Nullable UnaryOperator<NDArray> function) {
        this.name = name;
        this.function = function;
    }

    /**
     * Returns a custom reduction.
     *
     * @param name the name to show
     * @param function maps the unreduced values to the result, with differentiable operations
     * @return the reduction
     */
    public static Reduction of(String name, UnaryOperator<NDArray> function) {
        return new Reduction(
                Objects.requireNonNull(name, "name"), Objects.requireNonNull(function, "function"));
    }

    /**
     * Returns the built-in reduction with a name.
     *
     * @param name {@code NONE}, {@code SUM}, {@code MEAN} or {@code BATCH_MEAN}, in upper or lower
     *     case
     * @return the reduction
     * @throws IllegalArgumentException if there is none with that name
     */
    public static Reduction valueOf(String name) {
        for (Reduction reduction : new Reduction[] {NONE, SUM, MEAN, BATCH_MEAN}) {
            if (reduction.name.equalsIgnoreCase(name)) {
                return reduction;
            }
        }
        throw new IllegalArgumentException(
                "reduction must be NONE, SUM, MEAN or BATCH_MEAN, but was " + name);
    }

    @Nullable UnaryOperator<NDArray> function() {
        return function;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return name;
    }
}
