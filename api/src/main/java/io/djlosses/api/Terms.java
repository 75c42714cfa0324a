/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The unreduced reading of a loss: its values, and what each of them counts in a mean.
 *
 * <pre>{@code
 * NONE = values        SUM = Σ values        MEAN = Σ values / Σ shares
 * }</pre>
 *
 * <p>Most losses are {@code Terms.of(values)}, where every value counts 1. A class-weighted loss
 * adds {@link #withShares}.
 */
public final class Terms {

    private final NDArray values;
    private final @Nullable NDArray shares;
    private final @Nullable Divisor divisor;

    private Terms(NDArray values, @Nullable NDArray shares, @Nullable Divisor divisor) {
        this.values = values;
        this.shares = shares;
        this.divisor = divisor;
    }

    /**
     * Returns values of which each counts 1 in a mean.
     *
     * @param values the unreduced values
     * @return the terms
     */
    public static Terms of(NDArray values) {
        return new Terms(values, null, null);
    }

    /**
     * Sets what each value counts in a mean.
     *
     * @param shares non-negative shares, of the shape of the values; constants
     * @return new terms
     */
    public Terms withShares(NDArray shares) {
        return new Terms(values, shares, null);
    }

    /**
     * Sets what each value counts in a mean, where the sum of the shares is at hand, which saves
     * computing it.
     *
     * @param shares non-negative shares, of the shape of the values; constants
     * @param sum their sum
     * @return new terms
     */
    public Terms withShares(NDArray shares, Divisor sum) {
        return new Terms(values, shares, sum);
    }

    /**
     * Returns the unreduced values.
     *
     * @return the values, with their gradient
     */
    public NDArray values() {
        return values;
    }

    /** Returns what each value counts, as an array of the shape of the values. */
    NDArray sharesOrOnes() {
        return shares != null ? shares : values.stopGradient().onesLike();
    }

    /**
     * Replaces the values and keeps what they count.
     *
     * @param newValues values of the same shape
     * @return new terms
     */
    public Terms withValues(NDArray newValues) {
        return new Terms(newValues, shares, divisor);
    }

    /**
     * Gives the values, and what they count, another shape.
     *
     * @param shape a shape of the same size
     * @return new terms
     */
    public Terms reshape(Shape shape) {
        return values.getShape().equals(shape)
                ? this
                : new Terms(
                        values.reshape(shape),
                        shares == null ? null : shares.reshape(shape),
                        divisor);
    }

    /** Tells whether a mean of the terms is the plain mean of some values. */
    boolean isUniform() {
        return shares == null && divisor == null && values.size() > 0;
    }

    Divisor divisor() {
        if (divisor != null) {
            return divisor;
        }
        return shares == null ? Divisor.of(values.size()) : Divisor.of(Nd.sum(shares));
    }
}
