/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * What the last array of the labels means when a loss is built with {@link
 * LossBuilder#optSampleWeighting}: a weight or a mask for each unreduced value.
 *
 * <p>The array has the shape of the unreduced values, or fewer axes, counted from the first: a
 * weight of shape (N) weights the samples of values of shape (N, D). Axes of size 1 are repeated.
 */
public enum SampleWeighting {
    /** The labels carry no weights. */
    NONE,
    /** Weights, where MEAN divides by their sum: Σ wℓ / Σ w, as {@code F.mse_loss(weight=…)}. */
    MEAN_BY_WEIGHT,
    /** Weights, where MEAN divides as without them: Σ wℓ / n, as {@code BCELoss(weight=…)}. */
    MEAN_BY_COUNT,
    /**
     * A mask: values where it is false or 0 vanish from sum, mean and gradient, even if they are
     * NaN.
     */
    MASK
}
