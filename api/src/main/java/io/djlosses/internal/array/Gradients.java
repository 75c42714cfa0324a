/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.array;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.symbolic.Operators;

import org.jspecify.annotations.Nullable;

/** Gives values a gradient that was computed without a graph. */
public final class Gradients {

    private Gradients() {}

    /**
     * Gives a value a gradient of your own: the result has exactly the given value and passes
     * exactly {@code scale · gradientᵢ} times what comes from above to each {@code xᵢ}.
     *
     * <p>One inner product carries the gradient. Its own value, which may be large, infinite or
     * NaN, is then replaced in place, so the result is exact whatever {@code x} holds.
     *
     * @param value the 0-d value, of the data type of {@code x}
     * @param x the arrays to receive a gradient
     * @param gradients for each of them an array of the same shape, or null for none
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
     * Returns zeros that pass {@code gradient} times what comes from above to {@code x}. Added to
     * values that were computed without a graph, they give each of them a gradient of your own.
     *
     * @param x the array to receive a gradient, of any values
     * @param gradient the derivative of each value, of the shape of {@code x}
     * @return zeros of the shape of {@code x}
     */
    public static NDArray zeroWithGradient(NDArray x, NDArray gradient) {
        NDArray product = carrier(x).mul(gradient.stopGradient());
        return overwrite(product, product.stopGradient().zerosLike());
    }

    /**
     * Gives every value of an array a gradient of its own: {@code valueᵢ} passes what comes from
     * above times {@code gradient} to the part of {@code x} that it was computed from.
     *
     * @param values the values, whose shape is that of {@code x} without {@code axes}
     * @param x the array to receive a gradient
     * @param gradient an array of the shape of {@code x}
     * @param axes the axes of {@code x} that values were summed over
     * @return an array that has exactly the given values, whatever {@code x} holds
     */
    public static NDArray withGradient(NDArray values, NDArray x, NDArray gradient, int... axes) {
        NDArray product = carrier(x).mul(gradient.stopGradient()).sum(axes);
        return overwrite(product, values.stopGradient());
    }

    /** Returns an array whose product carries a gradient, until its value is overwritten. */
    private static NDArray carrier(NDArray x) {
        return Traced.is(x) ? Operators.signPassingGradient(x) : x;
    }

    /** Replaces the values of a {@link #carrier}'s product and keeps its gradient. */
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
