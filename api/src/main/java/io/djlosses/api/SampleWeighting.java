/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * The meaning of the last array of the labels when a loss is built with {@link
 * LossBuilder#optSampleWeighting}: a weight or a mask for each unreduced value.
 *
 * <p>The array has the shape of the unreduced values, or only its leading axes: for values of shape
 * (N, D), a weight of shape (N) weights the samples. Axes of size 1 are broadcast. Weights may be
 * negative, which strict validation rejects; the mean over weights that sum to 0 is that of {@link
 * EmptyPolicy}.
 */
public enum SampleWeighting {
    /** The labels carry no weights. */
    NONE,
    /** Weights; MEAN divides by their sum: Σ wℓ / Σ w, as {@code F.mse_loss(weight=…)}. */
    MEAN_BY_WEIGHT,
    /** Weights; MEAN divides as it does without weights: Σ wℓ / n, as {@code BCELoss(weight=…)}. */
    MEAN_BY_COUNT,
    /**
     * A mask: values where it is false or 0 are left out of sum, mean and gradient. What only they
     * need may be anything, in labels and predictions: NaN, infinite, or an index out of range. No
     * check looks at it, it changes no bit of the result, and its gradient is 0. Where values
     * depend on the whole batch, hidden samples are no part of it.
     */
    MASK
}
