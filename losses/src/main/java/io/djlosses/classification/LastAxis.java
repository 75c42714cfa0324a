/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/** Weights that belong to the last axis of an array. */
final class LastAxis {

    private LastAxis() {}

    /** Checks that there is one weight, or one for each position of the last axis. */
    static void check(String loss, String option, double @Nullable [] weight, NDArray array) {
        if (weight == null || weight.length == 1) {
            return;
        }
        Shape shape = array.getShape();
        if (shape.isScalar() || shape.get(shape.dimension() - 1) != weight.length) {
            throw Checks.failure(
                    loss,
                    option,
                    "have one number, or one for each position of the last axis of predictions[0]"
                            + " of shape "
                            + shape,
                    weight.length + " numbers");
        }
    }

    /** Returns the weights as an array that broadcasts over the last axis. */
    static NDArray row(double[] weight, NDArray like) {
        Shape shape = like.getShape().isScalar() ? new Shape() : new Shape(weight.length);
        return Nd.create(like.getManager(), weight, shape, like.getDataType());
    }
}
