/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The terms of a loss: its unreduced values, and the share of each of them in the divisor of a
 * mean.
 *
 * <pre>{@code
 * NONE = values        SUM = Σ values        MEAN = Σ values / Σ shares
 * }</pre>
 *
 * <p>Most losses are {@code Terms.of(values)}, in which every share is 1. A class-weighted loss
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
     * Returns terms in which every share is 1.
     *
     * @param values the unreduced values
     * @return the terms
     */
    public static Terms of(NDArray values) {
        return new Terms(values, null, null);
    }

    /**
     * Returns these terms with other shares.
     *
     * @param shares the shares: constants with the shape of the values
     * @return new terms
     */
    public Terms withShares(NDArray shares) {
        return new Terms(values, shares, null);
    }

    /**
     * Returns these terms with other shares whose sum is already known.
     *
     * @param shares the shares: constants with the shape of the values
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

    /** Returns the shares as an array with the shape of the values. */
    NDArray sharesOrOnes() {
        return shares != null ? shares : values.stopGradient().onesLike();
    }

    /**
     * Returns terms with other values and the same shares.
     *
     * @param newValues values of the same shape
     * @return new terms
     */
    public Terms withValues(NDArray newValues) {
        return new Terms(newValues, shares, divisor);
    }

    /**
     * Returns these terms with values and shares in another shape.
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

    /** Returns whether a mean of the terms is the plain mean of some values. */
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
