/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import io.djlosses.classification.BCEWithLogitsLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;

/**
 * Makes every loss of the library with its defaults. All options are on the builder of each loss:
 * {@code HuberLoss.builder().optDelta(2).build()}.
 */
public final class Losses {

    private Losses() {}

    // ------------------------------------------------------------------ regression

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @return the loss
     */
    public static L1Loss l1Loss() {
        return L1Loss.builder().build();
    }

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @param name the display name
     * @return the loss
     */
    public static L1Loss l1Loss(String name) {
        return L1Loss.builder().optName(name).build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @return the loss
     */
    public static MSELoss mseLoss() {
        return MSELoss.builder().build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @param name the display name
     * @return the loss
     */
    public static MSELoss mseLoss(String name) {
        return MSELoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ classification

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss() {
        return BCEWithLogitsLoss.builder().build();
    }

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @param name the display name
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss(String name) {
        return BCEWithLogitsLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss() {
        return CrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss(String name) {
        return CrossEntropyLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ distribution

    // ------------------------------------------------------------------ embedding

    // ------------------------------------------------------------------ ranking

    // ------------------------------------------------------------------ sequence

    // ------------------------------------------------------------------ vocabulary

    // ------------------------------------------------------------------ composite

    // ------------------------------------------------------------------ regularization
}
