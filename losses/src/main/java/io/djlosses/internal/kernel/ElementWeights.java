/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Weights of the elements of an array, of a shape that broadcasts to it. */
public final class ElementWeights {

    private final double[] values;
    private final Shape shape;

    private ElementWeights(double[] values, Shape shape) {
        this.values = values;
        this.shape = shape;
    }

    /** Returns one weight for all elements, or one for each position of the last axis. */
    public static ElementWeights of(double... values) {
        return new ElementWeights(values, new Shape(values.length));
    }

    /** Returns weights of a shape, row by row. */
    public static ElementWeights of(String loss, String option, double[] values, Shape shape) {
        Checks.require(
                shape.size() == values.length,
                loss,
                option,
                "have as many numbers as its shape " + shape,
                values.length);
        return values.length == 1 ? of(values) : new ElementWeights(values, shape);
    }

    /** Checks that weights, if there are any, broadcast to an array. */
    public static void check(
            String loss, String option, @Nullable ElementWeights weights, NDArray array) {
        if (weights == null || weights.values.length == 1) {
            return;
        }
        Shape given = weights.shape;
        Shape target = array.getShape();
        int more = target.dimension() - given.dimension();
        boolean fits = more >= 0;
        for (int i = 0; fits && i < given.dimension(); i++) {
            fits = given.get(i) == 1 || given.get(i) == target.get(more + i);
        }
        if (!fits) {
            boolean isVector = given.dimension() == 1;
            throw Checks.failure(
                    loss,
                    option,
                    (isVector
                                    ? "have one number, or one for each position of the last axis"
                                            + " of predictions[0] of shape "
                                    : "have a shape that broadcasts to predictions[0] of shape ")
                            + target,
                    isVector ? weights.values.length + " numbers" : given);
        }
    }

    /** Returns the weights as an array that broadcasts to another one. */
    public NDArray array(NDArray like) {
        Shape some = like.getShape().isScalar() ? new Shape() : shape;
        return Nd.create(like.getManager(), values, some, like.getDataType());
    }

    /** Multiplies with weights, if there are any. */
    public static NDArray weighted(NDArray array, @Nullable ElementWeights weights) {
        return weights == null ? array : array.mul(weights.array(array));
    }

    /** Multiplies in place with weights, if there are any. */
    public static NDArray scaled(NDArray array, @Nullable ElementWeights weights) {
        return weights == null ? array : array.muli(weights.array(array));
    }

    /**
     * Returns the arrays of a script: prediction, label, and the weights that are set; null if a
     * block of rows could not take the weights as a whole.
     */
    public static @Nullable List<NDArray> arrays(
            NDArray label, NDArray prediction, @Nullable ElementWeights... weights) {
        Shape shape = prediction.getShape();
        List<NDArray> arrays = new ArrayList<>(List.of(prediction, label));
        for (ElementWeights some : weights) {
            if (some == null) {
                continue;
            }
            boolean hasRows =
                    some.shape.dimension() > 1
                            && some.shape.dimension() == shape.dimension()
                            && some.shape.get(0) > 1;
            if (shape.isScalar() || hasRows) {
                return null;
            }
            arrays.add(Script.constant(some.values, some.shape, prediction));
        }
        return arrays;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        String numbers = Arrays.toString(values);
        return shape.dimension() == 1 ? numbers : numbers + " of shape " + shape;
    }
}
