/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.array;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.symbolic.Operators;

import org.jspecify.annotations.Nullable;

/** Attaches gradients that were computed without a graph to values. */
public final class Gradients {

    private Gradients() {}

    /**
     * Attaches a gradient to a value: the result has exactly the given value, and its backward pass
     * gives each {@code xᵢ} exactly {@code scale · gradientᵢ} times the incoming gradient.
     *
     * <p>One inner product carries the gradient. Its own value, which may be large, infinite or
     * NaN, is then replaced in place, so the result is exact for every {@code x}.
     *
     * @param value the 0-d value, with the data type of {@code x}
     * @param x the arrays to receive a gradient
     * @param gradients for each of these an array of the same shape, or null for no gradient
     * @param scale a factor on all gradients
     * @return a 0-d array
     */
    public static NDArray withGradient(
            NDArray value, NDList x, @Nullable NDArray[] gradients, double scale) {
        NDArray carrier = null;
        for (int i = 0; i < gradients.length; i++) {
            NDArray gradient = gradients[i];
            if (gradient != null) {
                NDArray product = inner(carrier(x.get(i)), gradient.stopGradient());
                carrier = carrier == null ? product : carrier.add(product);
            }
        }
        if (carrier == null) {
            return value;
        }
        if (scale != 1) {
            carrier = NdBase.mul(carrier, scale);
        }
        return overwrite(carrier, value.stopGradient());
    }

    /**
     * Returns zeros whose backward pass gives {@code x} the product of {@code gradient} and the
     * incoming gradient. Added to values that were computed without a graph, they attach a gradient
     * to each of them.
     *
     * @param x the array to receive a gradient; it may hold any values
     * @param gradient the derivative of each value, with the shape of {@code x}
     * @return zeros with the shape of {@code x}
     */
    public static NDArray zeroWithGradient(NDArray x, NDArray gradient) {
        NDArray product = carrier(x).mul(gradient.stopGradient());
        return overwrite(product, product.stopGradient().zerosLike());
    }

    /**
     * Attaches a gradient to every value of an array: the backward pass of {@code valueᵢ} gives the
     * part of {@code x} that it was computed from the product of {@code gradient} and the incoming
     * gradient.
     *
     * @param values the values, with the shape of {@code x} without {@code axes}
     * @param x the array to receive a gradient
     * @param gradient an array with the shape of {@code x}
     * @param axes the axes of {@code x} over which the values were summed
     * @return an array with exactly the given values, for every {@code x}
     */
    public static NDArray withGradient(NDArray values, NDArray x, NDArray gradient, int... axes) {
        NDArray product = carrier(x).mul(gradient.stopGradient()).sum(axes);
        return overwrite(product, values.stopGradient());
    }

    /**
     * Returns an array whose product carries a gradient; the value of the product is to be
     * overwritten.
     */
    private static NDArray carrier(NDArray x) {
        return Traced.is(x) ? Operators.signPassingGradient(x) : x;
    }

    /** Overwrites the values of the product of a {@link #carrier} and keeps its gradient. */
    static NDArray overwrite(NDArray array, NDArray values) {
        if (Traced.is(array)) {
            NDArray finite = Operators.signPassingGradient(array); // ∞ − ∞ would be NaN
            return finite.sub(finite.stopGradient()).add(values);
        }
        // x⁰ = 1 for every x, NaN and infinities included: the only way to overwrite memory that
        // works on every engine without waiting for the device.
        array.stopGradient().powi(NdBase.num(array, 0)).muli(values);
        return array;
    }

    /** Returns the sum of the products of two arrays of equal shape. */
    private static NDArray inner(NDArray x, NDArray y) {
        return Operators.serve(x) ? Operators.inner(x, y) : Sums.flat(x).dot(Sums.flat(y));
    }
}
