/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Weights that belong to the last axis of an array. */
public final class LastAxis {

    private LastAxis() {}

    /** Checks that there is a single weight, or one for each position of the last axis. */
    public static void check(
            String loss, String option, double @Nullable [] weight, NDArray array) {
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
    public static NDArray row(double[] weight, NDArray like) {
        Shape shape = like.getShape().isScalar() ? new Shape() : new Shape(weight.length);
        return Nd.create(like.getManager(), weight, shape, like.getDataType());
    }

    /**
     * Returns the arrays of a script: prediction, label, and the weights that are set; null if
     * there is no last axis for the weights.
     */
    public static @Nullable List<NDArray> arrays(
            NDArray label,
            NDArray prediction,
            double @Nullable [] weight,
            double @Nullable [] posWeight) {
        if (prediction.getShape().isScalar() && (weight != null || posWeight != null)) {
            return null;
        }
        List<NDArray> arrays = new ArrayList<>(List.of(prediction, label));
        if (weight != null) {
            arrays.add(Script.constant(weight, prediction));
        }
        if (posWeight != null) {
            arrays.add(Script.constant(posWeight, prediction));
        }
        return arrays;
    }
}
