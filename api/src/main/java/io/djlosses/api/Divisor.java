/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * The divisor of a mean: a number known to Java, or a 0-d array known only to the device.
 *
 * <p>A known number costs no operation and no wait for the device.
 */
public final class Divisor {

    private final double number;
    private final @Nullable NDArray array;

    private Divisor(double number, @Nullable NDArray array) {
        this.number = number;
        this.array = array;
    }

    /**
     * Returns a divisor whose value is known.
     *
     * @param number the number of values, or the sum of their weights
     * @return the divisor
     */
    public static Divisor of(double number) {
        return new Divisor(number, null);
    }

    /**
     * Returns a divisor that has been computed on the device.
     *
     * @param array a 0-d array
     * @return the divisor
     */
    public static Divisor of(NDArray array) {
        return new Divisor(Double.NaN, array.stopGradient());
    }

    /** Returns a divisor that is an array which has no graph, and which is closed with it. */
    static Divisor owning(NDArray constant) {
        return new Divisor(Double.NaN, constant);
    }

    /** Returns the sum of two divisors, whose array, if it needs one, belongs to the result. */
    Divisor plus(Divisor other, NDArray like) {
        return isKnown() && other.isKnown()
                ? of(number + other.number)
                : owning(toArray(like).add(other.toArray(like)));
    }

    /** Returns this on the device of a part that it is merged with. */
    Divisor onDevice(Device device) {
        return array == null ? this : owning(array.toDevice(device, true));
    }

    /** Closes the array, if there is one. */
    void close() {
        if (array != null) {
            array.close();
        }
    }

    boolean isKnown() {
        return array == null;
    }

    double toDouble() {
        return array == null ? number : Nd.toDoubles(array)[0];
    }

    /**
     * Returns the factor that the division puts on a gradient; the gradient of a mean of nothing is
     * zero.
     */
    double factor() {
        return toDouble() == 0 ? 0 : 1 / toDouble();
    }

    NDArray toArray(NDArray like) {
        if (array != null) {
            return array.getDataType() == like.getDataType()
                    ? array
                    : array.toType(like.getDataType(), false);
        }
        // Not full(), which takes a float.
        double[] values = {number};
        return Nd.create(like.getManager(), values, like.getShape(), like.getDataType());
    }

    /** Divides a sum of terms; a mean of nothing is 0, and so is its gradient. */
    NDArray quotient(NDArray sum) {
        if (array == null) {
            // Weights that cancel leave a sum that need not be 0.
            return number == 0 ? Nd.mul(sum, 0) : number == 1 ? sum : Nd.div(sum, number);
        }
        // Divided by infinity instead of 0, value and gradient are 0.
        NDArray divisor = toArray(sum);
        return sum.div(Nd.where(divisor.neq(0), divisor, Double.POSITIVE_INFINITY));
    }

    /**
     * Turns a quotient into the value of a loss. If the divisor is 0, the policy decides, after the
     * transform: the gradient of a function of NaN is NaN.
     */
    NDArray value(NDArray quotient, AbstractLoss loss) {
        EmptyPolicy policy = loss.options().emptyPolicy();
        if (policy == EmptyPolicy.ERROR && toDouble() == 0) {
            throw new IllegalArgumentException(
                    loss.getName()
                            + ": there is nothing to average (an empty batch, or every target is"
                            + " ignored or masked); pass at least one target, or build the loss"
                            + " with optEmptyPolicy(EmptyPolicy.ZERO)");
        }
        NDArray value = loss.transform().of(quotient);
        if (policy != EmptyPolicy.NAN || (isKnown() && number != 0)) {
            return value;
        }
        NDArray zero = value.stopGradient().zerosLike();
        NDArray nan = zero.add(Nd.num(zero, Double.NaN));
        return value.add(array == null ? nan : Nd.where(toArray(value).eq(0), nan, zero));
    }
}
