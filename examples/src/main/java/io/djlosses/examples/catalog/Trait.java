/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

/**
 * What a loss, or all losses of a {@link Kind}, have that most have not. Tests that cannot hold for
 * such a loss leave it out; whoever declares a trait gives the reason.
 */
public enum Trait {
    /** There are no golden rows; the reason names what proves the loss instead. */
    NO_ROWS,

    /** The value is not a sum over samples over a sum over samples. */
    WHOLE_BATCH,

    /** The samples of a batch cannot be told apart, so that they cannot be taken by themselves. */
    NO_BATCH,

    /** Inputs cannot be repeated along their first axis. */
    NOT_REPEATABLE,

    /** Large numbers are no predictions of the loss. */
    BOUNDED,

    /** Labels are floating-point numbers that a gradient cannot move. */
    DISCRETE_LABELS,

    /** There are no labels. */
    NO_LABELS,

    /** The first label holds class indices, always or with some options. */
    INDEX_LABELS,

    /** The mean is not that of the unreduced values. */
    MEAN_SCALES_VALUES,

    /** There is no reduction but the mean. */
    MEAN_ONLY,

    /** Some predictions are parameters, which change from batch to batch. */
    PARAMETERS,

    /** No curve is drawn, although one prediction at a time could be. */
    NO_CURVE,

    /** No lesson is learned by the loss alone. */
    NO_LESSON
}
