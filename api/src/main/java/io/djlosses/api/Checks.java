/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Argument checks for losses. Every message names the loss, the argument, the requirement and the
 * value given.
 *
 * <p>NaN fails every check of a number.
 */
public final class Checks {

    private Checks() {}

    /**
     * Checks an argument.
     *
     * @param condition the condition that must hold
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param requirement the requirement, phrased to follow "must"
     * @param given the value given
     * @throws IllegalArgumentException if the condition does not hold
     */
    public static void require(
            boolean condition, String loss, String argument, String requirement, Object given) {
        if (!condition) {
            throw failure(loss, argument, requirement, given);
        }
    }

    /**
     * Returns the exception that {@link #require} throws, for checks in every evaluation, where
     * putting the message together costs time even if the check passes.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument or option
     * @param requirement the requirement, phrased to follow "must", such as "be positive"
     * @param given the value given
     * @return the exception
     */
    public static IllegalArgumentException failure(
            String loss, String argument, String requirement, Object given) {
        return new IllegalArgumentException(
                loss + ": " + argument + " must " + requirement + ", but was " + given);
    }

    /**
     * Requires that a list and all of its arrays are there.
     *
     * @param loss the name of the loss
     * @param argument the name of the list
     * @param list the list
     */
    public static void arrays(String loss, String argument, @Nullable NDList list) {
        if (list == null) {
            throw failure(loss, argument, "be a list of arrays", "null");
        }
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) == null) {
                throw failure(loss, argument + "[" + i + "]", "be an array", "null");
            }
        }
    }

    /**
     * Checks the number of arrays in a list.
     *
     * @param loss the name of the loss
     * @param argument {@code labels} or {@code predictions}
     * @param list the list
     * @param contents what the list should hold, one word per array
     */
    public static void count(String loss, String argument, NDList list, String... contents) {
        if (list.size() != contents.length) {
            String arrays = contents.length == 1 ? " array [" : " arrays [";
            throw new IllegalArgumentException(
                    loss
                            + ": "
                            + argument
                            + " must hold "
                            + contents.length
                            + arrays
                            + String.join(", ", contents)
                            + "], but held "
                            + list.size()
                            + ("labels".equals(argument) || "predictions".equals(argument)
                                    ? " (the order is evaluate(labels, predictions))"
                                    : ""));
        }
    }

    /**
     * Checks that two shapes are equal.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param given its shape
     * @param required the required shape
     * @param why the reason for the requirement, such as {@code "match predictions[0]"}
     */
    public static void shape(
            String loss, String argument, Shape given, Shape required, String why) {
        if (!given.equals(required)) {
            throw new IllegalArgumentException(
                    loss
                            + ": "
                            + argument
                            + " must have shape "
                            + required
                            + " to "
                            + why
                            + ", but had shape "
                            + given);
        }
    }

    /**
     * Checks that a label has the shape of the prediction, ignoring axes of size 1.
     *
     * @param loss the name of the loss
     * @param label {@code labels[0]}
     * @param prediction {@code predictions[0]}
     */
    public static void sameElements(String loss, NDArray label, NDArray prediction) {
        Shape given = label.getShape();
        Shape required = prediction.getShape();
        if (!sameElements(given, required)) {
            shape(loss, "labels[0]", given, required, "match predictions[0]");
        }
    }

    /**
     * Returns whether two shapes are equal, ignoring axes of size 1.
     *
     * @param given a shape
     * @param required a shape
     * @return whether an array of one can be reshaped to the other, and nothing is exchanged
     */
    public static boolean sameElements(Shape given, Shape required) {
        return given.equals(required) || Arrays.equals(withoutUnits(given), withoutUnits(required));
    }

    private static long[] withoutUnits(Shape shape) {
        return Arrays.stream(shape.getShape()).filter(size -> size != 1).toArray();
    }

    /**
     * Checks that shapes have the same rank and can be broadcast.
     *
     * @param loss the name of the loss
     * @param arguments the names of the arguments
     * @param shapes their shapes
     * @return the shape to which they are broadcast
     */
    public static Shape broadcast(String loss, String arguments, Shape... shapes) {
        boolean isOneRank = true;
        boolean isOneShape = true;
        for (Shape shape : shapes) {
            isOneRank &= shape.dimension() == shapes[0].dimension();
            isOneShape &= shape.equals(shapes[0]);
        }
        if (isOneShape) {
            return shapes[0];
        }
        try {
            if (isOneRank) {
                return Nd.broadcastShape(shapes);
            }
        } catch (IllegalArgumentException e) {
            // They do not broadcast.
        }
        throw failure(
                loss, arguments, "have shapes of one rank that broadcast", Arrays.toString(shapes));
    }

    /**
     * Checks the rank of an array.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     * @param min the smallest rank
     * @param max the largest rank
     * @param form the required shape, such as {@code "(N, C) or (C)"}
     */
    public static void rank(
            String loss, String argument, NDArray array, int min, int max, String form) {
        int rank = array.getShape().dimension();
        if (rank < min || rank > max) {
            throw new IllegalArgumentException(
                    loss
                            + ": "
                            + argument
                            + " must have shape "
                            + form
                            + ", but had shape "
                            + array.getShape());
        }
    }

    /**
     * Checks that an array has a type that can hold indices: an integer or floating-point type, or
     * BOOLEAN, in which true is class 1.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void index(String loss, String argument, NDArray array) {
        DataType type = array.getDataType();
        require(
                type.isInteger() || type.isFloating() || type.isBoolean(),
                loss,
                argument,
                "hold class indices (INT64, INT32, UINT8, BOOLEAN or whole floating-point numbers)",
                type);
    }

    /**
     * Returns an element of an index array for a message, as it was given.
     *
     * @param array the array
     * @param i the number of the element
     * @param index the element as {@link Nd#toLongs} has read it
     * @return its text
     */
    public static String index(NDArray array, int i, long index) {
        if (index != Long.MIN_VALUE || !array.getDataType().isFloating()) {
            return Long.toString(index);
        }
        double given = Nd.toDoubles(array)[i];
        return Double.isNaN(given) ? "not a number of a class" : given + " (no whole number)";
    }

    /**
     * Checks that all values lie in [0, 1]; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void unitInterval(String loss, String argument, NDArray array) {
        for (double value : Nd.toDoubles(array)) {
            require(
                    value >= 0 && value <= 1,
                    loss,
                    argument,
                    "hold values in [0, 1] (strict validation)",
                    value);
        }
    }

    /**
     * Checks that all values are −1 or 1; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void signs(String loss, String argument, NDArray array) {
        for (double value : Nd.toDoubles(array)) {
            require(
                    Math.abs(value) == 1,
                    loss,
                    argument,
                    "hold -1 or 1 (strict validation)",
                    value);
        }
    }

    /**
     * Checks that no value is negative; waits for the device.
     *
     * @param loss the name of the loss
     * @param argument the name of the argument
     * @param array the array
     */
    public static void notNegative(String loss, String argument, NDArray array) {
        for (double value : Nd.toDoubles(array)) {
            require(
                    value >= 0,
                    loss,
                    argument,
                    "hold values of at least 0 (strict validation)",
                    value);
        }
    }

    /**
     * Checks that an option is finite and greater than 0.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double positive(String loss, String option, double value) {
        require(
                value > 0 && value < Double.POSITIVE_INFINITY,
                loss,
                option,
                "be finite and greater than 0",
                value);
        return value;
    }

    /**
     * Checks that an option is finite and non-negative.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double notNegative(String loss, String option, double value) {
        require(
                value >= 0 && value < Double.POSITIVE_INFINITY,
                loss,
                option,
                "be finite and at least 0",
                value);
        return value;
    }

    /**
     * Checks that an option is finite.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    public static double finite(String loss, String option, double value) {
        require(Double.isFinite(value), loss, option, "be finite", value);
        return value;
    }

    /**
     * Checks that an option lies in a closed interval.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param value its value
     * @param min the smallest value
     * @param max the largest value
     * @return the value
     */
    public static double range(String loss, String option, double value, double min, double max) {
        require(
                value >= min && value <= max,
                loss,
                option,
                "be in [" + plain(min) + ", " + plain(max) + "]",
                value);
        return value;
    }

    /**
     * Checks a list of weights and copies it.
     *
     * @param loss the name of the loss
     * @param option the name of the option
     * @param values the weights
     * @return a copy
     */
    public static double[] weights(String loss, String option, double[] values) {
        require(values.length > 0, loss, option, "hold at least one number", "empty");
        for (int i = 0; i < values.length; i++) {
            notNegative(loss, option + "[" + i + "]", values[i]);
        }
        return values.clone();
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}
